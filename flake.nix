{
  description = "A NixOS root that is blank at every boot, and an answer to what that costs";

  # No inputs: the programs are built with the nixpkgs of the host that imports the module. The tests
  # that need a nixpkgs of their own have a flake of their own, vm-tests/nixos.
  outputs = _: {
    nixosModules = {
      default = ./nixos-module;
      blankslate = ./nixos-module;
      from-impermanence = ./nixos-module/from-impermanence.nix;
      from-preservation = ./nixos-module/from-preservation.nix;
    };

    lib = import ./nixos-module/lib.nix;

    overlays.default = final: _: {
      blankslate = final.callPackage ./package.nix { };
    };
  };
}
