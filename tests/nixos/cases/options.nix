# Every option says what it takes.
{ host }:
let
  inherit (host) lib;
  documented = import (host.module + "/docs") {
    inherit lib;
    options = host.options.blankslate;
  };
  own = documented.list;
in
{
  "every option has a type and a description that ends as a sentence" = {
    actual = map (option: option.name) (
      lib.filter (
        option: option.type == "unspecified value" || !lib.hasSuffix "." (lib.trim option.description)
      ) own
    );
    expected = [ ];
  };

  "every option has a default or is a table of others" = {
    actual = map (option: option.name) (lib.filter (option: !option ? default) own);
    expected = [
      "blankslate.report.accept.*.glob"
      "blankslate.stores.<name>.directories.*.path"
      "blankslate.stores.<name>.files.*.path"
      "blankslate.stores.<name>.users.<name>.directories.*.path"
      "blankslate.stores.<name>.users.<name>.files.*.path"
    ];
  };

  "a text of a shape is called by what it is" = {
    actual = lib.concatMap (
      option:
      lib.optional (lib.hasInfix "e.g." option.type) {
        name = lib.last (lib.splitString "stores.<name>." option.name);
        value = option.type;
      }
    ) own;
    expected =
      let
        host = "absolute path, e.g. /var/lib/x";
        home = "path relative to the home, e.g. .ssh, or / for all of it";
        mode = "null or (octal mode in quotes, e.g. \"0750\")";
      in
      lib.attrsToList {
        "blankslate.roots.<name>.snapshotGuid" =
          "null or (number in quotes, e.g. \"12038716358112716212\")";
        "directories.*.mode" = mode;
        "directories.*.path" = host;
        "files.*.mode" = mode;
        "files.*.path" = host;
        mountPoint = "null or (absolute path, e.g. /persist)";
        "users.<name>.directories.*.mode" = mode;
        "users.<name>.directories.*.path" = home;
        "users.<name>.files.*.mode" = mode;
        "users.<name>.files.*.path" = home;
      };
  };

  "nobody has to read an expression" = {
    actual = lib.filter (option: lib.hasInfix "pattern" option.type) own;
    expected = [ ];
  };

  "an example says nothing twice" = {
    actual = lib.filter (
      option:
      !lib.allUnique (
        lib.filter lib.isList (builtins.split "\"([^\"]*)\"" (option.example.text or ""))
      )
    ) own;
    expected = [ ];
  };

  "the options of the issue are there" = {
    actual = lib.subtractLists (map (option: option.name) own) (
      map (name: "blankslate.${name}") [
        "enable"
        "package"
        "report.accept.*.because"
        "report.accept.*.glob"
        "roots.<name>.dataset"
        "roots.<name>.newerSnapshots"
        "roots.<name>.onFailure"
        "roots.<name>.snapshot"
        "settings"
        "stores.<name>.directories.*.mode"
        "stores.<name>.files.*.path"
        "stores.<name>.presets"
        "stores.<name>.users.<name>.directories"
        "stores.<name>.users.<name>.files"
        "summaryBeforeShutdown"
      ]
    );
    expected = [ ];
  };
}
