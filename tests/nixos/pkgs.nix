# What the module takes from nixpkgs besides its library: derivations that are never built, and
# pkgs.formats.toml written again, for texts that can be compared.
{ lib }:
let
  derivation =
    name: attrs:
    {
      type = "derivation";
      inherit name;
      outPath = "/nix/store/${lib.concatStrings (lib.genList (_: "0") 32)}-${name}";
    }
    // attrs;

  type =
    lib.types.oneOf [
      lib.types.bool
      lib.types.int
      lib.types.float
      lib.types.str
      lib.types.path
      (lib.types.attrsOf type)
      (lib.types.listOf type)
    ]
    // {
      description = "TOML value";
    };

  isTables = value: lib.isList value && value != [ ] && lib.all lib.isAttrs value;
  key = name: if builtins.match "[A-Za-z0-9_-]+" name != null then name else builtins.toJSON name;
  header = path: lib.concatMapStringsSep "." key path;

  # One table: its values first, then the tables in it.
  table =
    path: value:
    let
      of = wanted: lib.filter (name: wanted value.${name}) (lib.attrNames value);
      plain = of (value: !lib.isAttrs value && !isTables value);
    in
    lib.concatMapStrings (name: "${key name} = ${builtins.toJSON value.${name}}\n") plain
    + lib.concatMapStrings (
      name:
      let
        inner = path ++ [ name ];
        inside = value.${name};
        hasValues = lib.any (value: !lib.isAttrs value && !isTables value) (lib.attrValues inside);
      in
      lib.optionalString hasValues "\n[${header inner}]\n" + table inner inside
    ) (of lib.isAttrs)
    + lib.concatMapStrings (
      name:
      let
        inner = path ++ [ name ];
      in
      lib.concatMapStrings (one: "\n[[${header inner}]]\n" + table inner one) value.${name}
    ) (of isTables);
in
rec {
  # A package of which only the path is of interest.
  named = name: derivation name { };

  formats.toml = _: {
    inherit type;
    generate = name: value: derivation name { text = table [ ] value; };
  };

  runCommand =
    name: env: script:
    derivation name { inherit env script; };

  stdenv = {
    buildPlatform.canExecute = _: true;
    hostPlatform.rust.rustcTargetSpec = "x86_64-unknown-linux-gnu";
  };

  # The real package.nix, with a builder that hands back what it is told to build.
  inherit lib;
  installShellFiles = derivation "installShellFiles" { };
  pkg-config = derivation "pkg-config" { };
  zfs = derivation "zfs" { };
  rustPlatform.buildRustPackage =
    args: derivation args.pname (args // { inherit (args) passthru; } // args.passthru);
  callPackage =
    file: args:
    let
      function = import file;
      known = {
        inherit
          callPackage
          installShellFiles
          lib
          pkg-config
          rustPlatform
          stdenv
          zfs
          ;
      };
    in
    function (builtins.intersectAttrs (lib.functionArgs function) known // args);
}
