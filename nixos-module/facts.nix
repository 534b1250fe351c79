# What the configuration means on this host: which paths are erased, which are kept, which units mount
# what. Values in, values out.
{
  config,
  lib,
  utils,
}:
let
  paths = import ./paths.nix { inherit lib; };
  inherit (paths) isAtOrAbove normal;
  inherit (config.blankslate) settings;
in
rec {
  inherit paths;

  # As they stand in the file; what a hand-written one leaves out is an error when it is built.
  roots = map (root: {
    mount = normal (root.mount or "/");
    dataset = root.dataset or "";
    isEmergency = root.on-failure or "continue" == "emergency";
    refusesNewer = root.newer-snapshots or "destroy" == "refuse";
  }) (settings.root or [ ]);

  stores = map (store: {
    path = normal (store.path or "/");
    fs = store.fs or null;
    device = store.device or null;
    entries = map (entry: entry // { target = normal (entry.target or "/"); }) (store.entry or [ ]);
  }) (settings.store or [ ]);

  entries = lib.concatMap (
    store: map (entry: entry // { store = store.path; }) store.entries
  ) stores;

  covering = paths.covering config.fileSystems;
  at = paths.at config.fileSystems;

  isRoot = mountPoint: lib.any (root: root.mount == normal mountPoint) roots;

  # What lies there is gone after the next boot, if no entry keeps it. A tmpfs needs no rollback.
  isErased =
    path:
    let
      fs = covering path;
    in
    fs != null && (isRoot fs.mountPoint || fs.fsType == "tmpfs");

  # The entries that keep a path: at it, or above it.
  keepers = path: lib.filter (entry: isAtOrAbove entry.target (normal path)) entries;
  isKept = path: !isErased path || keepers path != [ ];

  # Whether the initrd may have to mount a store before a root, for what lies only there.
  adopts =
    store: lib.any (entry: lib.any (root: isAtOrAbove root.mount entry.target) roots) store.entries;

  # A key that is read from the root: its device cannot be awaited before the root is mounted.
  needsRoot =
    store:
    let
      name = lib.removePrefix "/dev/mapper/" (toString store.device);
    in
    lib.hasPrefix "/sysroot/" (
      toString (config.boot.initrd.luks.devices.${name}.keyFile or null)
    );

  # The units without which the device of a store is not ready: udev's, to which the one that unlocks it
  # belongs, and those that make or check what is on it. The latter take the device for themselves. They
  # go by the name that fileSystems has.
  deviceUnits =
    store:
    let
      fs = covering store.path;
      escaped = type: device: map utils.escapeSystemdPath (paths.nodes type (toString device));
      own = escaped store.fs store.device;
      all = lib.unique (own ++ escaped (fs.fsType or "") (fs.device or ""));
    in
    lib.optionalAttrs (store.fs != "zfs" && !needsRoot store) {
      wants = map (name: "${name}.device") own;
      after = lib.concatMap (name: [
        "systemd-makefs@${name}.service"
        "systemd-fsck@${name}.service"
      ]) all;
    };

  # What the units of this host are called. Pools are not escaped in theirs.
  importUnit = dataset: "zfs-import-${paths.poolOf dataset}.service";
  mountUnit = mount: "${utils.escapeSystemdPath "/sysroot${mount}"}.mount";
}
