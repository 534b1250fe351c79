# The NixOS options that the module reads or writes, and nothing more of NixOS. The tests evaluate the
# real module with nixpkgs' real library on top of these.
{ lib }:
let
  inherit (lib) mkOption types;
  option =
    type: default:
    mkOption {
      inherit type default;
    };
  any = types.anything;
  bool = option types.bool;
  strs = option (types.listOf types.str) [ ];
  attrs = option (types.attrsOf any) { };

  service = types.submodule {
    options = {
      description = option types.str "";
      script = option types.lines "";
      after = strs;
      before = strs;
      requires = strs;
      wants = strs;
      wantedBy = strs;
      requiredBy = strs;
      serviceConfig = attrs;
      unitConfig = attrs;
      reloadIfChanged = bool false;
      restartIfChanged = bool true;
      restartTriggers = option (types.listOf any) [ ];
    };
  };
  services = option (types.attrsOf service) { };
  packages = option (types.listOf types.package) [ ];

  fileSystem = types.submodule (
    { name, ... }:
    {
      options = {
        mountPoint = option types.str name;
        device = option (types.nullOr types.str) null;
        fsType = option types.str "auto";
        options = option (types.listOf types.str) [ "defaults" ];
        neededForBoot = bool false;
      };
    }
  );

  account =
    extra:
    types.attrsOf (
      types.submodule (
        { name, ... }:
        {
          options = extra name;
        }
      )
    );
in
{
  options = {
    assertions = option (types.listOf any) [ ];
    warnings = option (types.listOf types.str) [ ];
    fileSystems = option (types.attrsOf fileSystem) { };
    swapDevices = option (types.listOf any) [ ];
    networking.hostId = option (types.nullOr types.str) null;

    boot = {
      initrd.enable = bool true;
      initrd.luks.devices = attrs;
      initrd.systemd = {
        enable = bool true;
        inherit packages services;
        storePaths = strs;
        contents = attrs;
        suppressedUnits = strs;
      };
      loader = {
        grub.enable = bool false;
        systemd-boot.enable = bool false;
        generic-extlinux-compatible.enable = bool false;
        efi.efiSysMountPoint = option types.str "/boot";
      };
      zfs.package = option any { name = "zfs of the host"; };
      zfs.unsafeAllowHibernation = bool false;
    };

    environment.etc = option (types.attrsOf any) { };
    environment.systemPackages = packages;

    services = {
      openssh.enable = bool false;
      openssh.hostKeys = option (types.listOf any) [ ];
      sanoid.enable = bool false;
      sanoid.datasets = attrs;
      userborn.enable = bool false;
      userborn.passwordFilesLocation = option types.str "/etc";
      zfs.autoSnapshot.enable = bool false;
    };

    system = {
      checks = packages;
      etc.overlay.enable = bool false;
      etc.overlay.mutable = bool true;
    };

    systemd = {
      inherit packages services;
      sysusers.enable = bool false;
    };

    users = {
      mutableUsers = bool true;
      users = option (account (name: {
        uid = option (types.nullOr types.int) null;
        group = option types.str "users";
        home = option types.str "/home/${name}";
        isNormalUser = bool false;
        hashedPasswordFile = option (types.nullOr types.str) null;
      })) { };
      groups = option (account (_: {
        gid = option (types.nullOr types.int) null;
      })) { };
    };
  };
}
