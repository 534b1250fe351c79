# Options of other modules, as loosely typed as their users write them, so that modules which define them
# keep working after their own module is no longer imported.
{ lib }:
let
  inherit (lib) mkOption types;
  list = mkOption {
    type = types.listOf types.anything;
    default = [ ];
    description = "Paths that are kept.";
  };
  home = types.submodule {
    freeformType = types.attrsOf types.anything;
    options = {
      directories = list;
      files = list;
    };
  };
in
types.attrsOf (
  types.submodule {
    freeformType = types.attrsOf types.anything;
    options = {
      directories = list;
      files = list;
      users = mkOption {
        type = types.attrsOf home;
        default = { };
        description = "The same in the homes of users.";
      };
    };
  }
)
