# What people write.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) literalExpression mkOption types;
  kept = import ./types.nix { inherit lib config; };
  paths = import ./paths.nix { inherit lib; };
  checks = import ./check-names.nix;
  cfg = config.blankslate;
  format = pkgs.formats.toml { };

  root = types.submodule (
    { name, ... }:
    {
      options = {
        dataset = mkOption {
          type = types.str;
          default = toString ((paths.at config.fileSystems name).device or "");
          defaultText = literalExpression "config.fileSystems.<name>.device";
          example = "rpool/local/root";
          description = "The ZFS dataset that is rolled back.";
        };
        snapshot = mkOption {
          type = types.nonEmptyStr;
          default = "blank";
          description = ''
            The snapshot of that dataset to which it is rolled back. Take it once, while the dataset is
            empty: {command}`zfs snapshot rpool/local/root@blank`.
          '';
        };
        snapshotGuid = mkOption {
          type = types.nullOr (kept.shaped "[0-9]+" "number in quotes, e.g. \"12038716358112716212\"");
          default = null;
          example = "12038716358112716212";
          description = ''
            If set, it is rolled back only to the very snapshot with this guid, and not to another one
            that was made under the same name later. {command}`zfs get -H -o value guid
            rpool/local/root@blank` prints it.
          '';
        };
        newerSnapshots = mkOption {
          type = types.enum [
            "destroy"
            "refuse"
          ];
          default = "destroy";
          description = ''
            What is done about snapshots that are newer than the blank, none of which can outlive a
            rollback: destroy them, as {command}`zfs rollback -r` does, or refuse to roll back.
          '';
        };
        onFailure = mkOption {
          type = types.enum [
            "continue"
            "emergency"
          ];
          default = "continue";
          description = ''
            What the boot does if the root was not rolled back although it should have been: boot on
            with the old root and say so, or stop in emergency mode. The latter needs somebody at the
            console, and {option}`boot.initrd.systemd.emergencyAccess` if they are to do anything there.
          '';
        };
      };
    }
  );

  store = types.submodule (
    { name, ... }:
    let
      over = paths.covering config.fileSystems name;
      fact = text: default: description: {
        type = types.nullOr types.nonEmptyStr;
        inherit default description;
        defaultText = lib.literalMD "${text} of the file system that holds the store";
      };
    in
    {
      options = {
        inherit (kept) presets directories files;
        users = mkOption {
          type = types.attrsOf kept.user;
          default = { };
          example = literalExpression ''{ alice.directories = [ "Documents" ]; }'';
          description = "What is kept of the homes of users.";
        };
        # The initrd mounts a store by itself when it has to adopt something, before any root is erased.
        device = mkOption (
          fact "the device" (over.device or null) "What the initrd mounts, as {manpage}`mount(8)` takes it; of ZFS a dataset."
        );
        fsType = mkOption (fact "the type" (over.fsType or null) "Its type.");
        mountPoint = mkOption (
          fact "the mount point" (over.mountPoint or null) "Where it is mounted: at the store, or above it."
          // {
            type = types.nullOr (kept.shaped "/.*" "absolute path, e.g. /persist");
          }
        );
        mountOptions = mkOption {
          type = types.listOf types.nonEmptyStr;
          default = paths.kernelOptions (over.options or [ ]);
          defaultText = lib.literalMD "those of the file system that holds the store";
          example = [ "noatime" ];
          description = "Its mount options.";
        };
      };
    }
  );

  accept = types.coercedTo types.str (glob: { inherit glob; }) (
    types.submodule {
      options = {
        glob = mkOption {
          type = types.nonEmptyStr;
          example = "/var/tmp/**";
          description = "Which paths: `*` and `?` within a component, `**` across components.";
        };
        because = mkOption {
          type = types.nullOr types.nonEmptyStr;
          default = null;
          example = "scratch space";
          description = "Why; reports repeat it.";
        };
      };
    }
  );
in
{
  options.blankslate = {
    enable = lib.mkEnableOption "blankslate, a root that is blank at every boot";

    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ../package.nix { zfs = config.boot.zfs.package; };
      defaultText = literalExpression "pkgs.callPackage ../package.nix { zfs = config.boot.zfs.package; }";
      description = "The programs for the host.";
    };

    initrdPackage = mkOption {
      type = types.package;
      default = cfg.package.initrd;
      defaultText = literalExpression "config.blankslate.package.initrd";
      description = ''
        The program for the initrd. It links libzfs_core, which has to be of the version that the kernel
        module is of.
      '';
    };

    roots = mkOption {
      type = types.attrsOf root;
      default = { };
      example = literalExpression ''{ "/" = { dataset = "rpool/local/root"; }; }'';
      description = ''
        What is erased at every boot, by mount point. Without any, declared paths are only put in place.
      '';
    };

    stores = mkOption {
      type = types.attrsOf store;
      default = { };
      example = literalExpression ''{ "/persist".directories = [ "/var/lib/postgresql" ]; }'';
      description = ''
        What survives, by the directory that keeps it. It has to lie on a file system of its own, which
        is mounted in the initrd.
      '';
    };

    report.accept = mkOption {
      type = types.listOf accept;
      default = [ ];
      example = literalExpression ''[ { glob = "/var/tmp/**"; because = "scratch space"; } ]'';
      description = "What {command}`what-will-i-lose` does not count as lost.";
    };

    summaryBeforeShutdown = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether to say on the console and in the journal what the next boot will erase, before every
        shutdown or reboot. It takes as long as one scan of the root, at most a minute.
      '';
    };

    settings = mkOption {
      type = types.submodule { freeformType = format.type; };
      default = { };
      example = literalExpression ''
        { report.accept = [ { glob = "/srv/cache/**"; } ]; }
      '';
      description = ''
        The content of {file}`/etc/blankslate/config.toml`. The options above write it; what is written
        here is added to it, lists at the end. It is checked when the system is built.
      '';
    };

    dangerouslySkipChecks = mkOption {
      type = types.listOf (types.enum checks);
      default = [ ];
      example = [ "uid-map" ];
      description = ''
        Checks that may fail without stopping the evaluation. Each of them stands for data that hosts
        have lost. The message of an assertion that can be skipped names it.
      '';
    };

    presetsFile = mkOption {
      type = types.path;
      default = ../src/presets.toml;
      internal = true;
      visible = false;
      description = "The table of presets.";
    };
  };

  # What holds a root or a store is mounted by the initrd: before it can be erased, and before
  # anything is taken from it. A second declaration of the option adds to its type.
  options.fileSystems = mkOption {
    type = types.attrsOf (
      types.submodule (
        { config, ... }:
        let
          needed = lib.attrNames cfg.roots ++ lib.attrNames cfg.stores;
          holds = lib.any (paths.isAtOrAbove (paths.normal config.mountPoint)) (map paths.normal needed);
        in
        {
          config = lib.mkIf (cfg.enable && holds) { neededForBoot = lib.mkDefault true; };
        }
      )
    );
  };
}
