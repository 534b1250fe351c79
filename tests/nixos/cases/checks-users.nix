# Users and their homes, their passwords and their numbers.
{
  host,
  fires,
  holds,
}:
let
  inherit (host) failed mkForce with';

  ext4 = {
    device = "/dev/vda3";
    fsType = "ext4";
  };
  userborn = at: {
    services.userborn.enable = true;
    services.userborn.passwordFilesLocation = at;
  };
  both = a: b: { imports = [ a b ]; };
  keeps = files: { blankslate.stores."/persist".files = files; };
  instead = "drop the entry and set users.mutableUsers = false, or services.userborn = { enable = true; passwordFilesLocation = \"/persist/etc\"; }";
in
{
  "a user without a home is named" = fires {
    users.users.bob.isSystemUser = true;
    blankslate.stores."/persist".users.bob.directories = [ "Documents" ];
  } "blankslate.stores.\"/persist\".users.bob has no home directory; set users.users.bob.home, or blankslate.stores.\"/persist\".users.bob.home";

  "a home that stays empty is none" = fires {
    users.users.bob = {
      isSystemUser = true;
      home = "/var/empty/";
    };
    blankslate.stores."/persist".users.bob.presets = [ "ssh" ];
  } "blankslate.stores.\"/persist\".users.bob has no home directory; set users.users.bob.home, or blankslate.stores.\"/persist\".users.bob.home";

  "a user whose home is the whole root is named" = fires {
    users.users.daemon.home = "/";
    blankslate.stores."/persist".users.daemon.directories = [ "spool" ];
  } "blankslate.stores.\"/persist\".users.daemon has no home directory; set users.users.daemon.home, or blankslate.stores.\"/persist\".users.daemon.home";

  "a user who is not there is named with who is near" =
    fires
      {
        users.users.carol.isNormalUser = true;
        blankslate.stores."/persist".users.alcie.directories = [ "Documents" ];
      }
      "blankslate.stores.\"/persist\".users.alcie: there is no users.users.alcie; did you mean \"alice\"? Or set blankslate.stores.\"/persist\".users.alcie.home";

  "a user who is near to nobody is named with those who log in" =
    fires
      {
        users.users.postgres = { };
        users.users.carol.isNormalUser = true;
        blankslate.stores."/persist".users.xyzzyxyzzy.directories = [ "Documents" ];
      }
      "blankslate.stores.\"/persist\".users.xyzzyxyzzy: there is no users.users.xyzzyxyzzy; did you mean \"alice\" or \"carol\"? Or set blankslate.stores.\"/persist\".users.xyzzyxyzzy.home";

  "a user of a host without users is to be added" =
    fires
      {
        users.users = mkForce { };
        blankslate.stores."/persist".users = mkForce { bob.directories = [ "Documents" ]; };
      }
      "blankslate.stores.\"/persist\".users.bob: there is no users.users.bob; add it, or set blankslate.stores.\"/persist\".users.bob.home";

  "a user who is not there may have a home that is written by hand" = holds {
    blankslate.stores."/persist".users.guest = {
      home = "/srv/guest";
      directories = [ "Documents" ];
    };
  };

  "mutable users need a place that is kept" = fires {
    users.mutableUsers = mkForce true;
  } "users.mutableUsers is set, and /etc, which holds accounts and passwords, is erased at every boot; set users.mutableUsers = false with a hashedPasswordFile in /persist, or services.userborn = { enable = true; passwordFilesLocation = \"/persist/etc\"; }, or accept it with blankslate.dangerouslySkipChecks = [ \"password-files\" ]";

  "mutable users of userborn are fine in a store" =
    holds (both (userborn "/persist/etc") { users.mutableUsers = mkForce true; });

  "userborn needs its numbers even without mutable users" =
    fires (userborn "/etc")
      "/etc, by which users and groups keep their numbers, is erased at every boot, and files would end up with other owners; set services.userborn = { enable = true; passwordFilesLocation = \"/persist/etc\"; }, or accept it with blankslate.dangerouslySkipChecks = [ \"uid-map\" ]";

  "users that are part of the system need no place" =
    holds (both (userborn "/etc") {
      services.userborn.static = true;
      users.mutableUsers = mkForce true;
    });

  "a password file has to be there when users are made" = fires {
    users.users.alice.hashedPasswordFile = mkForce "/root/alice";
  } "users.users.alice.hashedPasswordFile is /root/alice, which is erased at every boot: nobody could log in; move it into /persist, or add it to files of that store, or accept it with blankslate.dangerouslySkipChecks = [ \"password-files\" ]";

  "the password of nobody need not be there" = holds {
    users.users.carol = {
      enable = false;
      hashedPasswordFile = "/root/carol";
    };
  };

  "a password that is decrypted at boot is fine" = holds {
    users.users.alice.hashedPasswordFile = mkForce "/run/secrets-for-users/alice";
  };

  "the numbers of users have to be kept" = fires {
    blankslate.stores."/persist".presets = mkForce [ "systemd" ];
  } "/var/lib/nixos, by which users and groups keep their numbers, is erased at every boot, and files would end up with other owners; keep it: blankslate.stores.\"/persist\".presets = [ \"nixos\" ], or accept it with blankslate.dangerouslySkipChecks = [ \"uid-map\" ]";

  "numbers kept by something above them are kept" = holds {
    blankslate.stores."/persist" = {
      presets = mkForce [ ];
      directories = [ "/var/lib" ];
    };
  };

  "numbers on a file system of their own are kept" = holds {
    blankslate.stores."/persist".presets = mkForce [ ];
    fileSystems."/var/lib" = ext4;
  };

  "the files of accounts cannot be entries" = fires (keeps [
    "/etc/shadow"
    "/etc/passwd"
    "/etc/group"
    "/etc/subuid"
    "/etc/subgid"
    "/etc/gshadow"
  ]) "passwd, useradd and NixOS replace /etc/shadow, /etc/passwd, /etc/group, /etc/subuid, /etc/subgid, /etc/gshadow through a rename, which a bind mount stops (EBUSY) and a symlink does not outlive; ${instead}";

  "nor can they where userborn has them" =
    fires
      (both (userborn "/var/lib/accounts/") {
        users.mutableUsers = mkForce false;
        blankslate.stores."/persist".directories = [ "/var/lib/accounts" ];
        blankslate.stores."/persist".files = [
          {
            path = "/var/lib/accounts/shadow";
            how = "symlink";
          }
        ];
      })
      "passwd, useradd and NixOS replace /var/lib/accounts/shadow through a rename, which a bind mount stops (EBUSY) and a symlink does not outlive; ${instead}";

  "as entries they keep neither passwords nor numbers" = {
    actual = failed (with' {
      imports = [
        (userborn "/etc/")
        (keeps [
          "/etc/shadow"
          "/etc/passwd"
        ])
      ];
      users.mutableUsers = mkForce true;
    });
    expected = [
      "passwd, useradd and NixOS replace /etc/shadow, /etc/passwd through a rename, which a bind mount stops (EBUSY) and a symlink does not outlive; ${instead}"
      "users.mutableUsers is set, and /etc, which holds accounts and passwords, is erased at every boot; set users.mutableUsers = false with a hashedPasswordFile in /persist, or services.userborn = { enable = true; passwordFilesLocation = \"/persist/etc\"; }, or accept it with blankslate.dangerouslySkipChecks = [ \"password-files\" ]"
      "/etc, by which users and groups keep their numbers, is erased at every boot, and files would end up with other owners; set services.userborn = { enable = true; passwordFilesLocation = \"/persist/etc\"; }, or accept it with blankslate.dangerouslySkipChecks = [ \"uid-map\" ]"
    ];
  };

  "a directory above them keeps both" =
    holds (both (userborn "/var/lib/accounts") {
      users.mutableUsers = mkForce true;
      blankslate.stores."/persist".directories = [ "/var/lib/accounts" ];
    });

  "files of the same names elsewhere are no accounts" = holds (keeps [ "/var/lib/app/passwd" ]);
}
