# What the initrd waits for before it may have to mount a store, for each kind of device.
{ host }:
let
  inherit (host) failed lib mkForce with';

  # The example with a store of one more kind.
  store =
    device: fsType: more:
    with' {
      imports = [ more ];
      fileSystems."/keep" = { inherit device fsType; };
      blankslate.stores."/keep".directories = [ "/var/lib/kept" ];
    };
  pool = "zfs-import-rpool.service";
  units =
    config:
    let
      service = config.boot.initrd.systemd.services.blankslate-rollback;
      extra = lib.filter (unit: unit != pool);
    in
    {
      wants = extra service.wants;
      after = extra service.after;
      wrong = failed config;
    };

  waitsFor = device: fsType: names: {
    actual = units (store device fsType { });
    expected = {
      wants = map (name: "${name}.device") names;
      after =
        map (name: "${name}.device") names
        ++ lib.concatMap (name: [
          "systemd-makefs@${name}.service"
          "systemd-fsck@${name}.service"
        ]) names;
      wrong = [ ];
    };
  };
  none = wrong: {
    wants = [ ];
    after = [ ];
    inherit wrong;
  };
  late =
    what:
    "blankslate.stores.\"/keep\": ${what} cannot be mounted before the root, so that nothing could be adopted into it, and a root with something to adopt would not be erased; keep what lies on a root in another store, or accept it with blankslate.dangerouslySkipChecks = [ \"late-store\" ]";
  skip = {
    blankslate.dangerouslySkipChecks = [ "late-store" ];
  };
  keyOnRoot = {
    boot.initrd.luks.devices.keep.keyFile = "/sysroot/etc/keep.key";
  };
  options =
    list:
    (store "UUID=1" "btrfs" { fileSystems."/keep".options = list; }).blankslate.stores."/keep".mountOptions;
in
{
  "a device is awaited by its path" = waitsFor "/dev/sda2" "ext4" [ "dev-sda2" ];

  "a device that has to be unlocked is awaited" = waitsFor "/dev/mapper/my-keep" "xfs" [
    "dev-mapper-my\\x2dkeep"
  ];

  "a device is awaited by its link" = waitsFor "/dev/disk/by-id/nvme-X_1" "f2fs" [
    "dev-disk-by\\x2did-nvme\\x2dX_1"
  ];

  "a UUID is awaited, in the case that it has" = waitsFor "UUID=67E3-17ED" "ext4" [
    "dev-disk-by\\x2duuid-67E3\\x2d17ED"
  ];

  "a UUID in quotes is awaited" = waitsFor "UUID=\"ab\"" "ext4" [ "dev-disk-by\\x2duuid-ab" ];

  "a label is awaited as udev writes it, and systemd that" = waitsFor "LABEL='my disk/1=2'" "btrfs" [
    "dev-disk-by\\x2dlabel-my\\x5cx20disk\\x5cx2f1\\x3d2"
  ];

  "a partition is awaited by its UUID" = waitsFor "PARTUUID=ab" "ext4" [ "dev-disk-by\\x2dpartuuid-ab" ];

  "a partition is awaited by its label" = waitsFor "PARTLABEL=keep" "ext4" [
    "dev-disk-by\\x2dpartlabel-keep"
  ];

  "every device of a bcachefs is awaited" = waitsFor "/dev/sda:/dev/disk/by-path/a:b" "bcachefs" [
    "dev-sda"
    "dev-disk-by\\x2dpath-a:b"
  ];

  "what checks a store is known by the name that fileSystems has" = {
    actual =
      (units (store "/dev/sda2" "ext4" { blankslate.stores."/keep".device = "UUID=1"; })).after;
    expected = [
      "dev-disk-by\\x2duuid-1.device"
      "systemd-makefs@dev-disk-by\\x2duuid-1.service"
      "systemd-fsck@dev-disk-by\\x2duuid-1.service"
      "systemd-makefs@dev-sda2.service"
      "systemd-fsck@dev-sda2.service"
    ];
  };

  "two subvolumes have one device" = {
    actual = (units (host.bare [ ../every-device.nix ])).wants;
    expected = [
      "dev-disk-by\\x2dlabel-my\\x5cx20pool.device"
      "dev-disk-by\\x2duuid-4fa6dab5\\x2ddadd\\x2d446d\\x2dbe1c\\x2debb50e13be95.device"
      "dev-mapper-secret.device"
    ];
  };

  "a tag of a virtual machine has no unit" = {
    actual = map (type: units (store "keep" type { })) [
      "9p"
      "virtiofs"
    ];
    expected = [
      (none [ ])
      (none [ ])
    ];
  };

  "a store into which nothing of a root goes is not awaited" = {
    actual = units (
      store "/dev/sda2" "ext4" { blankslate.stores."/keep".directories = mkForce [ ]; }
    );
    expected = none [ ];
  };

  "a store of the network cannot adopt" = {
    actual = units (store "server:/export" "nfs4" { });
    expected = none [ (late "a store of type nfs4") ];
  };

  "a store that a program mounts cannot adopt" = {
    actual = units (store "x" "fuse.sshfs" { });
    expected = none [ (late "a store of type fuse.sshfs") ];
  };

  "a store whose key lies on the root cannot adopt, and is not awaited" = {
    actual = units (store "/dev/mapper/keep" "ext4" keyOnRoot);
    expected = none [ (late "a store whose key is below /sysroot") ];
  };

  "whoever accepts a store that cannot adopt has one" = {
    actual = map units [
      (store "server:/export" "nfs" skip)
      (store "/dev/mapper/keep" "ext4" {
        imports = [
          keyOnRoot
          skip
        ];
      })
    ];
    expected = [
      (none [ ])
      (none [ ])
    ];
  };

  "a label that no unit can be named after is refused" = {
    actual = failed (store "LABEL=größe" "ext4" { });
    expected = [
      "blankslate.stores.\"/keep\": no unit can be named after its device LABEL=größe, which the initrd has to wait for; write /dev/disk/by-uuid/…"
    ];
  };

  "options that the kernel knows are those of the store" = {
    actual = options [
      "defaults"
      "subvol=@keep"
      "noatime"
      "ro"
      "nosuid"
      "compress=zstd"
    ];
    expected = [
      "subvol=@keep"
      "noatime"
      "ro"
      "nosuid"
      "compress=zstd"
    ];
  };

  "options of mount and of systemd are left out" = {
    actual = options [
      "x-systemd.device-timeout=5"
      "X-mount.mkdir"
      "nofail"
      "noauto"
      "auto"
      "_netdev"
      "comment=mine"
      "user"
      "user=alice"
      "user_xattr"
    ];
    expected = [ "user_xattr" ];
  };
}
