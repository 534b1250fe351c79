# Generated texts that the tests hand to real programs: configurations to `blankslate check`, units to
# `systemd-analyze verify`.
{ host }:
let
  inherit (host) lib with';

  # What NixOS makes of one service of the module: a drop-in for the unit of the package, and links.
  shown = value: if lib.isBool value then lib.boolToString value else toString value;
  section =
    name: set:
    lib.optionalString (set != { }) (
      "[${name}]\n"
      + lib.concatStrings (
        lib.mapAttrsToList (
          key: value: lib.concatMapStrings (one: "${key}=${shown one}\n") (lib.toList value)
        ) set
      )
    );
  files = lib.concatMapAttrs (
    name: service:
    let
      unit = "${name}.service";
      ordered = lib.filterAttrs (_: value: value != "") {
        After = toString service.after;
        Before = toString service.before;
        Wants = toString service.wants;
      };
      links = kind: lib.map (other: "${other}.${kind}/${unit}");
    in
    {
      "${unit}.d/overrides.conf" =
        section "Unit" (ordered // service.unitConfig) + section "Service" service.serviceConfig;
    }
    // lib.genAttrs (links "wants" service.wantedBy ++ links "requires" service.requiredBy) (_: "")
  );

  # The initrd mounts what is needed for boot.
  fstab =
    config:
    let
      escaped = lib.replaceStrings [ " " ] [ "\\040" ];
    in
    lib.concatMapStrings (
      fs: "${escaped fs.device} ${escaped fs.mountPoint} ${fs.fsType} x-initrd.mount 0 2\n"
    ) (lib.filter host.utils.fsNeededForBoot (lib.attrValues config.fileSystems));

  unitsOf = config: {
    initrd = files config.boot.initrd.systemd.services;
    host = files config.systemd.services;
    fstab = fstab config;
  };

  table = import (host.module + "/presets.nix") {
    inherit lib;
    file = host.module + "/../src/presets.toml";
  };
  usable = inHome: lib.filter (name: table.problem inHome name == null) table.names;

  everyPreset = with' {
    blankslate.stores = host.mkForce {
      "/persist" = {
        presets = usable false;
        users.alice.presets = usable true;
      };
    };
  };

  rewritten = with' {
    blankslate.stores."/persist".users.alice = host.mkForce {
      files = map (lib.removePrefix "/") (lib.filter (lib.hasPrefix "/.") rewriters);
    };
    blankslate.stores."/persist".files = host.mkForce (
      map (name: if name == "/tailscaled.state" then "/var/lib/tailscale${name}" else name) (
        lib.filter (name: !lib.hasPrefix "/." name) rewriters
      )
    );
  };
  known = import (host.module + "/rewriters.nix");
  rewriters = known.accounts ++ known.others;
in
{
  configurations = lib.mapAttrs (_: host.toml) {
    example = with' { };
    every-option = host.bare [ ./every-option.nix ];
    from-impermanence = host.moved "impermanence";
    from-preservation = host.moved "preservation";
    every-preset = everyPreset;
    every-device = host.bare [ ./every-device.nix ];
    nothing = host.bare [ { blankslate.enable = true; } ];
  };

  reference =
    (import (host.module + "/docs") {
      inherit lib;
      options = host.options.blankslate;
    }).text;

  rewritten = {
    text = host.toml rewritten;
    count = lib.length rewriters;
  };

  units = {
    example = unitsOf (with' { });
    every-option = unitsOf (host.bare [ ./every-option.nix ]);
    every-device = unitsOf (host.bare [ ./every-device.nix ]);
  };
}
