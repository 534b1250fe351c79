# Every assertion is seen to fire, alone and with its whole message; the host without the change has none.
{ host }:
let
  inherit (host)
    failed
    lib
    mkForce
    with'
    ;

  fires = change: message: {
    actual = failed (with' change);
    expected = [ message ];
  };
  holds = change: {
    actual = failed (with' change);
    expected = [ ];
  };

  ext4 = {
    device = "/dev/vda3";
    fsType = "ext4";
  };
  second = {
    fileSystems."/big" = ext4;
  };
  immutable = files: {
    system.etc.overlay.enable = true;
    system.etc.overlay.mutable = false;
    blankslate.stores."/persist" = {
      presets = mkForce [ "nixos" ];
      files = mkForce ([ "/etc/machine-id" ] ++ files);
    };
  };
  skip = names: { blankslate.dangerouslySkipChecks = names; };
  both = a: b: { imports = [ a b ]; };
  more = file: import file { inherit host fires holds; };
in
more ./checks-boot.nix
// more ./checks-paths.nix
// more ./checks-snapshots.nix
// more ./checks-users.nix
// {
  "the example has nothing wrong" = holds { };

  # NixOS would refuse it otherwise: users.mutableUsers is false, and grub, which it has by itself, wants a
  # device.
  "somebody can log in to the example, and it can be booted" = {
    actual =
      let
        config = with' { };
      in
      {
        admins = lib.attrNames (
          lib.filterAttrs (
            _: user: lib.elem "wheel" user.extraGroups && user.hashedPasswordFile != null
          ) config.users.users
        );
        grub = config.boot.loader.grub.enable;
        inherit (config.networking) hostId;
      };
    expected = {
      admins = [ "alice" ];
      grub = false;
      hostId = "8425e349";
    };
  };

  "a scripted initrd is refused" = fires {
    boot.initrd.systemd.enable = mkForce false;
  } "blankslate works in a systemd initrd only; set boot.initrd.systemd.enable = true, and drop what is for the scripted one, such as boot.initrd.postResumeCommands";

  "no initrd at all is refused" = fires {
    boot.initrd.enable = false;
  } "blankslate works in a systemd initrd only; set boot.initrd.systemd.enable = true, and drop what is for the scripted one, such as boot.initrd.postResumeCommands";

  "nothing is refused while the module is off" = holds {
    blankslate.enable = mkForce false;
    boot.initrd.systemd.enable = mkForce false;
  };

  "a root has to be mounted" = fires {
    blankslate.roots."/srv".dataset = "rpool/local/srv";
  } "blankslate.roots.\"/srv\": nothing is mounted at /srv; add fileSystems.\"/srv\" = { device = \"rpool/local/srv\"; fsType = \"zfs\"; }, or drop the root";

  "a root has to be a dataset" = fires {
    blankslate.roots."/srv" = { };
    fileSystems."/srv" = ext4;
  } "blankslate.roots.\"/srv\": fileSystems.\"/srv\" is of type ext4, and only a ZFS dataset can be rolled back; make it one, or drop the root: a tmpfs is blank without it";

  "a root has to be the dataset that is mounted there" = fires {
    blankslate.roots."/".dataset = mkForce "rpool/safe/root";
  } "blankslate.roots.\"/\".dataset is \"rpool/safe/root\", but fileSystems.\"/\" mounts \"rpool/local/root\"; write the same dataset in both, or drop the line: it is taken from fileSystems";

  "a root has to be mounted in the initrd" = fires {
    blankslate.roots."/srv" = { };
    fileSystems."/srv" = {
      device = "rpool/local/srv";
      fsType = "zfs";
      neededForBoot = mkForce false;
    };
  } "blankslate.roots.\"/srv\" is mounted after the initrd, which could not roll it back in time; set fileSystems.\"/srv\".neededForBoot = true";

  "the store of Nix must not be erased" = {
    actual = failed (with' { fileSystems = mkForce (removeAttrs host.example.fileSystems [ "/nix" ]); });
    expected = map (
      path:
      "${path} lies on /, which is erased at every boot; give it a file system of its own: fileSystems.\"${path}\" = { … }"
    ) [ "/nix" "/nix/store" ];
  };

  "a hibernated system must not meet a rolled-back root" = fires {
    boot.zfs.unsafeAllowHibernation = true;
  } "boot.zfs.unsafeAllowHibernation is set, and a pool that is imported before a hibernated system is resumed is corrupted; drop it, or accept it with blankslate.dangerouslySkipChecks = [ \"hibernation\" ]";

  "swap must not be erased under a running system" = fires {
    swapDevices = [ { device = "/var/swapfile"; } ];
  } "swap at /var/swapfile lies on /, which is erased at every boot; move it to a partition or to a file system that is kept, or accept it with blankslate.dangerouslySkipChecks = [ \"swap\" ]";

  "swap elsewhere is fine" = holds {
    swapDevices = [
      { device = "/dev/zvol/rpool/swap"; }
      { device = "/persist/swapfile"; }
    ];
  };

  "an unknown preset is named with what is near" = fires {
    blankslate.stores."/persist".presets = [ "blutooth" ];
  } "blankslate.stores.\"/persist\".presets: there is no preset \"blutooth\"; did you mean \"bluetooth\"?";

  "an unknown preset that is near to nothing is named" = fires {
    blankslate.stores."/persist".presets = [ "xyzzyxyzzy" ];
  } "blankslate.stores.\"/persist\".presets: there is no preset \"xyzzyxyzzy\"; the presets are listed in src/presets.toml";

  "a preset of homes is not for a store" = fires {
    blankslate.stores."/persist".presets = [ "ssh" ];
  } "blankslate.stores.\"/persist\".presets: the preset \"ssh\" has paths in homes; write it into users.<name>.presets";

  "a preset of the host is not for a home" = fires {
    blankslate.stores."/persist".users.alice.presets = [ "bluetooth" ];
  } "blankslate.stores.\"/persist\".users.alice.presets: the preset \"bluetooth\" has paths on the host; write it into presets of the store";

  "a preset that keeps nothing says what to do instead" = fires {
    blankslate.stores."/persist".presets = [ "accounts" ];
  } "blankslate.stores.\"/persist\".presets: the preset \"accounts\" keeps nothing: passwords set by hand; set users.mutableUsers = false instead; drop it";

  "a store must not lie on a root" = fires {
    blankslate.stores."/keep".directories = [ ];
  } "blankslate.stores.\"/keep\" lies on /, which is erased at every boot; give it a file system of its own: fileSystems.\"/keep\" = { device = \"rpool/safe/persist\"; fsType = \"zfs\"; neededForBoot = true; }";

  "a store must not lie on a tmpfs" = fires {
    blankslate.stores."/keep" = { };
    fileSystems."/keep" = {
      device = "none";
      fsType = "tmpfs";
    };
  } "blankslate.stores.\"/keep\" lies on /keep, which is erased at every boot; give it a file system of its own: fileSystems.\"/keep\" = { device = \"rpool/safe/persist\"; fsType = \"zfs\"; neededForBoot = true; }";

  "what covers a store has to be mounted in the initrd" = fires {
    blankslate.stores."/persistent/system" = { };
    fileSystems."/persistent" = ext4 // {
      neededForBoot = mkForce false;
    };
  } "blankslate.stores.\"/persistent/system\" lies on /persistent, which is mounted after the initrd has put paths in place; set fileSystems.\"/persistent\".neededForBoot = true";

  "a store on a bind mount needs its real file system" = fires {
    blankslate.stores."/keep" = { };
    fileSystems."/keep" = {
      device = "/nix/keep";
      fsType = "none";
      options = [ "bind" ];
    };
  } "blankslate.stores.\"/keep\": the initrd has to mount it by itself and cannot tell what /keep is; set blankslate.stores.\"/keep\".device, fsType and mountPoint to those of its file system, not of a bind mount or \"auto\"";

  "a store of an unknown type needs its type" = fires {
    blankslate.stores."/keep" = { };
    fileSystems."/keep" = {
      device = "/dev/vda4";
      fsType = "auto";
    };
  } "blankslate.stores.\"/keep\": the initrd has to mount it by itself and cannot tell what /keep is; set blankslate.stores.\"/keep\".device, fsType and mountPoint to those of its file system, not of a bind mount or \"auto\"";

  "a path is kept once" = fires {
    blankslate.stores."/persist".directories = [ "/var/lib/postgresql/" ];
  } "/var/lib/postgresql is declared more than once in the store /persist; drop one";

  "a path is kept in one store" =
    fires (both second { blankslate.stores."/big".directories = [ "/var/lib/postgresql" ]; })
      "/var/lib/postgresql is declared in the stores /big and /persist; keep it in one of them";

  "an entry inside one of another store is named" =
    fires (both second { blankslate.stores."/big".directories = [ "/var/lib/postgresql/18" ]; })
      "/var/lib/postgresql/18 of the store /big lies inside /var/lib/postgresql of the store /persist; keep both in one store, or declare what is beside it instead of /var/lib/postgresql";

  "neighbours of the same beginning are no trouble" =
    holds (both second { blankslate.stores."/big".directories = [ "/var/lib/postgresql-wal" ]; });

  "an immutable /etc cannot take a path" =
    fires (immutable [ "/etc/adjtime" ])
      "/etc/adjtime cannot be put in place: with system.etc.overlay.mutable = false nothing can be made in /etc; set system.etc.overlay.mutable = true, or drop the entry and let the program use /persist/etc/adjtime";

  "an immutable /etc takes the machine-id and what is declared as a file" =
    holds (both (immutable [ "/etc/app.conf" ]) { environment.etc."app.conf".mode = "0644"; });

  "nor can it take a path where the configuration has a link" = {
    actual = map (file: lib.length (failed (with' (both (immutable [ "/etc/app.conf" ]) file)))) [
      { environment.etc."app.conf".mode = "direct-symlink"; }
      { environment.etc."app.conf".mode = "symlink"; }
      {
        environment.etc."app.conf" = {
          enable = false;
          mode = "0644";
        };
      }
      {
        environment.etc."other.conf" = {
          target = "app.conf";
          mode = "0644";
        };
      }
      {
        environment.etc."app.conf" = {
          target = "other.conf";
          mode = "0644";
        };
      }
    ];
    expected = [
      1
      1
      1
      0
      1
    ];
  };

  "what can be skipped is skipped by its name" = holds {
    imports = [
      (skip [
        "uid-map"
        "password-files"
        "swap"
        "hibernation"
        "auto-snapshots"
      ])
      {
        services.sanoid = {
          enable = true;
          datasets."rpool/local/root" = { };
        };
      }
    ];
    blankslate.stores."/persist".presets = mkForce [ ];
    users.mutableUsers = mkForce true;
    users.users.alice.hashedPasswordFile = mkForce "/root/alice";
    swapDevices = [ { device = "/swap"; } ];
    boot.zfs.unsafeAllowHibernation = true;
  };

  "a check that is not there cannot be skipped" = {
    actual = host.tried (failed (with' (skip [ "root-dataset" ])));
    expected = "does not evaluate";
  };
}
