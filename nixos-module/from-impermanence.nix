# In place of impermanence's module: `environment.persistence` stays as it is and is kept by blankslate.
{ config, lib, ... }:
let
  declared = config.environment.persistence;
in
{
  imports = [ ./. ];

  options.environment.persistence = lib.mkOption {
    type = import ./peers.nix { inherit lib; };
    default = { };
    description = ''
      What impermanence was told to keep, by store. It becomes {option}`blankslate.stores`.
    '';
  };

  config.blankslate = lib.mkIf (declared != { }) {
    enable = lib.mkDefault true;
    stores = (import ./lib.nix).fromImpermanence declared;
  };
}
