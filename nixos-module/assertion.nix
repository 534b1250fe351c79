# One assertion, and one that may be skipped by its name in check-names.nix.
{ config, lib }:
rec {
  must = assertion: message: { inherit assertion message; };

  should =
    name: assertion: message:
    must (lib.elem name config.blankslate.dangerouslySkipChecks || assertion)
      "${message}, or accept it with blankslate.dangerouslySkipChecks = [ \"${name}\" ]";
}
