# In place of preservation's module: `preservation.preserveAt` stays as it is and is kept by blankslate.
{ config, lib, ... }:
let
  cfg = config.preservation;
in
{
  imports = [ ./. ];

  options.preservation = {
    enable = lib.mkEnableOption "keeping what {option}`preservation.preserveAt` declares, with blankslate";
    preserveAt = lib.mkOption {
      type = import ./peers.nix { inherit lib; };
      default = { };
      description = ''
        What preservation was told to keep, by store. It becomes {option}`blankslate.stores`.
      '';
    };
  };

  config.blankslate = lib.mkIf cfg.enable {
    enable = lib.mkDefault true;
    stores = (import ./lib.nix).fromPreservation cfg.preserveAt;
  };
}
