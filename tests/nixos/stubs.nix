# The NixOS options that the module reads or writes, and nothing more of NixOS: under their names, with
# their types and defaults, held against nixpkgs of the middle of 2026. The tests evaluate the real module
# with nixpkgs' real library on top of these. Units have a file of their own, stubs-units.nix.
{ lib, pkgs }:
let
  inherit (lib) mkDefault mkIf mkOption types;
  option =
    type: default:
    mkOption {
      inherit type default;
    };
  bool = option types.bool;
  set = options: types.submodule { inherit options; };
  sets = options: option (types.attrsOf (set options)) { };
  nullable = type: option (types.nullOr type) null;
  packages = option (types.listOf types.package) [ ];

  # The type of a file system has no default; that of a mount point takes no slash at its end.
  isMountPoint = path: path == "/" || path != "" && !lib.hasSuffix "/" path;
  fileSystem = types.submodule (
    { config, name, ... }:
    {
      options = {
        enable = bool true;
        mountPoint = option (types.addCheck types.str isMountPoint) name;
        device = nullable types.nonEmptyStr;
        fsType = mkOption { type = types.nonEmptyStr; };
        options = option (types.nonEmptyListOf types.nonEmptyStr) [ "defaults" ];
        neededForBoot = bool false;
      };
      config = {
        device = mkIf (config.fsType == "tmpfs") (mkDefault "tmpfs");
        options = mkIf config.neededForBoot [ "x-initrd.mount" ];
      };
    }
  );

  user =
    home:
    types.submodule (
      { config, name, ... }:
      {
        options = {
          enable = bool true;
          uid = nullable types.int;
          group = option types.str "";
          home = option types.path "/var/empty";
          isNormalUser = bool false;
          isSystemUser = bool false;
          extraGroups = option (types.listOf types.str) [ ];
          hashedPasswordFile = nullable types.str;
        };
        config = mkIf config.isNormalUser {
          group = mkDefault "users";
          home = mkDefault "${home}/${name}";
        };
      }
    );

  etcFile = types.submodule (
    { name, ... }:
    {
      options = {
        enable = bool true;
        target = option types.str name;
        mode = option types.str "symlink";
        source = mkOption { type = types.path; };
        text = nullable types.lines;
      };
    }
  );

  snapshots = {
    autosnap = nullable types.bool;
    autoprune = nullable types.bool;
  };
  dataset = snapshots // {
    recursive = option (types.either types.bool (types.enum [ "zfs" ])) false;
    process_children_only = bool false;
    use_template = option (types.listOf types.str) [ ];
  };

  grubCopy = set {
    path = mkOption { type = types.str; };
    devices = option (types.listOf types.str) [ ];
  };
in
{ config, ... }:
let
  inherit (config.boot) loader;
  inherit (config.system.etc) overlay;
  hasOtherLoader = lib.any (name: loader.${name}.enable) [
    "generic-extlinux-compatible"
    "limine"
    "refind"
    "systemd-boot"
  ];
in
{
  imports = [ (import ./stubs-units.nix { inherit lib; }) ];

  options = {
    assertions = option (types.listOf types.unspecified) [ ];
    warnings = option (types.listOf types.str) [ ];
    fileSystems = option (types.attrsOf fileSystem) { } // {
      apply = lib.filterAttrs (_: fs: fs.enable);
    };
    swapDevices = option (types.listOf (set {
      device = mkOption { type = types.nonEmptyStr; };
    })) [ ];
    networking.hostId = nullable types.str;

    boot = {
      initrd.enable = bool true;
      initrd.luks.devices = sets {
        device = mkOption { type = types.str; };
        keyFile = nullable types.str;
      };
      loader = {
        # The one that a host has which says nothing.
        grub.enable = bool true;
        grub.mirroredBoots = option (types.listOf grubCopy) [ ];
        systemd-boot.enable = bool false;
        systemd-boot.xbootldrMountPoint = nullable types.str;
        limine.enable = bool false;
        refind.enable = bool false;
        generic-extlinux-compatible.enable = bool false;
        efi.efiSysMountPoint = option types.str "/boot";
      };
      zfs.package = option types.package (pkgs.zfs // { name = "zfs of the host"; });
      zfs.unsafeAllowHibernation = bool false;
    };

    environment.etc = option (types.attrsOf etcFile) { };
    environment.systemPackages = packages;

    services = {
      openssh = {
        enable = bool false;
        generateHostKeys = bool config.services.openssh.enable;
        hostKeys = option (types.listOf types.attrs) [
          {
            type = "rsa";
            bits = 4096;
            path = "/etc/ssh/ssh_host_rsa_key";
          }
          {
            type = "ed25519";
            path = "/etc/ssh/ssh_host_ed25519_key";
          }
        ];
      };
      sanoid = {
        enable = bool false;
        datasets = sets dataset;
        templates = sets snapshots;
      };
      userborn = {
        enable = bool false;
        static = bool false;
        passwordFilesLocation = option types.str (
          if overlay.enable && !overlay.mutable && !config.services.userborn.static then
            "/var/lib/nixos"
          else
            "/etc"
        );
      };
      zfs.autoSnapshot.enable = bool false;
    };

    system = {
      checks = packages;
      etc.overlay.enable = bool false;
      etc.overlay.mutable = bool true;
    };

    systemd.sysusers.enable = bool false;

    users = {
      mutableUsers = bool true;
      defaultUserHome = option types.str "/home";
      users = option (types.attrsOf (user config.users.defaultUserHome)) { };
      groups = sets { gid = nullable types.int; };
    };
  };

  config = {
    boot.loader.grub.enable = mkIf hasOtherLoader (mkDefault false);
    users.users.root = {
      uid = 0;
      group = "root";
      home = "/root";
    };
    users.users.nobody = {
      uid = 65534;
      group = "nogroup";
      isSystemUser = true;
    };
    users.groups.root.gid = 0;
    users.groups.users.gid = 100;
  };
}
