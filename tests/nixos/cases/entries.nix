# Every option and what it becomes in the configuration.
{ host }:
let
  inherit (host) lib mkForce with';

  settings = change: (with' change).blankslate.settings;
  root = change: lib.head (settings { blankslate.roots."/" = change; }).root;
  store = change: lib.head (settings change).store;
  stored = change: removeAttrs (store change) [ "entry" ];
  only =
    change:
    (store {
      blankslate.stores."/persist" = {
        presets = mkForce [ ];
        directories = mkForce (change.directories or [ ]);
        files = mkForce (change.files or [ ]);
        users = mkForce (change.users or { });
      };
      users.users.bob = {
        home = "/srv/bob/";
        uid = 1001;
        group = "staff";
      };
      users.groups.staff.gid = 50;
    }).entry or [ ];
  directory = target: more: {
    how = "bind";
    kind = "directory";
    inherit target;
  } // more;
  refused = change: host.tried (settings change);
in
{
  "a root says all that the program knows" = {
    actual = root {
      snapshot = "empty";
      snapshotGuid = "12038716358112716212";
      newerSnapshots = "refuse";
      onFailure = "emergency";
    };
    expected = {
      mount = "/";
      kind = "zfs";
      dataset = "rpool/local/root";
      snapshot = "empty";
      snapshot-guid = "12038716358112716212";
      newer-snapshots = "refuse";
      on-failure = "emergency";
    };
  };

  "the dataset of a root is the one that is mounted" = {
    actual =
      (lib.last
        (settings {
          blankslate.roots."/srv" = { };
          fileSystems."tank" = {
            mountPoint = "/srv";
            device = "tank/srv";
            fsType = "zfs";
          };
        }).root
      ).dataset;
    expected = "tank/srv";
  };

  "a store names its file system" = {
    actual = stored { };
    expected = {
      path = "/persist";
      device = "rpool/safe/persist";
      fs = "zfs";
    };
  };

  "a store inside a file system says where that is mounted, and with what" = {
    actual =
      (lib.head
        (host.bare [
          {
            blankslate.enable = true;
            blankslate.stores."/nix/persist/system/" = { };
            fileSystems = {
              "/".fsType = "tmpfs";
              "/nix" = {
                device = "/dev/disk/by-label/nix";
                fsType = "ext4";
                options = [
                  "defaults"
                  "noatime"
                  "x-initrd.mount"
                  "data=ordered"
                ];
              };
            };
          }
        ]).blankslate.settings.store
      );
    expected = {
      path = "/nix/persist/system";
      mount = "/nix";
      device = "/dev/disk/by-label/nix";
      fs = "ext4";
      options = "noatime,data=ordered";
    };
  };

  "what mount.zfs is told is not told to the kernel" = {
    actual = stored { fileSystems."/persist".options = [ "zfsutil" ]; };
    expected = {
      path = "/persist";
      device = "rpool/safe/persist";
      fs = "zfs";
    };
  };

  "the file system of a store can be written by hand" = {
    actual = stored {
      blankslate.stores."/persist" = {
        device = "UUID=1234";
        fsType = "btrfs";
        mountPoint = "/";
        mountOptions = [ "subvol=persist" ];
      };
    };
    expected = {
      path = "/persist";
      device = "UUID=1234";
      fs = "btrfs";
      mount = "/";
      options = "subvol=persist";
    };
  };

  "a path is a text, or says everything" = {
    actual = only {
      directories = [
        "/var/lib/plain//"
        {
          path = "/var/lib/full";
          how = "symlink";
          user = "app";
          group = 7;
          mode = "0750";
          because = "tests";
        }
      ];
      files = [ "//etc/machine-id" ];
    };
    expected = [
      (directory "/var/lib/plain" { })
      (directory "/var/lib/full" {
        how = "symlink";
        user = "app";
        group = 7;
        mode = "0750";
        because = "tests";
      })
      (directory "/etc/machine-id" { kind = "file"; })
    ];
  };

  "a path in a home is the user's, by number where the host fixes one" = {
    actual = only {
      users.bob = {
        directories = [ "Documents" ];
        files = [
          {
            path = ".config/a file";
            user = "root";
            group = "wheel";
          }
        ];
      };
      users.alice.directories = [ "/" ];
    };
    expected = [
      (directory "/home/alice" {
        user = "alice";
        group = 100;
      })
      (directory "/srv/bob/Documents" {
        user = 1001;
        group = 50;
      })
      (directory "/srv/bob/.config/a file" {
        kind = "file";
        user = 0;
        group = "wheel";
      })
    ];
  };

  "a user whose group NixOS asks for has none" = {
    actual =
      (lib.last
        (store {
          users.users.service = {
            isSystemUser = true;
            home = "/srv/service";
          };
          blankslate.stores."/persist".users.service.directories = [ "data" ];
        }).entry
      );
    expected = directory "/srv/service/data" { user = "service"; };
  };

  "a home can be written by hand" = {
    actual = only {
      users.nobody-knows = {
        home = "/srv/guest";
        directories = [ "x" ];
      };
    };
    expected = [ (directory "/srv/guest/x" { user = "nobody-knows"; }) ];
  };

  "a relative path of the host is refused" = {
    actual = refused { blankslate.stores."/persist".directories = [ "var/lib/x" ]; };
    expected = "does not evaluate";
  };

  "an absolute path in a home is refused" = {
    actual = refused { blankslate.stores."/persist".users.alice.directories = [ "/home/alice/x" ]; };
    expected = "does not evaluate";
  };

  "a relative mount point is refused" = {
    actual = refused { blankslate.stores."/persist".mountPoint = "persist"; };
    expected = "does not evaluate";
  };

  "a mode that is not octal is refused" = {
    actual = refused {
      blankslate.stores."/persist".directories = [
        {
          path = "/x";
          mode = "u=rwx";
        }
      ];
    };
    expected = "does not evaluate";
  };
}
