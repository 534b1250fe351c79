# Which units run where, and between what.
{ host }:
let
  inherit (host) lib mkForce with';

  initrd = change: (with' change).boot.initrd.systemd;
  rollback = change: (initrd change).services.blankslate-rollback;
  every = host.bare [ ../every-option.nix ];
  order = service: {
    inherit (service)
      after
      before
      requiredBy
      wantedBy
      wants
      ;
  };
in
{
  "the rollback is between the import of the pool and the mount of the root" = {
    actual = order (rollback { });
    expected = {
      wants = [ "zfs-import-rpool.service" ];
      after = [ "zfs-import-rpool.service" ];
      before = [ "sysroot.mount" ];
      wantedBy = [ "sysroot.mount" ];
      requiredBy = [ ];
    };
  };

  "pools and devices of all roots and stores come first, and the mounts of all roots later" = {
    actual = order every.boot.initrd.systemd.services.blankslate-rollback;
    expected = {
      wants = [
        "zfs-import-rpool.service"
        "zfs-import-tank.service"
        "zfs-import-safe.service"
        "dev-disk-by\\x2duuid-6f1c.device"
      ];
      after = [
        "zfs-import-rpool.service"
        "zfs-import-tank.service"
        "zfs-import-safe.service"
        "dev-disk-by\\x2duuid-6f1c.device"
        "systemd-makefs@dev-disk-by\\x2duuid-6f1c.service"
        "systemd-fsck@dev-disk-by\\x2duuid-6f1c.service"
      ];
      before = [
        "sysroot.mount"
        "sysroot-srv-ephemeral\\x20data.mount"
      ];
      requiredBy = [ "sysroot.mount" ];
      wantedBy = [ "sysroot-srv-ephemeral\\x20data.mount" ];
    };
  };

  "a root that must be blank stops the boot, and one that may stay does not" = {
    actual = {
      continue = (rollback { }).serviceConfig;
      emergency =
        let
          service = rollback { blankslate.roots."/".onFailure = "emergency"; };
        in
        {
          inherit (service) requiredBy serviceConfig wantedBy;
        };
    };
    expected = {
      continue = { };
      emergency = {
        requiredBy = [ "sysroot.mount" ];
        wantedBy = [ ];
        serviceConfig.SuccessExitStatus = "1";
      };
    };
  };

  "the second mount of /usr comes later, too" = {
    actual =
      (rollback {
        blankslate.roots."/usr" = { };
        fileSystems."/usr" = {
          device = "rpool/local/usr";
          fsType = "zfs";
        };
      }).before;
    expected = [
      "sysroot.mount"
      "sysroot-usr.mount"
      "sysusr-usr.mount"
    ];
  };

  "without a root nothing is rolled back, and paths are put in place" = {
    actual = lib.attrNames (initrd { blankslate.roots = mkForce { }; }).services;
    expected = [ "blankslate-persist" ];
  };

  "declared paths are put in place before the initrd is done" = {
    actual = (initrd { }).services.blankslate-persist.wantedBy;
    expected = [ "initrd.target" ];
  };

  "the initrd has the program, its units and the configuration of the host" = {
    actual =
      let
        config = with' { };
        inherit (config.boot.initrd) systemd;
      in
      {
        program = map (
          file: lib.removePrefix config.blankslate.initrdPackage.outPath file.source
        ) systemd.storePaths;
        units = map (package: package.name) systemd.packages;
        isSame =
          systemd.contents."/etc/blankslate/config.toml".source
          == config.environment.etc."blankslate/config.toml".source;
      };
    expected = {
      program = [ "/bin/blankslate-initrd" ];
      units = [ "blankslate-initrd" ];
      isSame = true;
    };
  };

  "the host applies once more, and again when something changes" = {
    actual =
      let
        config = with' { };
        service = config.systemd.services.blankslate;
      in
      {
        inherit (service) reloadIfChanged unitConfig wantedBy;
        triggers = map (trigger: trigger.name) service.restartTriggers;
        programs = map (package: package.name) config.environment.systemPackages;
        units = map (package: package.name) config.systemd.packages;
      };
    expected = {
      wantedBy = [ "sysinit.target" ];
      unitConfig.RequiresMountsFor = [ "\"/persist\"" ];
      reloadIfChanged = true;
      triggers = [ "blankslate.toml" ];
      programs = [ "blankslate" ];
      units = [ "blankslate" ];
    };
  };

  "the configuration is checked when the system is built" = {
    actual =
      let
        config = with' { };
        check = lib.head config.system.checks;
      in
      lib.hasPrefix "${config.blankslate.package}/bin/blankslate check ${config.blankslate.configFile}\n" check.script;
    expected = true;
  };

  "the summary is off, and says nothing on a switch" = {
    actual = {
      off = (with' { }).systemd.services ? blankslate-summary;
      on = {
        inherit (every.systemd.services.blankslate-summary) restartIfChanged wantedBy;
      };
    };
    expected = {
      off = false;
      on = {
        wantedBy = [ "multi-user.target" ];
        restartIfChanged = false;
      };
    };
  };

  "a kept machine-id is not committed" = {
    actual = {
      kept = (initrd { }).suppressedUnits;
      condition = (with' { }).systemd.services.systemd-machine-id-commit.unitConfig;
      other = (initrd { blankslate.stores."/persist".files = mkForce [ ]; }).suppressedUnits;
      others =
        (with' { blankslate.stores."/persist".files = mkForce [ ]; }).systemd.services
        ? systemd-machine-id-commit;
    };
    expected = {
      kept = [ "systemd-machine-id-commit.service" ];
      condition.ConditionFirstBoot = true;
      other = [ ];
      others = false;
    };
  };

  "a condition of NixOS on committing the machine-id is joined" = {
    actual =
      (with' {
        systemd.services.systemd-machine-id-commit.unitConfig.ConditionFirstBoot = lib.mkDefault [
          ""
          "true"
        ];
      }).systemd.services.systemd-machine-id-commit.unitConfig.ConditionFirstBoot;
    expected = [
      ""
      "true"
      true
    ];
  };

  "what holds a root or a store is mounted in the initrd" = {
    actual = lib.mapAttrs (_: fs: fs.neededForBoot) every.fileSystems;
    expected = {
      "/" = true;
      "/big" = true;
      "/nix" = false;
      "/persist" = true;
      "/srv/ephemeral data" = true;
    };
  };

  "the packages are built from this tree, with the ZFS of the host" = {
    actual =
      let
        inherit ((with' { }).blankslate) initrdPackage package;
        built = package: {
          inherit (package) buildType cargoBuildFlags stripAllList;
          buildInputs = map (input: input.name) package.buildInputs;
        };
      in
      {
        host = built package;
        initrd = built initrdPackage;
      };
    expected = {
      host = {
        buildInputs = [ ];
        buildType = "fast";
        stripAllList = [ "bin" ];
        cargoBuildFlags = [
          "--package"
          "blankslate"
        ];
      };
      initrd = {
        buildInputs = [ "zfs of the host" ];
        buildType = "release";
        stripAllList = [ "bin" ];
        cargoBuildFlags = [
          "--package"
          "blankslate-initrd"
        ];
      };
    };
  };
}
