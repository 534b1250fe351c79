# Snapshots of a root that are taken by themselves.
{
  fires,
  holds,
  ...
}:
let
  sanoid = datasets: {
    services.sanoid = {
      enable = true;
      inherit datasets;
    };
  };
  templates.services.sanoid.templates = {
    kept.autosnap = true;
    ignored.autosnap = false;
  };
  both = a: b: { imports = [ a b ]; };
in
{
  "snapshots of the root by sanoid are named" =
    fires (sanoid { "rpool/local/root".autosnap = true; })
      "services.sanoid.datasets.\"rpool/local/root\" takes snapshots of rpool/local/root, and every rollback destroys them; set services.sanoid.datasets.\"rpool/local/root\".autosnap = false, or accept it with blankslate.dangerouslySkipChecks = [ \"auto-snapshots\" ]";

  "snapshots of everything above the root are named" =
    fires
      (both (sanoid { "rpool/local".recursive = true; }) {
        blankslate.roots."/".newerSnapshots = "refuse";
      })
      "services.sanoid.datasets.\"rpool/local\" takes snapshots of rpool/local/root, and every rollback is refused because of them; set services.sanoid.datasets.\"rpool/local/root\".autosnap = false, or accept it with blankslate.dangerouslySkipChecks = [ \"auto-snapshots\" ]";

  "snapshots of what is kept are fine" = holds (sanoid {
    "rpool/safe".recursive = true;
    "rpool".recursive = false;
    "rpool/local".recursive = true;
    "rpool/local/root".autosnap = false;
  });

  "snapshots that sanoid takes of everything at once are named, whatever is said below" =
    fires
      (sanoid {
        "rpool".recursive = "zfs";
        "rpool/local/root".autosnap = false;
      })
      "services.sanoid.datasets.\"rpool\" takes snapshots of rpool/local/root, and every rollback destroys them; set services.sanoid.datasets.\"rpool\".recursive = true, with which those below have a say, and services.sanoid.datasets.\"rpool/local/root\".autosnap = false, or accept it with blankslate.dangerouslySkipChecks = [ \"auto-snapshots\" ]";

  "a template may say that there are none" =
    holds (both (sanoid {
      "rpool/local/root".use_template = [
        "kept"
        "ignored"
      ];
      "rpool" = {
        recursive = true;
        process_children_only = true;
      };
    }) templates);

  "what a dataset says stands before its template" =
    fires
      (both (sanoid {
        "rpool/local/root" = {
          use_template = [ "ignored" ];
          autosnap = true;
        };
      }) templates)
      "services.sanoid.datasets.\"rpool/local/root\" takes snapshots of rpool/local/root, and every rollback destroys them; set services.sanoid.datasets.\"rpool/local/root\".autosnap = false, or accept it with blankslate.dangerouslySkipChecks = [ \"auto-snapshots\" ]";

  "a dataset of which only what lies below is taken is not taken" = holds (sanoid {
    "rpool/local/root" = {
      recursive = true;
      process_children_only = true;
    };
  });

  "automatic snapshots that stop every rollback are named" = fires {
    services.zfs.autoSnapshot.enable = true;
    blankslate.roots."/".newerSnapshots = "refuse";
  } "services.zfs.autoSnapshot is on, and a snapshot of rpool/local/root stops every rollback, because newerSnapshots is \"refuse\"; set blankslate.roots.\"/\".newerSnapshots = \"destroy\", or accept it with blankslate.dangerouslySkipChecks = [ \"auto-snapshots\" ]";
}
