# A host to test on: the example of the documents, and what is changed of it.
{
  lib ? import (builtins.getEnv "BLANKSLATE_NIXPKGS_LIB"),
}:
let
  module = ../../nixos-module;
  pkgs = import ./pkgs.nix { inherit lib; };

  # systemd's rule, as much of it as absolute paths need. NixOS fails where a path goes up, too.
  escapeSystemdPath =
    path:
    let
      names = lib.filter (name: name != "" && name != ".") (lib.splitString "/" path);
      escaped = lib.strings.escapeC (lib.stringToCharacters " !\"#$%&'()*+,;<=>?@[\\]^`{|}~-");
      name = lib.concatMapStringsSep "-" escaped names;
    in
    if lib.elem ".." names then
      throw "escapeSystemdPath: ${path} is not a normalized path"
    else if names == [ ] then
      "-"
    else if lib.hasPrefix "." name then
      "\\x2e${lib.removePrefix "." name}"
    else
      name;

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
      # As arguments that modules hand out, which no `imports` can depend on.
      modules = [
        (import ./stubs.nix { inherit lib pkgs; })
        { _module.args = { inherit pkgs utils; }; }
      ]
      ++ modules;
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
