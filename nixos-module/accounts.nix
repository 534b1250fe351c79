# What this host says about its users.
{ config, lib }:
let
  paths = import ./paths.nix { inherit lib; };
in
{
  # NixOS has "" where none was given.
  groupOf =
    name:
    let
      group = config.users.users.${name}.group or "";
    in
    if group == "" then null else group;

  # Whether something can be kept below it. /var/empty is what NixOS gives to those without a home, and
  # nobody can write to it.
  isHome =
    home:
    lib.hasPrefix "/" home
    && !lib.elem (paths.normal home) [
      "/"
      "/var/empty"
    ];
}
