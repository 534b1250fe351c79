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

  # What the units of this host are called. Pools are not escaped in theirs.
  importUnit = dataset: "zfs-import-${paths.poolOf dataset}.service";
  mountUnit = mount: "${utils.escapeSystemdPath "/sysroot${mount}"}.mount";
}
