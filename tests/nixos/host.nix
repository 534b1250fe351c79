# A host to test on: the example of the documents, and what is changed of it.
{
  lib ? import (builtins.getEnv "BLANKSLATE_NIXPKGS_LIB"),
}:
let
  module = ../../nixos-module;
  pkgs = import ./pkgs.nix { inherit lib; };

  # systemd's rule, as much of it as paths of mounts need.
  escapeSystemdPath =
    path:
    let
      names = lib.filter (name: name != "") (lib.splitString "/" path);
      escaped = lib.strings.escapeC (lib.stringToCharacters " !\"#$%&'()*+,;<=>?@[\\]^`{|}~-");
    in
    if names == [ ] then "-" else lib.concatMapStringsSep "-" escaped names;

  early = [
    "/"
    "/nix"
    "/nix/store"
    "/var"
    "/var/log"
    "/var/lib"
    "/var/lib/nixos"
    "/etc"
    "/usr"
  ];
  utils = {
    inherit escapeSystemdPath;
    fsNeededForBoot = fs: fs.neededForBoot || lib.elem fs.mountPoint early;
  };

  evaluated =
    modules:
    lib.evalModules {
      modules = [ (import ./stubs.nix { inherit lib; }) ] ++ modules;
      specialArgs = { inherit pkgs utils; };
    };
in
rec {
  inherit
    lib
    module
    pkgs
    utils
    ;
  inherit (lib) mkForce;
  example = import (module + "/examples/host.nix");

  # The configuration of a host that imports the module and `modules`.
  bare = modules: (evaluated ([ module ] ++ modules)).config;
  options = (evaluated [ module ]).options;
  importing = modules: (evaluated modules).config;

  # A host of a peer that imports the module here in place of its own, and is told what is erased.
  moved =
    peer:
    importing [
      (module + "/from-${peer}.nix")
      (module + "/examples/${peer}.nix")
      (removeAttrs example [ "blankslate" ])
      { blankslate.roots."/" = { }; }
    ];

  # The example with something changed.
  with' = change: bare [ example change ];

  failed = config: map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);
  toml = config: config.blankslate.configFile.text;

  # An attribute of a host that nobody can evaluate: null instead of an error that cannot be caught.
  tried =
    value:
    let
      attempt = builtins.tryEval (builtins.deepSeq value value);
    in
    if attempt.success then attempt.value else "does not evaluate";
}
