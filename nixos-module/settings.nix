# Options to the content of the configuration file.
#
# Everything that comes later (units, assertions, warnings) reads `settings` and not the options, so
# that what is written there by hand counts as well.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.blankslate;
  paths = import ./paths.nix { inherit lib; };
  accounts = import ./accounts.nix { inherit config lib; };
  presets = import ./presets.nix {
    inherit lib;
    file = cfg.presetsFile;
  };

  given = lib.filterAttrs (_: value: value != null && value != [ ]);

  # The initrd knows nobody by name: a number that the host fixes is one that it can use.
  numbered =
    known: key: who:
    if lib.isString who && known.${who}.${key} or null != null then known.${who}.${key} else who;

  entry =
    target: kind: path:
    given {
      inherit target kind;
      inherit (path) how mode because;
      user = numbered config.users.users "uid" path.user;
      group = numbered config.users.groups "gid" path.group;
    };

  # What is written by hand stands for what a preset says about the same path.
  merged =
    ofPresets: byHand:
    let
      targets = map (entry: entry.target) byHand;
    in
    lib.filter (entry: !lib.elem entry.target targets) ofPresets ++ byHand;

  ofStore =
    store:
    merged
      (map (path: entry path.path path.kind path) (lib.concatMap (presets.entries false) store.presets))
      (
        map (path: entry (paths.normal path.path) "directory" path) store.directories
        ++ map (path: entry (paths.normal path.path) "file" path) store.files
      );

  ofUser =
    name: user:
    let
      within = path: paths.below user.home path.path;
      owned =
        path:
        path
        // {
          user = name;
          group = accounts.groupOf name;
        };
    in
    merged
      (map (path: entry (within path) path.kind (owned path)) (
        lib.concatMap (presets.entries true) user.presets
      ))
      (
        map (path: entry (within path) "directory" path) user.directories
        ++ map (path: entry (within path) "file" path) user.files
      );

  # Without a home there is no path; an assertion says so.
  hasHome = _: user: accounts.isHome user.home;

  storeTable =
    path: store:
    given {
      path = paths.normal path;
      inherit (store) device;
      fs = store.fsType;
      mount =
        if store.mountPoint != null && paths.normal store.mountPoint != paths.normal path then
          paths.normal store.mountPoint
        else
          null;
      options =
        if store.mountOptions == [ ] then null else lib.concatStringsSep "," store.mountOptions;
      entry =
        ofStore store
        ++ lib.concatLists (lib.mapAttrsToList ofUser (lib.filterAttrs hasHome store.users));
    };

  rootTable =
    mount: root:
    given {
      mount = paths.normal mount;
      kind = "zfs";
      inherit (root) dataset snapshot;
      snapshot-guid = root.snapshotGuid;
      newer-snapshots = root.newerSnapshots;
      on-failure = root.onFailure;
    };
in
{
  options.blankslate.configFile = lib.mkOption {
    type = lib.types.package;
    readOnly = true;
    internal = true;
    visible = false;
    description = "The configuration file, as it is generated.";
  };

  config = lib.mkIf cfg.enable {
    blankslate.settings = lib.mkMerge [
      { version = 1; }
      (lib.mkIf (cfg.roots != { }) { root = lib.mapAttrsToList rootTable cfg.roots; })
      (lib.mkIf (cfg.stores != { }) { store = lib.mapAttrsToList storeTable cfg.stores; })
      (lib.mkIf (cfg.report.accept != [ ]) { report.accept = map given cfg.report.accept; })
    ];

    blankslate.configFile = (pkgs.formats.toml { }).generate "blankslate.toml" cfg.settings;

    environment.etc."blankslate/config.toml".source = cfg.configFile;
    boot.initrd.systemd.contents."/etc/blankslate/config.toml".source = cfg.configFile;

    # A fault that is found at boot is a root that is not erased, or a path that is not kept.
    system.checks = lib.optional (pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform) (
      pkgs.runCommand "check-blankslate.toml" { } ''
        ${lib.getExe' cfg.package "blankslate"} check ${cfg.configFile}
        touch "$out"
      ''
    );
  };
}
