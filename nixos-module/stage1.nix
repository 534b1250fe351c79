# The initrd: which units run there, and between what.
#
# The units themselves are those of the package (initrd/units); here is only what this host knows.
#
# Stage 1 has to be the one made of systemd units. The scripted one is deprecated and about to be
# removed, pools are imported in a hook of it that has moved before, and its order is that of text which
# modules paste together: a root that is rolled back too early or not at all is what its recipes are
# known for. A host that still has it is told so by an assertion, and not served worse in silence.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.blankslate;
  facts = import ./facts.nix { inherit config lib utils; };
  inherit (facts) roots stores;

  emergencies = lib.filter (root: root.isEmergency) roots;
  others = lib.filter (root: !root.isEmergency) roots;
  mountsOf = map (root: facts.mountUnit root.mount);

  # Pools of roots, and of stores: what lies only on a root is copied into them before it goes.
  datasets =
    map (root: root.dataset) roots
    ++ map (store: store.device) (
      lib.filter (store: store.fs == "zfs" && store.device != null) stores
    );
  imports = lib.unique (map facts.importUnit datasets);

  # The same for stores that are not on a pool.
  devices = map facts.deviceUnits (lib.filter facts.adopts stores);
  all = name: lib.unique (lib.concatMap (units: units.${name} or [ ]) devices);

  keepsMachineId = lib.any (entry: entry.target == "/etc/machine-id") facts.entries;
in
{
  config = lib.mkIf cfg.enable {
    boot.initrd.systemd = {
      packages = [ cfg.initrdPackage ];

      # What only an ExecStart= names is not copied into the initrd.
      storePaths = [ (lib.getExe' cfg.initrdPackage "blankslate-initrd") ];

      services.blankslate-rollback = lib.mkIf (roots != [ ]) {
        # Wanted and not required: where a pool or a device is missing the program says so, on the
        # console and in the receipt. A unit that was never started says nothing.
        wants = imports ++ all "wants";
        after = imports ++ all "wants" ++ all "after";

        # Of the dataset at /usr the initrd has a second mount.
        before =
          mountsOf roots
          ++ lib.optional (lib.any (root: root.mount == "/usr") roots) "sysusr-usr.mount";

        # Where the root has to be blank, its mount fails with the rollback, and with it the boot.
        requiredBy = mountsOf emergencies;
        wantedBy = mountsOf others;

        # The program ends with 1 if only a root that may stay as it is did so. A mount that requires
        # this unit is not to fail for that; where none does, a failed unit is one sign more.
        serviceConfig = lib.mkIf (emergencies != [ ]) { SuccessExitStatus = "1"; };
      };

      services.blankslate-persist.wantedBy = [ "initrd.target" ];

      # See stage 2.
      suppressedUnits = lib.mkIf keepsMachineId [ "systemd-machine-id-commit.service" ];
    };

    # It makes a transient machine-id permanent and takes every mount at /etc/machine-id for one. What is
    # kept is permanent, so that it would fail in every boot.
    systemd.services.systemd-machine-id-commit = lib.mkIf keepsMachineId {
      unitConfig.ConditionFirstBoot = lib.mkDefault true;
    };
  };
}
