# The hosts of vm-tests/nixos, as far as they can be evaluated without nixpkgs: with what makes a virtual
# machine of a host left out.
{ host }:
let
  inherit (host) lib;
  folder = ../../../vm-tests/nixos;
  inherit (lib) mkOption types;
  any = mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };

  virtual =
    { config, ... }:
    {
      options = {
        virtualisation = any;
        specialisation = any;
        boot.supportedFilesystems = any;
        boot.zfs.devNodes = mkOption { type = types.str; };
        system.nixos-init.enable = mkOption {
          type = types.bool;
          default = false;
        };
        users.users = mkOption {
          type = types.attrsOf (types.submodule { options.password = mkOption { type = types.str; }; });
        };
      };
      config = { inherit (config.virtualisation) fileSystems; };
    };

  # Without packages of nixpkgs in the PATH.
  machine = import (folder + "/machine.nix") { inherit (host) module; };
  plain = args: machine (args // { pkgs.jq = host.pkgs.zfs; });

  # The collection, with a nixpkgs that hands back each test.
  tests = import folder {
    pkgs = {
      inherit lib;
      testers.runNixOSTest = test: test;
    };
  };
  nodes = lib.concatMapAttrs (
    name: _:
    lib.mapAttrs' (node: value: lib.nameValuePair "${name}: ${node}" value)
      (import (folder + "/test-${name}.nix") { machine = plain; }).nodes
  ) tests;
  evaluated = modules: host.bare ([ virtual ] ++ modules);
  more = evaluated [
    nodes."switch: machine"
    nodes."switch: machine".specialisation.more.configuration
  ];
  declaresLater =
    config:
    lib.any (entry: entry.target == "/var/lib/later") (lib.head config.blankslate.settings.store).entry;
in
{
  "every file is a test with a name of its own" = {
    actual = lib.mapAttrsToList (_: test: test.name) tests;
    expected = [
      "blankslate-boot"
      "blankslate-nixos-init"
      "blankslate-refused"
      "blankslate-switch"
    ];
  };

  "no host of a test has anything wrong" = {
    actual = lib.mapAttrs (_: node: host.failed (evaluated [ node ])) nodes;
    expected = lib.mapAttrs (_: _: [ ]) nodes;
  };

  "only an overlay on /etc is warned of" = {
    actual = lib.filterAttrs (_: warnings: warnings != [ ]) (
      lib.mapAttrs (_: node: (evaluated [ node ]).warnings) nodes
    );
    expected."nixos-init: machine" = [
      "blankslate: with an overlay on /etc the initrd does not see what was written to /etc/ssh/ssh_host_ed25519_key, /etc/ssh/ssh_host_ed25519_key.pub, /etc/ssh/ssh_host_rsa_key, /etc/ssh/ssh_host_rsa_key.pub, /etc/machine-id before it was declared; run `blankslate apply` before the next reboot"
    ];
  };

  "what is switched to is declared then" = {
    actual = map declaresLater [
      (evaluated [ nodes."switch: machine" ])
      more
    ];
    expected = [
      false
      true
    ];
  };
}
