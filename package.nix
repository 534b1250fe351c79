# The programs as Nix packages: those for the host, and in `passthru.initrd` the one for the initrd.
#
# Two builds, because they want opposite things: the initrd program is small and links libzfs_core, the
# others are fast and need no ZFS. Built together, each would get what the other one needs.
{
  lib,
  stdenv,
  callPackage,
  installShellFiles,
  rustPlatform,
  pkg-config,
  # Of the version that the host's kernel module is of: config.boot.zfs.package.
  zfs,
  forInitrd ? false,
}:
let
  units =
    if forInitrd then
      [
        "blankslate-rollback.service"
        "blankslate-persist.service"
      ]
    else
      [
        "blankslate.service"
        "blankslate-summary.service"
      ];
in
rustPlatform.buildRustPackage {
  pname = if forInitrd then "blankslate-initrd" else "blankslate";
  inherit ((lib.importTOML ./Cargo.toml).workspace.package) version;

  src = lib.fileset.toSource {
    root = ./.;
    # Of the tests only what makes them targets, and of vm-tests what makes it a member of the workspace:
    # cargo refuses a manifest that names what is not there.
    fileset = lib.fileset.unions (
      [
        ./Cargo.lock
        ./Cargo.toml
        ./initrd
        ./src
        (lib.fileset.fileFilter (file: file.hasExt "rs") ./tests)
        ./vm-tests/Cargo.toml
        ./vm-tests/src
      ]
      # What the manual is made of.
      ++ lib.optionals (!forInitrd) [
        ./docs/man
        ./examples
      ]
    );
  };
  cargoLock.lockFile = ./Cargo.lock;

  buildType = if forInitrd then "release" else "fast";
  cargoBuildFlags = [
    "--package"
    (if forInitrd then "blankslate-initrd" else "blankslate")
  ];
  nativeBuildInputs = [ (if forInitrd then pkg-config else installShellFiles) ];
  buildInputs = lib.optional forInitrd zfs;

  # nixpkgs takes stripping out of the hands of cargo, and would leave every symbol that is not for a
  # debugger.
  stripAllList = [ "bin" ];

  # The tests make user namespaces and mounts, and boot virtual machines: `make test`.
  doCheck = false;

  postInstall =
    lib.concatMapStrings (unit: ''
      install -Dm444 initrd/units/${unit} "$out/lib/systemd/system/${unit}"
      substituteInPlace "$out/lib/systemd/system/${unit}" --replace-fail @bin@ "$out/bin"
    '') units
    + lib.optionalString (!forInitrd) ''
      installManPage docs/man/*
    ''
    # The other pages and the completions are written by a program that is built like those for the host.
    + lib.optionalString (!forInitrd && stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
      cargo run --offline --target ${stdenv.hostPlatform.rust.rustcTargetSpec} --example manual -- manual
      installManPage manual/man/man1/*
      for program in blankslate what-will-i-lose; do
        installShellCompletion --cmd "$program" \
          --bash "manual/completions/$program.bash" \
          --fish "manual/completions/$program.fish" \
          --zsh "manual/completions/_$program"
      done
    '';

  passthru = lib.optionalAttrs (!forInitrd) {
    initrd = callPackage ./package.nix {
      inherit zfs;
      forInitrd = true;
    };
  };

  meta = {
    description = "A NixOS root that is blank at every boot, and an answer to what that costs";
    license = [
      lib.licenses.mit
      lib.licenses.asl20
    ];
    platforms = lib.platforms.linux;
    mainProgram = if forInitrd then "blankslate-initrd" else "what-will-i-lose";
  };
}
