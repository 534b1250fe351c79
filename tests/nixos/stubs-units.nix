# systemd's part of the stubs: what a service may say in the initrd and on the host, and what goes into the
# initrd.
{ lib }:
let
  inherit (lib) mkOption types;
  option =
    type: default:
    mkOption {
      inherit type default;
    };
  bool = option types.bool;

  kinds = "automount|device|mount|path|scope|service|slice|socket|swap|target|timer";
  unitName = types.strMatching "[A-Za-z0-9@%:_.\\\\-]+\\.(${kinds})";
  unitNames = option (types.listOf unitName) [ ];

  # The value of a key: one, or a list with a line for each. Lists of several definitions are joined, and
  # a single value joins them.
  value = lib.mkOptionType {
    name = "value of a key in a unit";
    merge =
      at: definitions:
      let
        all = map (one: one.value) definitions;
      in
      if lib.any lib.isList all then lib.flatten all else lib.mergeEqualOption at definitions;
  };
  keys = option (types.attrsOf value) { };

  both = {
    description = option types.singleLineStr "";
    script = option types.lines "";
    after = unitNames;
    before = unitNames;
    requires = unitNames;
    wants = unitNames;
    wantedBy = unitNames;
    requiredBy = unitNames;
    serviceConfig = keys;
    unitConfig = keys;
  };
  # Nothing is switched to in an initrd.
  onHost = both // {
    reloadIfChanged = bool false;
    restartIfChanged = bool true;
    restartTriggers = option (types.listOf types.unspecified) [ ];
    reloadTriggers = option (types.listOf value) [ ];
  };
  services = options: option (types.attrsOf (types.submodule { inherit options; })) { };
  packages = option (types.listOf types.package) [ ];
  names = option (types.listOf types.str) [ ];

  inInitrd = {
    enable = bool true;
    source = mkOption { type = types.path; };
    target = option (types.nullOr types.path) null;
  };
  file = types.submodule { options = inInitrd; };
  content = types.submodule (
    { name, ... }:
    {
      options = inInitrd // {
        text = option (types.nullOr types.lines) null;
      };
      config.target = lib.mkDefault name;
    }
  );
in
{
  options.boot.initrd.systemd = {
    enable = bool true;
    inherit packages;
    services = services both;
    storePaths = option (types.listOf (
      types.coercedTo (types.either types.singleLineStr types.package) (source: { inherit source; }) file
    )) [ ];
    contents = option (types.attrsOf content) { };
    suppressedUnits = names;
  };

  options.systemd = {
    inherit packages;
    services = services onHost;
    suppressedSystemUnits = names;
  };
}
