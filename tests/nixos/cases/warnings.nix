# Every warning is seen, alone and with its whole message.
{ host }:
let
  inherit (host) mkForce with';

  # The example warns of one file; it is not declared here.
  warns = change: messages: {
    actual =
      (with' {
        imports = [ change ];
        blankslate.stores."/persist".users.alice.files = mkForce [ ];
      }).warnings;
    expected = map (message: "blankslate: ${message}") messages;
  };
  keys = paths: {
    services.openssh.enable = true;
    services.openssh.hostKeys = map (path: { inherit path; }) paths;
  };
in
{
  "nothing is said about a sound host" = warns { } [ ];

  "the file of the example that is rewritten is named" = {
    actual = (with' { }).warnings;
    expected = [
      "blankslate: /home/alice/.config/monitors.xml is replaced by its program through a rename, which a bind mount stops (EBUSY); `blankslate check` says what to declare or set instead"
    ];
  };

  "a symlink is not said to be a bind mount" = warns {
    blankslate.stores."/persist".files = [
      {
        path = "/etc/adjtime";
        how = "symlink";
      }
    ];
  } [ ];

  "an entry of all of /etc is named" =
    warns { blankslate.stores."/persist".directories = [ "/etc" ]; }
      [
        "/etc is declared as a whole, and NixOS writes it at every boot; declare what lies in it"
      ];

  "what lies in /etc is no trouble, and neither is all of /var/lib" = warns {
    blankslate.stores."/persist".directories = [
      "/etc/cups"
      "/var/lib"
    ];
  } [ ];

  "host keys that are not kept are named" =
    warns
      (keys [
        "/etc/ssh/ssh_host_ed25519_key"
        "/etc/ssh/ssh_host_ecdsa_key"
      ])
      [
        "/etc/ssh/ssh_host_ecdsa_key is erased at every boot, and clients will warn that this is another host; set blankslate.stores.\"/persist\".presets = [ \"ssh-host-keys\" ], or point services.openssh.hostKeys into /persist"
      ];

  "host keys in the store are kept" = warns (keys [ "/persist/etc/ssh/key" ]) [ ];

  "without sshd there are no host keys" =
    warns
      {
        imports = [ (keys [ "/etc/ssh/ssh_host_ecdsa_key" ]) ];
        services.openssh.enable = mkForce false;
      }
      [ ];

  "host keys that are made without sshd are named" =
    warns
      {
        imports = [ (keys [ "/etc/ssh/ssh_host_ecdsa_key" ]) ];
        services.openssh.enable = mkForce false;
        services.openssh.generateHostKeys = true;
      }
      [
        "/etc/ssh/ssh_host_ecdsa_key is erased at every boot, and clients will warn that this is another host; set blankslate.stores.\"/persist\".presets = [ \"ssh-host-keys\" ], or point services.openssh.hostKeys into /persist"
      ];

  "a path on a file system that comes late is named" =
    warns
      {
        fileSystems."/home" = {
          device = "server:/home";
          fsType = "nfs";
        };
        blankslate.stores."/persist".users.alice.directories = mkForce [ "Documents" ];
      }
      [
        "/home/alice/Documents lies on /home, which is mounted after the initrd: it is put in place later than the others; set fileSystems.\"/home\".neededForBoot = true, unless it is a file system of the network"
      ];

  "userborn with mutable users has to remember whom it made" =
    warns
      {
        users.mutableUsers = mkForce true;
        services.userborn = {
          enable = true;
          passwordFilesLocation = "/persist/etc";
        };
      }
      [
        "with mutable users userborn has to remember whom it made; set blankslate.stores.\"/persist\".presets = [ \"userborn\" ]"
      ];

  "userborn with static users has nothing to remember" = warns {
    users.mutableUsers = mkForce true;
    services.userborn = {
      enable = true;
      static = true;
    };
  } [ ];

  "userborn that remembers is fine" = warns {
    users.mutableUsers = mkForce true;
    services.userborn = {
      enable = true;
      passwordFilesLocation = "/persist/etc";
    };
    blankslate.stores."/persist".presets = [ "userborn" ];
  } [ ];

  "an overlay on /etc is not searched by the initrd" =
    warns
      {
        system.etc.overlay.enable = true;
        blankslate.stores."/persist".presets = mkForce [ "nixos" ];
      }
      [
        "with an overlay on /etc the initrd does not see what was written to /etc/machine-id before it was declared; run `blankslate apply` before the next reboot"
      ];

  "automatic snapshots that are destroyed are named" =
    warns { services.zfs.autoSnapshot.enable = true; }
      [
        "services.zfs.autoSnapshot takes snapshots that every rollback destroys, unless `zfs get com.sun:auto-snapshot` says false for rpool/local/root; set that property"
      ];

  "nothing is said while the module is off" = warns {
    blankslate.enable = mkForce false;
    services.zfs.autoSnapshot.enable = true;
  } [ ];
}
