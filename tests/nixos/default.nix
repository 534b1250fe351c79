# All cases: file → sentence → what is and what should be. The attribute `texts` holds the generated
# files that the tests hand to real programs.
let
  host = import ./host.nix { };
  cases = file: import (./cases + "/${file}.nix") { inherit host; };
  files = [
    "checks"
    "devices"
    "entries"
    "moving"
    "options"
    "presets"
    "scenarios"
    "settings"
    "units"
    "warnings"
  ];
in
{
  cases = host.lib.genAttrs files cases;
  texts = import ./texts.nix { inherit host; };
}
