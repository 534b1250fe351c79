# The option reference as one Markdown text, from what the module itself says.
#
# `text` is docs/options.md; a test holds the two together, and writes the file anew with
# BLANKSLATE_BLESS=1.
{
  lib,
  # `blankslate` of the options of a host.
  options,
}:
let
  list = lib.filter (option: option.visible && !option.internal) (
    lib.optionAttrSetToDocList { blankslate = options; }
  );

  # Roles of nixpkgs' documents, in plain Markdown.
  plain =
    text:
    let
      parts = builtins.split "\\{(option|file|command|manpage)}(`)" text;
    in
    lib.concatStrings (map (part: if lib.isString part then part else "`") parts);

  code = text: if lib.hasInfix "\n" text then "\n\n```nix\n${lib.trim text}\n```" else " `${text}`";
  shown =
    value:
    if value._type or "" == "literalMD" then " ${value.text}" else code (value.text or "");

  one =
    option:
    lib.concatStringsSep "\n\n" (
      [
        "## `${option.name}`"
        (lib.trim (plain option.description))
        "*Type:* ${option.type}"
      ]
      ++ lib.optional (option ? default) "*Default:*${shown option.default}"
      ++ lib.optional (option ? example) "*Example:*${shown option.example}"
    );
in
{
  inherit list;
  text =
    lib.concatStringsSep "\n\n" (
      [
        "# Options of the NixOS module"
        "Generated from `nixos-module/`; do not edit."
      ]
      ++ map one list
    )
    + "\n";
}
