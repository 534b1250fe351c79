# Stores and what they keep: checks that need to see all of them, or the file systems below them.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.blankslate;
  facts = import ./facts.nix { inherit config lib utils; };
  inherit (facts) entries isErased paths;
  inherit (import ./assertion.nix { inherit config lib; }) must should;

  perStore =
    store:
    let
      fs = facts.covering store.path;
      name = ''blankslate.stores."${store.path}"'';
      over = fs.mountPoint or "/";
      # What the initrd can mount by itself.
      isMountable =
        store.fs != null
        && store.device != null
        && !lib.elem store.fs [
          "auto"
          "bind"
          "none"
          "overlay"
        ]
        && !lib.elem "bind" (fs.options or [ ]);
      # Types that need a program or the network, which the initrd has not before the root.
      needsHelp =
        lib.elem store.fs [
          "afs"
          "ceph"
          "cifs"
          "davfs"
          "glusterfs"
          "mergerfs"
          "nfs"
          "nfs4"
          "ntfs-3g"
          "s3fs"
          "smb3"
          "sshfs"
        ]
        || lib.hasPrefix "fuse" (toString store.fs);
      nodes = paths.nodes store.fs (toString store.device);
      isPlain = node: builtins.match "[ -~]+" node != null;
      isLate = needsHelp || facts.needsRoot store;
      late =
        if needsHelp then "a store of type ${store.fs}" else "a store whose key is below /sysroot";
    in
    [
      (must (fs != null && !isErased store.path)
        "${name} lies on ${over}, which is erased at every boot; give it a file system of its own: fileSystems.\"${store.path}\" = { device = \"rpool/safe/persist\"; fsType = \"zfs\"; neededForBoot = true; }"
      )
      (must (fs == null || utils.fsNeededForBoot fs)
        "${name} lies on ${over}, which is mounted after the initrd has put paths in place; set fileSystems.\"${over}\".neededForBoot = true"
      )
      (must (fs == null || isErased store.path || isMountable)
        "${name}: the initrd has to mount it by itself and cannot tell what ${over} is; set ${name}.device, fsType and mountPoint to those of its file system, not of a bind mount or \"auto\""
      )
      (should "late-store" (!isLate || !facts.adopts store)
        "${name}: ${late} cannot be mounted before the root, so that nothing could be adopted into it, and a root with something to adopt would not be erased; keep what lies on a root in another store"
      )
      (must (!facts.adopts store || lib.all isPlain nodes)
        "${name}: no unit can be named after its device ${toString store.device}, which the initrd has to wait for; write /dev/disk/by-uuid/…"
      )
    ];

  byTarget = lib.groupBy (entry: entry.target) entries;
  duplicates = lib.mapAttrsToList (
    target: same:
    let
      stores = lib.unique (map (entry: entry.store) same);
    in
    must (lib.length same == 1) (
      if lib.length stores == 1 then
        "${target} is declared more than once in the store ${lib.head stores}; drop one"
      else
        "${target} is declared in the stores ${lib.concatStringsSep " and " stores}; keep it in one of them"
    )
  ) byTarget;

  # Within one store that is another view of the same data. Across stores it is a hole in the outer
  # entry: what lies there in the outer store is hidden.
  isInside =
    entry: outer:
    outer.store != entry.store
    && outer.target != entry.target
    && paths.isAtOrAbove outer.target entry.target;
  nested = lib.concatMap (
    entry:
    map (
      outer:
      must false "${entry.target} of the store ${entry.store} lies inside ${outer.target} of the store ${outer.store}; keep both in one store, or declare what is beside it instead of ${outer.target}"
    ) (lib.filter (isInside entry) entries)
  ) entries;

  # On an overlay that nobody can write to, only what the configuration copies there can be mounted on,
  # and no link of any kind. An empty machine-id is there in any case.
  overlay = config.system.etc.overlay;
  isInImmutableEtc =
    target:
    let
      name = lib.removePrefix "/etc/" target;
      isCopied = file: file.enable && file.target == name && !lib.hasSuffix "symlink" file.mode;
    in
    lib.hasPrefix "/etc/" target
    && name != "machine-id"
    && !lib.any isCopied (lib.attrValues config.environment.etc);
  immutableEtc = map (
    entry:
    must (!isInImmutableEtc entry.target)
      "${entry.target} cannot be put in place: with system.etc.overlay.mutable = false nothing can be made in /etc; set system.etc.overlay.mutable = true, or drop the entry and let the program use ${paths.below entry.store entry.target}"
  ) (lib.optionals (overlay.enable && !overlay.mutable) entries);
in
{
  config = lib.mkIf cfg.enable {
    assertions = lib.concatMap perStore facts.stores ++ duplicates ++ nested ++ immutableEtc;
  };
}
