# What impermanence and preservation were told to keep becomes stores.
{ host }:
let
  inherit (host) failed mkForce moved;
  inherit (import (host.module + "/lib.nix")) fromImpermanence fromPreservation;

  refused = value: host.tried (fromImpermanence value);
  mode = text: {
    "/persist".directories = [
      {
        directory = "/x";
        mode = text;
      }
    ];
  };
  modeOf = text: (builtins.head (fromImpermanence (mode text))."/persist".directories).mode or null;
in
{
  "a host of impermanence has nothing wrong after the move" = {
    actual = failed (moved "impermanence");
    expected = [ ];
  };

  "a host of preservation has nothing wrong after the move" = {
    actual = failed (moved "preservation");
    expected = [ ];
  };

  "without what the peer declares nothing is switched on" = {
    actual = map (peer: (host.importing [ (host.module + "/from-${peer}.nix") ]).blankslate.enable) [
      "impermanence"
      "preservation"
    ];
    expected = [
      false
      false
    ];
  };

  "preservation that is off keeps nothing" = {
    actual =
      (host.importing [
        (host.module + "/from-preservation.nix")
        (host.module + "/examples/preservation.nix")
        { preservation.enable = mkForce false; }
      ]).blankslate.stores;
    expected = { };
  };

  "both peers' words for a path are understood" = {
    actual = fromImpermanence {
      "/persist" = {
        directories = [
          "/var/lib/a/"
          {
            directory = "/var/lib/b";
            user = "b";
            group = "b";
            mode = "0700";
            hideMount = true;
          }
        ];
        files = [
          "/etc/c"
          {
            file = "/etc/d";
            method = "symlink";
          }
        ];
      };
    };
    expected = {
      "/persist" = {
        directories = [
          { path = "/var/lib/a"; }
          {
            path = "/var/lib/b";
            user = "b";
            group = "b";
            mode = "0700";
          }
        ];
        files = [
          { path = "/etc/c"; }
          {
            path = "/etc/d";
            how = "symlink";
          }
        ];
      };
    };
  };

  "a symlink of preservation stays one" = {
    actual = fromPreservation {
      "/state".files = [
        {
          file = "etc/d";
          how = "symlink";
          createLinkTarget = true;
        }
        {
          file = "/etc/e";
          how = "bindmount";
        }
      ];
    };
    expected = {
      "/state".files = [
        {
          path = "/etc/d";
          how = "symlink";
        }
        { path = "/etc/e"; }
      ];
    };
  };

  "homes are kept in homes, also a whole one" = {
    actual = fromPreservation {
      "/persist".users = {
        alice = {
          directories = [
            "/"
            ".ssh"
          ];
        };
        admin = {
          username = "root";
          home = "/root";
          files = [ ".lesshst" ];
        };
      };
    };
    expected = {
      "/persist".users = {
        alice.directories = [
          { path = "/"; }
          { path = ".ssh"; }
        ];
        root = {
          home = "/root";
          files = [ { path = ".lesshst"; } ];
        };
      };
    };
  };

  "a store may be somewhere else than its name says, and an entry somewhere else again" = {
    actual = fromImpermanence {
      main = {
        persistentStoragePath = "/persist/system";
        directories = [
          "/var/lib/a"
          {
            directory = "/var/lib/b";
            persistentStoragePath = "/big";
          }
        ];
      };
      "/persist/system".directories = [ "/var/lib/c" ];
    };
    expected = {
      "/persist/system".directories = [
        { path = "/var/lib/c"; }
        { path = "/var/lib/a"; }
      ];
      "/big".directories = [ { path = "/var/lib/b"; } ];
    };
  };

  "a store that is off keeps nothing" = {
    actual = fromImpermanence {
      "/persist" = {
        enable = false;
        directories = [ "/var/lib/a" ];
      };
    };
    expected = { };
  };

  "modes are understood as both peers write them" = {
    actual = map modeOf [
      "0755"
      "700"
      "u=rwx,g=rx,o="
      "u=rw"
      "a=rx,u=rwx"
      "=r"
      "~0750"
      ":1777"
      "-"
    ];
    expected = [
      "0755"
      "700"
      "0750"
      "0600"
      "0755"
      "0444"
      "0750"
      "1777"
      null
    ];
  };

  "a mode that is not understood is refused" = {
    actual = map (text: refused (mode text)) [
      "u+rwx"
      "u=rwxs"
      "rwxr-x---"
    ];
    expected = [
      "does not evaluate"
      "does not evaluate"
      "does not evaluate"
    ];
  };
}
