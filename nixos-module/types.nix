# The types of one declared path and of what is kept in a home.
{
  lib,
  config,
}:
let
  inherit (lib) literalExpression mkOption types;
  inherit (import ./accounts.nix { inherit config lib; }) groupOf;

  # Text of a shape, called by what it is: nobody can read an expression in a message.
  shaped =
    pattern: description:
    types.strMatching pattern
    // {
      inherit description;
      descriptionClass = "nonRestrictiveClause";
    };
  pathOfHost = shaped "/.+" "absolute path, e.g. /var/lib/x";
  pathInHome = shaped "/|[^/].*" "path relative to the home, e.g. .ssh, or / for all of it";

  principal = types.nullOr (types.either types.ints.unsigned types.nonEmptyStr);

  # What may be said about one path. Seen from a home it is relative, and `/` is the home itself.
  # `examples` has a path, and another one with the mode of what nobody else may read.
  pathOptions = kind: examples: owner: {
    path = mkOption {
      type = if owner == { } then pathOfHost else pathInHome;
      example = examples.plain;
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
      type = types.nullOr (shaped "[0-7]{3,4}" "octal mode in quotes, e.g. \"0750\"");
      default = null;
      example = examples.mode;
      description = ''
        Permission bits, likewise. If it is `null`, they are those that suit its owner: `0700` for a
        directory of a user. Only what holds a secret needs one.
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
    kind: examples: owner: description:
    mkOption {
      type = types.listOf (
        types.coercedTo types.str (path: { inherit path; }) (
          types.submodule { options = pathOptions kind examples owner; }
        )
      );
      default = [ ];
      inherit description;
      example = literalExpression ''[ "${examples.plain}" { path = "${examples.secret}"; mode = "${examples.mode}"; } ]'';
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
      owner = {
        user = name;
        userText = literalExpression "<name>";
        group = groupOf name;
        groupText = literalExpression "config.users.users.<name>.group";
      };
    in
    {
      options = {
        home = mkOption {
          type = types.str;
          default = config.users.users.${name}.home or "";
          defaultText = literalExpression "config.users.users.<name>.home";
          example = "/home/alice";
          description = "The home directory that the paths are seen from.";
        };
        presets = presets "of those with paths in a home" "ssh";
        directories = listOfPaths "directory" {
          plain = "Documents";
          secret = ".ssh";
          mode = "0700";
        } owner "Directories in this home that are kept.";
        files = listOfPaths "file" {
          plain = ".config/starship.toml";
          secret = ".netrc";
          mode = "0600";
        } owner ''
          Files in this home that are kept. A file that its program replaces by renaming should not be
          declared alone: declare the directory that holds it.
        '';
      };
    }
  );
in
{
  inherit shaped user;
  presets = presets "of those with paths on the host" "bluetooth";
  directories = listOfPaths "directory" {
    plain = "/var/lib/postgresql";
    secret = "/var/lib/secrets";
    mode = "0700";
  } { } "Directories that are kept, with everything in them.";
  files = listOfPaths "file" {
    plain = "/etc/machine-id";
    secret = "/etc/wireguard/wg0.key";
    mode = "0600";
  } { } ''
    Files that are kept. A file that its program replaces by renaming should not be declared alone:
    declare the directory that holds it.
  '';
}
