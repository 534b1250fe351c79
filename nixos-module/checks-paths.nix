# Texts that cannot mean what they say, and paths that no entry can keep.
#
# A leading slash is added to a mount point and to the path of a store before anybody else sees them, so
# that a missing one has to be found here.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.blankslate;
  facts = import ./facts.nix { inherit config lib utils; };
  inherit (facts) entries paths roots;
  inherit (import ./assertion.nix { inherit config lib; }) must;

  absolute =
    option: usual: given:
    map (
      name:
      must (lib.hasPrefix "/" name)
        "blankslate.${option}.\"${name}\" is not an absolute path; write blankslate.${option}.\"${
          if name == "" then usual else paths.normal name
        }\""
    ) (lib.attrNames given);

  globs = map (
    accept:
    must (lib.hasPrefix "/" (accept.glob or "/"))
      "blankslate.report.accept: the glob \"${accept.glob}\" is not absolute; write it from the root, beginning with /"
  ) (cfg.settings.report.accept or [ ]);

  snapshots = map (
    root:
    let
      snapshot = root.snapshot or "";
    in
    must (!lib.hasInfix "@" snapshot)
      "blankslate.roots.\"${root.mount or "/"}\".snapshot is \"${snapshot}\", and the dataset is named by its own option; write only what follows the @: \"${lib.last (lib.splitString "@" snapshot)}\""
  ) (cfg.settings.root or [ ]);

  # What lies on a root by its path as well is told by checks-stores.nix.
  devices = lib.concatMap (
    store:
    map (
      root:
      must (store.device != root.dataset || facts.isErased store.path)
        "blankslate.stores.\"${store.path}\".device is \"${root.dataset}\", the dataset of the root ${root.mount}, which is erased at every boot; give the store a dataset of its own"
    ) roots
  ) facts.stores;

  # What is there anew after every boot, and who makes it.
  madeAnew = {
    "/dev" = "the kernel";
    "/etc/static" = "NixOS";
    "/proc" = "the kernel";
    "/run" = "NixOS";
    "/sys" = "the kernel";
  };
  made = lib.concatMap (
    entry:
    lib.mapAttrsToList (
      path: maker:
      must (!paths.isAtOrAbove path entry.target)
        "${entry.target} is made anew at every boot by ${maker}; drop the entry"
    ) madeAnew
  ) entries;

  booted = map (
    entry:
    must
      (
        !lib.elem entry.target [
          "/boot"
          "/nix"
          "/nix/store"
        ]
      )
      "${entry.target} is what a host boots from, before any entry is in place; drop the entry, and give it a file system of its own"
  ) entries;
in
{
  config = lib.mkIf cfg.enable {
    assertions =
      absolute "roots" "/" cfg.roots
      ++ absolute "stores" "/persist" cfg.stores
      ++ globs
      ++ snapshots
      ++ devices
      ++ made
      ++ booted;
  };
}
