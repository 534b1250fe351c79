# Presets become entries; what only tells the owner of something does not.
{ host }:
let
  inherit (host) lib;
  fixture = ../presets.toml;

  keeps =
    store:
    (lib.head
      (host.bare [
        {
          blankslate.enable = true;
          blankslate.presetsFile = fixture;
          blankslate.stores."/persist" = store;
          fileSystems."/persist" = {
            device = "/dev/vda2";
            fsType = "ext4";
          };
          users.users.alice = {
            home = "/srv/alice";
            group = "staff";
            uid = 1000;
          };
        }
      ]).blankslate.settings.store
    ).entry or [ ];

  table = import (host.module + "/presets.nix") {
    inherit lib;
    file = host.module + "/../src/presets.toml";
  };
  usable = inHome: lib.filter (name: table.problem inHome name == null) table.names;
in
{
  "a preset of the host becomes its paths, with all that it says of them" = {
    actual = keeps { presets = [ "paths" ]; };
    expected = [
      {
        because = "preset paths";
        how = "bind";
        kind = "directory";
        target = "/var/lib/plain";
      }
      {
        because = "preset paths";
        group = "app-group";
        how = "bind";
        kind = "file";
        mode = "0640";
        target = "/etc/app.key";
        user = "app";
      }
    ];
  };

  "a preset of homes becomes paths in that home, owned by the user" = {
    actual = keeps { users.alice.presets = [ "homes" ]; };
    expected = [
      {
        because = "preset homes";
        group = "staff";
        how = "bind";
        kind = "directory";
        mode = "0700";
        target = "/srv/alice/.config/app";
        user = 1000;
      }
    ];
  };

  "what is written by hand stands for the preset's" = {
    actual = keeps {
      presets = [ "paths" ];
      directories = [
        {
          path = "/var/lib/plain/";
          mode = "0750";
        }
      ];
    };
    expected = [
      {
        because = "preset paths";
        group = "app-group";
        how = "bind";
        kind = "file";
        mode = "0640";
        target = "/etc/app.key";
        user = "app";
      }
      {
        how = "bind";
        kind = "directory";
        mode = "0750";
        target = "/var/lib/plain";
      }
    ];
  };

  "patterns are not declared" = {
    actual = keeps { presets = [ "patterns" ]; };
    expected = [ ];
  };

  "every preset of the program keeps something on a host or in a home, or says why not" = {
    actual = lib.filter (
      name: table.problem false name != null && table.problem true name != null
    ) table.names;
    expected = lib.filter (
      name: lib.hasInfix "keeps nothing: " (toString (table.problem false name))
    ) table.names;
  };

  "no preset is for both" = {
    actual = lib.intersectLists (usable false) (usable true);
    expected = [ ];
  };

  "the presets of the issue are there" = {
    actual = lib.subtractLists (usable false) host.example.blankslate.stores."/persist".presets;
    expected = [ ];
  };
}
