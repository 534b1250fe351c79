# Generated texts that the tests hand to real programs: configurations to `blankslate check`, units to
# `systemd-analyze verify`.
{ host }:
let
  inherit (host) lib with';

  render = import ./render.nix {
    inherit lib;
    inherit (host) pkgs;
  };

  # The initrd mounts what is needed for boot.
  fstab =
    config:
    let
      escaped = lib.replaceStrings [ " " ] [ "\\040" ];
    in
    lib.concatMapStrings (
      fs: "${escaped fs.device} ${escaped fs.mountPoint} ${fs.fsType} x-initrd.mount 0 2\n"
    ) (lib.filter host.utils.fsNeededForBoot (lib.attrValues config.fileSystems));

  # The unit of each pool that the initrd needs, ordered as NixOS orders it: before every mount of the
  # pool, each of which requires it.
  imports =
    config:
    let
      zfs = lib.filter (fs: fs.fsType == "zfs") (lib.attrValues config.fileSystems);
      pools = lib.groupBy (fs: lib.head (lib.splitString "/" fs.device)) zfs;
      needed = lib.filterAttrs (_: lib.any host.utils.fsNeededForBoot) pools;
      mount = fs: "${host.utils.escapeSystemdPath "/sysroot${fs.mountPoint}"}.mount";
    in
    lib.concatMapAttrs (
      pool: all:
      let
        unit = "zfs-import-${pool}.service";
      in
      {
        ${unit} = ''
          [Unit]
          DefaultDependencies=no
          After=systemd-modules-load.service systemd-ask-password-console.service
          Before=${toString (map mount all)} shutdown.target zfs-import.target
          Conflicts=shutdown.target

          [Service]
          Type=oneshot
          RemainAfterExit=true
          ExecStart=/bin/true
        '';
      }
      // lib.genAttrs (map (fs: "${mount fs}.requires/${unit}") all) (_: "")
    ) needed;

  unitsOf = config: {
    imports = imports config;
    initrd = render.initrd config.boot.initrd.systemd.services;
    host = render.host config.systemd.services;
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
