# A NixOS host on real ZFS in a virtual machine. Its pool is made in the initrd of the first boot; the
# disk stays when the machine reboots or loses its power.
{ module }:
{ lib, pkgs, ... }:
{
  imports = [ module ];

  blankslate = {
    enable = true;
    roots."/" = { };
    stores."/persist" = {
      presets = [
        "journal"
        "nixos"
        "ssh-host-keys"
        "systemd"
      ];
      directories = [ "/var/lib/kept" ];
      files = [ "/etc/machine-id" ];
      users.alice.directories = [ "Documents" ];
    };
  };

  virtualisation = {
    memorySize = 2048;
    emptyDiskImages = [ 2048 ];
    useDefaultFilesystems = false;
    fileSystems =
      lib.genAttrs
        [
          "/"
          "/nix"
          "/persist"
        ]
        (mountPoint: {
          device =
            {
              "/" = "rpool/local/root";
              "/nix" = "rpool/local/nix";
              "/persist" = "rpool/safe/persist";
            }
            .${mountPoint};
          fsType = "zfs";
        });
  };

  # The kernel is handed to the machine, and /boot would lie on the root.
  boot.loader.grub.enable = false;
  boot.initrd.systemd.enable = true;
  boot.supportedFilesystems.zfs = true;
  # /dev/disk/by-id is empty in these machines.
  boot.zfs.devNodes = "/dev";
  networking.hostId = "8425e349";

  boot.initrd.systemd.services.make-pool = {
    description = "Make the pool of the tests, once";
    requires = [ "dev-vdb.device" ];
    after = [
      "dev-vdb.device"
      "systemd-modules-load.service"
    ];
    before = [ "zfs-import-rpool.service" ];
    requiredBy = [ "zfs-import-rpool.service" ];
    unitConfig.DefaultDependencies = false;
    serviceConfig = {
      Type = "oneshot";
      # The way to switch-root pulls in what a mount requires once more.
      RemainAfterExit = true;
    };
    script = ''
      if zpool import -d /dev -N rpool; then
        zpool export rpool
        exit 0
      fi
      zpool create -f -m none -O acltype=posix -O xattr=sa rpool /dev/vdb
      for dataset in local local/root local/nix safe safe/persist; do
        zfs create -o mountpoint=legacy "rpool/$dataset"
      done
      zfs snapshot rpool/local/root@blank
      zpool export rpool
    '';
  };

  services.openssh.enable = true;
  users = {
    mutableUsers = false;
    users.alice = {
      isNormalUser = true;
      uid = 1000;
      password = "alice";
    };
  };

  environment.systemPackages = [ pkgs.jq ];
}
