# A host whose root is on ZFS and whose stores are on everything else.
{
  blankslate = {
    enable = true;
    roots."/" = { };
    stores = {
      "/persist".presets = [ "nixos" ];
      "/keep".directories = [ "/var/lib/postgresql" ];
      "/secret".directories = [ "/var/lib/secrets" ];
      "/media".directories = [ "/srv/media" ];
    };
  };

  fileSystems = {
    "/" = {
      device = "rpool/local/root";
      fsType = "zfs";
    };
    "/nix" = {
      device = "rpool/local/nix";
      fsType = "zfs";
    };
    # Two subvolumes of one device.
    "/persist" = {
      device = "LABEL=my pool";
      fsType = "btrfs";
      options = [
        "subvol=@persist"
        "compress=zstd"
      ];
    };
    "/keep" = {
      device = "LABEL=my pool";
      fsType = "btrfs";
      options = [ "subvol=@keep" ];
    };
    # In a LUKS volume.
    "/secret" = {
      device = "/dev/mapper/secret";
      fsType = "ext4";
    };
    "/media" = {
      device = "/dev/disk/by-uuid/4fa6dab5-dadd-446d-be1c-ebb50e13be95";
      fsType = "xfs";
      options = [
        "nofail"
        "noatime"
      ];
    };
  };

  boot.loader.grub.enable = false;
  boot.initrd.luks.devices.secret.device = "/dev/vda2";
  users.mutableUsers = false;
}
