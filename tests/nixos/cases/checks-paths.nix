# Texts that cannot mean what they say, and paths that no entry can keep.
{
  host,
  fires,
  holds,
}:
let
  inherit (host) failed mkForce with';

  keeps = directories: { blankslate.stores."/persist".directories = directories; };
in
{
  "a store has an absolute path" =
    fires { blankslate.stores."persist//" = { }; }
      "blankslate.stores.\"persist//\" is not an absolute path; write blankslate.stores.\"/persist\"";

  "a root has an absolute path" =
    fires { blankslate.roots."" = { }; }
      "blankslate.roots.\"\" is not an absolute path; write blankslate.roots.\"/\"";

  "a store without any path is shown the usual one" = {
    actual = failed (with' { blankslate.stores."" = { }; });
    expected = [
      "blankslate.stores.\"/\" lies on /, which is erased at every boot; give it a file system of its own: fileSystems.\"/\" = { device = \"rpool/safe/persist\"; fsType = \"zfs\"; neededForBoot = true; }"
      "blankslate.stores.\"\" is not an absolute path; write blankslate.stores.\"/persist\""
    ];
  };

  "what is accepted is told from the root on" =
    fires { blankslate.report.accept = [ "tmp/**" ]; }
      "blankslate.report.accept: the glob \"tmp/**\" is not absolute; write it from the root, beginning with /";

  "a snapshot is named without its dataset" =
    fires { blankslate.roots."/".snapshot = "rpool/local/root@blank"; }
      "blankslate.roots.\"/\".snapshot is \"rpool/local/root@blank\", and the dataset is named by its own option; write only what follows the @: \"blank\"";

  "a store is not on the dataset of a root" =
    fires { fileSystems."/persist".device = mkForce "rpool/local/root"; }
      "blankslate.stores.\"/persist\".device is \"rpool/local/root\", the dataset of the root /, which is erased at every boot; give the store a dataset of its own";

  "a dataset below that of a root is another one" = holds {
    fileSystems."/persist".device = mkForce "rpool/local/root/persist";
  };

  "what is made anew at every boot is no entry" = {
    actual = failed (
      with' (keeps [
        "/proc"
        "/sys/fs/pstore"
        "/dev/shm"
        "/run"
        "/run/current-system"
        "/etc/static"
      ])
    );
    expected = [
      "/proc is made anew at every boot by the kernel; drop the entry"
      "/sys/fs/pstore is made anew at every boot by the kernel; drop the entry"
      "/dev/shm is made anew at every boot by the kernel; drop the entry"
      "/run is made anew at every boot by NixOS; drop the entry"
      "/run/current-system is made anew at every boot by NixOS; drop the entry"
      "/etc/static is made anew at every boot by NixOS; drop the entry"
    ];
  };

  "what a host boots from is no entry" = {
    actual = failed (
      with' (keeps [
        "/nix"
        "/nix/store"
        "/boot"
      ])
    );
    expected = map (
      path:
      "${path} is what a host boots from, before any entry is in place; drop the entry, and give it a file system of its own"
    ) [ "/nix" "/nix/store" "/boot" ];
  };

  "names that only begin alike are no trouble" = holds (keeps [
    "/device"
    "/runner"
    "/nix/var"
    "/boots"
  ]);
}
