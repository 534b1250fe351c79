# A host that loses its root at every boot and keeps what is declared here.
{
  blankslate = {
    enable = true;
    roots."/" = {
      dataset = "rpool/local/root";
    };
    stores."/persist" = {
      presets = [
        "ssh-host-keys"
        "networkmanager"
        "bluetooth"
        "acme"
        "nixos"
        "systemd"
      ];
      directories = [
        "/var/lib/postgresql"
        {
          path = "/var/lib/secrets";
          mode = "0700";
        }
      ];
      files = [ "/etc/machine-id" ];
      users.alice = {
        directories = [
          "Documents"
          ".ssh"
        ];
        files = [ ".config/monitors.xml" ];
      };
    };
    report.accept = [
      {
        glob = "/var/tmp/**";
        because = "scratch";
      }
    ];
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
    "/persist" = {
      device = "rpool/safe/persist";
      fsType = "zfs";
    };
    "/boot" = {
      device = "/dev/disk/by-label/BOOT";
      fsType = "vfat";
    };
  };

  users = {
    mutableUsers = false;
    users.alice = {
      isNormalUser = true;
      extraGroups = [ "wheel" ];
      hashedPasswordFile = "/persist/passwords/alice";
    };
  };

  boot.initrd.systemd.enable = true;
  boot.loader.systemd-boot.enable = true;
  networking.hostId = "8425e349";
}
