# Snapshots that something takes of a root by itself: none of them outlives a rollback.
{
  config,
  lib,
  utils,
  ...
}:
let
  facts = import ./facts.nix { inherit config lib utils; };
  inherit (import ./assertion.nix { inherit config lib; }) should;

  inherit (config.services) sanoid;
  datasets = lib.optionalAttrs (sanoid.enable or false) sanoid.datasets;

  # What a dataset says stands before what its templates say, and of these the last one.
  isOn =
    name:
    let
      set = datasets.${name};
      said =
        map (template: sanoid.templates.${template}.autosnap or null) (set.use_template or [ ])
        ++ [ (set.autosnap or null) ];
    in
    lib.foldl' (above: own: if own == null then above else own) true said;

  # Whether sanoid takes snapshots of a dataset because of what is said about one: itself, or one above
  # it. With "zfs" those below have no say.
  isTaken =
    dataset: name:
    let
      set = datasets.${name};
      hasSay = datasets ? ${dataset};
      isRecursive = set.recursive or false;
    in
    isOn name
    && (
      if name == dataset then
        !(set.process_children_only or false)
      else
        lib.hasPrefix "${name}/" dataset
        && (isRecursive == "zfs" || isRecursive == true && (!hasSay || isOn dataset))
    );

  option = name: "services.sanoid.datasets.\"${name}\"";
  cure =
    dataset: name:
    lib.optionalString (
      datasets.${name}.recursive or false == "zfs"
    ) "${option name}.recursive = true, with which those below have a say, and "
    + "${option dataset}.autosnap = false";

  perRoot =
    root:
    map (
      name:
      should "auto-snapshots" false
        "${option name} takes snapshots of ${root.dataset}, and every rollback ${
          if root.refusesNewer then "is refused because of them" else "destroys them"
        }; set ${cure root.dataset name}"
    ) (lib.filter (isTaken root.dataset) (lib.attrNames datasets))
    ++ [
      (should "auto-snapshots" (!(config.services.zfs.autoSnapshot.enable && root.refusesNewer))
        "services.zfs.autoSnapshot is on, and a snapshot of ${root.dataset} stops every rollback, because newerSnapshots is \"refuse\"; set blankslate.roots.\"${root.mount}\".newerSnapshots = \"destroy\""
      )
    ];
in
{
  config = lib.mkIf config.blankslate.enable {
    assertions = lib.concatMap perRoot facts.roots;
  };
}
