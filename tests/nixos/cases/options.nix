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
