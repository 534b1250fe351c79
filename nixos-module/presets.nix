# The table of presets, and what one of them stands for. The program reads the same file.
{
  lib,
  file,
}:
let
  all = (builtins.fromTOML (builtins.readFile file)).preset or [ ];
  byName = lib.listToAttrs (map (preset: lib.nameValuePair preset.name preset) all);

  # What a preset keeps; what only tells the owner of something is no entry.
  kept = preset: lib.filter (path: !(path.optional or false)) (preset.path or [ ]);
  texts = preset: map (path: path.path) (preset.path or [ ]) ++ preset.match or [ ];
  isOfHomes = preset: lib.any (lib.hasPrefix "~") (texts preset);

  # Names that may have been meant: of nearly the same letters, or with one in the other.
  near =
    name:
    lib.filter (
      known:
      lib.strings.levenshteinAtMost 2 name known || lib.hasInfix name known || lib.hasInfix known name
    ) (lib.attrNames byName);

  # Why a preset cannot be used at this place, or null. `inHome` tells which place it is.
  problem =
    inHome: name:
    let
      preset = byName.${name};
    in
    if !byName ? ${name} then
      "there is no preset \"${name}\"; "
      + (
        if near name == [ ] then
          "the presets are listed in src/presets.toml"
        else
          "did you mean ${lib.concatMapStringsSep " or " (known: "\"${known}\"") (near name)}?"
      )
    else if kept preset == [ ] then
      "the preset \"${name}\" keeps nothing: ${preset.why}; drop it"
    else if isOfHomes preset && !inHome then
      "the preset \"${name}\" has paths in homes; write it into users.<name>.presets"
    else if !isOfHomes preset && inHome then
      "the preset \"${name}\" has paths on the host; write it into presets of the store"
    else
      null;

  # What it keeps, as one list of paths of the shape that options have. A preset that cannot be used
  # has none: an assertion says why.
  entries =
    inHome: name:
    map (path: {
      kind = path.kind or "directory";
      path = lib.removePrefix "~/" path.path;
      how = "bind";
      user = path.user or null;
      group = path.group or null;
      mode = path.mode or null;
      because = "preset ${name}";
    }) (lib.optionals (problem inHome name == null) (kept byName.${name}));
in
{
  inherit entries problem;
  names = lib.attrNames byName;
}
