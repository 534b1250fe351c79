# What NixOS makes of a service of the module: a drop-in for the unit of the package, because there is one,
# and links for what pulls it in. As it was seen with nixpkgs' own nixos/lib/systemd-lib.nix, but for the
# [Install] section: it repeats what the links say, and nothing there reads it.
{ lib, pkgs }:
let
  shown = value: if lib.isBool value then lib.boolToString value else toString value;
  keys = lib.concatMapAttrsStringSep "" (
    key: value: lib.concatMapStrings (one: "${key}=${shown one}\n") (lib.toList value)
  );

  # Every service is told where these are; one of the host has a short PATH, too.
  everywhere = {
    LOCALE_ARCHIVE = "${pkgs.named "glibc-locales"}/lib/locale/locale-archive";
    TZDIR = "${pkgs.named "tzdata"}/share/zoneinfo";
  };
  tools = map pkgs.named [
    "coreutils"
    "findutils"
    "gnugrep"
    "gnused"
    "systemd"
  ];
  search = folder: map (tool: "${tool}/${folder}") tools;
  onHost = everywhere // {
    PATH = lib.concatStringsSep ":" (search "bin" ++ search "sbin");
  };

  unit =
    name: service:
    lib.filterAttrs (_: value: value != "") {
      After = toString service.after;
      Before = toString service.before;
      Description = service.description;
      Requires = toString service.requires;
      Wants = toString service.wants;
    }
    // service.unitConfig
    // lib.optionalAttrs (service.restartTriggers or [ ] != [ ]) {
      X-Restart-Triggers = toString (pkgs.named "X-Restart-Triggers-${name}");
    };

  onSwitch =
    service:
    if service.reloadIfChanged or false then
      "X-ReloadIfChanged=true\n"
    else
      lib.optionalString (!(service.restartIfChanged or true)) "X-RestartIfChanged=false\n";

  text =
    environment: name: service:
    "[Unit]\n"
    + keys (unit name service)
    + "\n[Service]\n"
    + lib.concatMapAttrsStringSep "" (key: value: "Environment=\"${key}=${value}\"\n") environment
    + onSwitch service
    + keys service.serviceConfig;

  # File → text; of a link it is "".
  files =
    environment:
    lib.concatMapAttrs (
      name: service:
      let
        file = "${name}.service";
        links = kind: map (other: "${other}.${kind}/${file}");
      in
      {
        "${file}.d/overrides.conf" = text environment name service;
      }
      // lib.genAttrs (links "wants" service.wantedBy ++ links "requires" service.requiredBy) (_: "")
    );
in
{
  initrd = files everywhere;
  host = files onHost;
}
