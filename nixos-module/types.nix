# The types of one declared path and of what is kept in a home.
{
  lib,
  config,
}:
let
  inherit (lib) literalExpression mkOption types;

  principal = types.nullOr (types.either types.ints.unsigned types.nonEmptyStr);

  # What may be said about one path. Seen from a home it is relative, and `/` is the home itself.
  pathOptions = kind: example: owner: {
    path = mkOption {
      type = types.strMatching (if owner == { } then "/.+" else "/|[^/].*");
      inherit example;
      description = "The path of the ${kind}.";
    };
    how = mkOption {
      type = types.enum [
        "bind"
        "symlink"
      ];
      default = "bind";
      description = ''
        How it is put in place: as a bind mount of what the store keeps, or as a symlink to it.
      '';
    };
    user = mkOption {
      type = principal;
      default = owner.user or null;
      defaultText = owner.userText or (literalExpression "null");
      example = "postgres";
      description = ''
        Owner, by name or number, where the ${kind} has to be created. What exists keeps its owner. If
        it is `null`, the owner is that of what lies around it.
      '';
    };
    group = mkOption {
      type = principal;
      default = owner.group or null;
      defaultText = owner.groupText or (literalExpression "null");
      example = "postgres";
      description = "Group, likewise.";
    };
    mode = mkOption {
      type = types.nullOr (types.strMatching "[0-7]{3,4}");
      default = null;
      example = "0700";
      description = ''
        Permission bits, likewise. If it is `null`, they are those that suit its owner: `0700` for a
        directory of a user.
      '';
    };
    because = mkOption {
      type = types.nullOr types.nonEmptyStr;
      default = null;
      example = "paired devices";
      description = "Why it is kept; reports repeat it.";
    };
  };

  listOfPaths =
    kind: example: owner: description:
    mkOption {
      type = types.listOf (
        types.coercedTo types.str (path: { inherit path; }) (
          types.submodule { options = pathOptions kind example owner; }
        )
      );
      default = [ ];
      inherit description;
      example = literalExpression ''[ "${example}" { path = "${example}"; mode = "0700"; } ]'';
    };

  presets =
    what: example:
    mkOption {
      type = types.listOf types.nonEmptyStr;
      default = [ ];
      example = [ example ];
      description = ''
        Named sets of paths that are kept, ${what}. They are listed in {file}`src/presets.toml`. A path
        that {option}`directories` or {option}`files` names as well is taken from there.
      '';
    };

  # One user of one store. The owner of what is kept in a home is whose home it is.
  user = types.submodule (
    { name, ... }:
    let
      account = config.users.users.${name} or { };
      owner = {
        user = name;
        userText = literalExpression "<name>";
        group = account.group or null;
        groupText = literalExpression "config.users.users.<name>.group";
      };
    in
    {
      options = {
        home = mkOption {
          type = types.str;
          default = account.home or "";
          defaultText = literalExpression "config.users.users.<name>.home";
          example = "/home/alice";
          description = "The home directory that the paths are seen from.";
        };
        presets = presets "of those with paths in a home" "ssh";
        directories = listOfPaths "directory" "Documents" owner "Directories in this home that are kept.";
        files = listOfPaths "file" ".config/monitors.xml" owner ''
          Files in this home that are kept. A file that its program replaces by renaming should not be
          declared alone: declare the directory that holds it.
        '';
      };
    }
  );
in
{
  inherit user;
  presets = presets "of those with paths on the host" "bluetooth";
  directories =
    listOfPaths "directory" "/var/lib/secrets" { }
      "Directories that are kept, with everything in them.";
  files = listOfPaths "file" "/etc/machine-id" { } ''
    Files that are kept. A file that its program replaces by renaming should not be declared alone:
    declare the directory that holds it.
  '';
}
