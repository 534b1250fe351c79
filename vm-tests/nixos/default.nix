# The scenarios of vm-tests on real NixOS. Each file is one test; a new one cannot be forgotten.
{
  pkgs,
  module ? ../../nixos-module,
}:
let
  inherit (pkgs) lib;
  machine = import ./machine.nix { inherit module; };
  files = lib.filterAttrs (
    name: _: lib.hasPrefix "test-" name && lib.hasSuffix ".nix" name
  ) (builtins.readDir ./.);
in
lib.mapAttrs' (
  file: _:
  let
    name = lib.removeSuffix ".nix" (lib.removePrefix "test-" file);
    test = import (./. + "/${file}") { inherit machine; };
  in
  lib.nameValuePair name (pkgs.testers.runNixOSTest (test // { name = "blankslate-${name}"; }))
) files
