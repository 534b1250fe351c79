{
  description = "Tests of blankslate on real NixOS, in virtual machines";

  # Of the registry of flakes. The programs need Rust 1.88: nixos-25.11 or later.
  inputs.nixpkgs.url = "nixpkgs";

  # nix flake check ./vm-tests/nixos
  # nix build ./vm-tests/nixos#checks.x86_64-linux.boot
  outputs =
    { nixpkgs, ... }:
    {
      checks = nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
        system:
        let
          pkgs = import nixpkgs { inherit system; };
          package = pkgs.callPackage ../../package.nix { };
        in
        import ./. { inherit pkgs; }
        // {
          inherit package;
          inherit (package) initrd;
        }
      );
    };
}
