# What cannot work, or has cost hosts their data, found before the system is built. Each message ends in
# the cure.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.blankslate;
  facts = import ./facts.nix { inherit config lib utils; };
  accounts = import ./accounts.nix { inherit config lib; };
  presets = import ./presets.nix {
    inherit lib;
    file = cfg.presetsFile;
  };
  inherit (facts) entries isErased;

  inherit (import ./assertion.nix { inherit config lib; }) must should;

  stage1 = [
    (must (config.boot.initrd.enable && config.boot.initrd.systemd.enable)
      "blankslate works in a systemd initrd only; set boot.initrd.systemd.enable = true, and drop what is for the scripted one, such as boot.initrd.postResumeCommands"
    )
  ];

  perRoot =
    root:
    let
      fs = facts.at root.mount;
      name = ''blankslate.roots."${root.mount}"'';
      there = ''fileSystems."${root.mount}"'';
    in
    [
      (must (fs != null)
        "${name}: nothing is mounted at ${root.mount}; add ${there} = { device = \"${root.dataset}\"; fsType = \"zfs\"; }, or drop the root"
      )
      (must (fs.fsType or "zfs" == "zfs")
        "${name}: ${there} is of type ${fs.fsType or ""}, and only a ZFS dataset can be rolled back; make it one, or drop the root: a tmpfs is blank without it"
      )
      (must (fs == null || fs.fsType != "zfs" || fs.device == root.dataset)
        "${name}.dataset is \"${root.dataset}\", but ${there} mounts \"${toString (fs.device or "")}\"; write the same dataset in both, or drop the line: it is taken from fileSystems"
      )
      (must (fs == null || utils.fsNeededForBoot fs)
        "${name} is mounted after the initrd, which could not roll it back in time; set ${there}.neededForBoot = true"
      )
    ];

  # What a boot cannot do without, besides the root: where the boot loader and the kernels lie.
  loader = config.boot.loader;
  esp = loader.efi.efiSysMountPoint or "/boot";
  extended = loader.systemd-boot.xbootldrMountPoint or null;
  # Of grub there may be several, each at a path of its own.
  copies = map (copy: copy.path) (loader.grub.mirroredBoots or [ ]);
  bootPaths =
    lib.optionals (loader.systemd-boot.enable or false) (
      [ esp ] ++ lib.optional (extended != null) extended
    )
    ++ lib.optional (loader.limine.enable or false || loader.refind.enable or false) esp
    ++ lib.optionals (loader.grub.enable or false) (if copies == [ ] then [ "/boot" ] else copies)
    ++ lib.optional (loader.generic-extlinux-compatible.enable or false) "/boot";
  notErased =
    map
      (
        path:
        must (!isErased path)
          "${path} lies on ${(facts.covering path).mountPoint or "/"}, which is erased at every boot; give it a file system of its own: fileSystems.\"${path}\" = { … }"
      )
      (
        lib.unique (
          [
            "/nix"
            "/nix/store"
          ]
          ++ bootPaths
        )
      );

  hibernation =
    should "hibernation" (facts.roots == [ ] || !config.boot.zfs.unsafeAllowHibernation)
      "boot.zfs.unsafeAllowHibernation is set, and a pool that is imported before a hibernated system is resumed is corrupted; drop it";

  swap = map (
    device:
    should "swap" (!(lib.hasPrefix "/" device && !lib.hasPrefix "/dev/" device && isErased device))
      "swap at ${device} lies on ${(facts.covering device).mountPoint or "/"}, which is erased at every boot; move it to a partition or to a file system that is kept"
  ) (map (swap: toString swap.device) config.swapDevices);

  # Names that cannot be used, with where they stand.
  presetProblems = lib.concatLists (
    lib.mapAttrsToList (
      path: store:
      let
        where = ''blankslate.stores."${path}"'';
        problems =
          place: inHome: names:
          map (problem: "${where}.${place}: ${problem}") (
            lib.filter (problem: problem != null) (map (presets.problem inHome) names)
          );
      in
      problems "presets" false store.presets
      ++ lib.concatLists (
        lib.mapAttrsToList (name: user: problems "users.${name}.presets" true user.presets) store.users
      )
    ) cfg.stores
  );

  # Who may have been meant: of nearly the same letters, or anybody who is no service.
  nearby =
    name:
    let
      near = lib.filter (lib.strings.levenshteinAtMost 2 name) (lib.attrNames config.users.users);
      normal = lib.attrNames (lib.filterAttrs (_: user: user.isNormalUser) config.users.users);
      meant = if near == [ ] then normal else near;
    in
    if meant == [ ] then
      "add it, or"
    else
      "did you mean ${lib.concatMapStringsSep " or " (user: "\"${user}\"") meant}? Or";

  homes = lib.concatLists (
    lib.mapAttrsToList (
      path: store:
      lib.mapAttrsToList (
        name: user:
        let
          where = "blankslate.stores.\"${path}\".users.${name}";
        in
        must (accounts.isHome user.home) (
          if config.users.users ? ${name} then
            "${where} has no home directory; set users.users.${name}.home, or ${where}.home"
          else
            "${where}: there is no users.users.${name}; ${nearby name} set ${where}.home"
        )
      ) store.users
    ) cfg.stores
  );
in
{
  imports = [
    ./checks-paths.nix
    ./checks-snapshots.nix
    ./checks-stores.nix
    ./checks-users.nix
  ];

  config = lib.mkIf cfg.enable {
    assertions =
      stage1
      ++ lib.concatMap perRoot facts.roots
      ++ lib.optionals (facts.roots != [ ] || entries != [ ]) notErased
      ++ [ hibernation ]
      ++ swap
      ++ map (must false) presetProblems
      ++ homes;
  };
}
