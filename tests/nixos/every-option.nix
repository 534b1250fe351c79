# A host that sets every option of the module, with two roots and two stores on three pools.
{
  blankslate = {
    enable = true;
    roots = {
      "/" = {
        dataset = "rpool/local/root";
        snapshot = "empty";
        snapshotGuid = "12038716358112716212";
        newerSnapshots = "refuse";
        onFailure = "emergency";
      };
      "/srv/ephemeral data" = { };
    };
    stores = {
      "/persist" = {
        presets = [ "nixos" ];
        directories = [
          "/var/lib/postgresql"
          {
            path = "/var/lib/private/app";
            how = "bind";
            user = "app";
            group = 7;
            mode = "0750";
            because = "its database";
          }
        ];
        files = [
          {
            path = "/etc/with \"quotes\" and ü";
            how = "symlink";
          }
        ];
        users.alice = {
          presets = [ "ssh" ];
          directories = [ "Documents" ];
          files = [
            {
              path = ".config/app.conf";
              mode = "0600";
            }
          ];
        };
      };
      "/big/keep 100%" = {
        device = "UUID=6f1c";
        fsType = "ext4";
        mountPoint = "/big";
        mountOptions = [ "noatime" ];
        directories = [ "/var/lib/containers" ];
        users.bob = {
          home = "/home/robert";
          directories = [ "/" ];
        };
      };
    };
    report.accept = [
      "/tmp/**"
      {
        glob = "/var/tmp/**";
        because = "scratch";
      }
    ];
    summaryBeforeShutdown = true;
    settings.report.accept = [ { glob = "/srv/cache/**"; } ];
    dangerouslySkipChecks = [ "hibernation" ];
  };

  fileSystems = {
    "/" = {
      device = "rpool/local/root";
      fsType = "zfs";
    };
    "/srv/ephemeral data" = {
      device = "tank/ephemeral";
      fsType = "zfs";
    };
    "/nix" = {
      device = "rpool/local/nix";
      fsType = "zfs";
    };
    "/persist" = {
      device = "safe/persist";
      fsType = "zfs";
      options = [
        "zfsutil"
        "noatime"
      ];
    };
    "/big" = {
      device = "/dev/disk/by-uuid/6f1c";
      fsType = "ext4";
    };
  };

  boot.loader.grub.enable = false;
  boot.zfs.unsafeAllowHibernation = true;
  users = {
    mutableUsers = false;
    users.alice = {
      isNormalUser = true;
      uid = 1000;
    };
  };
}
