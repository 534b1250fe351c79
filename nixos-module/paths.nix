# Paths and mounts, as values. Nothing here reads a file.
{ lib }:
rec {
  # Without repeated and trailing slashes.
  normal =
    path:
    let
      names = lib.filter (name: name != "") (lib.splitString "/" path);
    in
    "/" + lib.concatStringsSep "/" names;

  # Joined below a base; `below "/home/alice" "/"` is the home itself.
  below = base: path: normal "${base}/${path}";

  # Whole components are compared: /persist is not above /persistent. Both are normal.
  isAtOrAbove = base: path: base == "/" || path == base || lib.hasPrefix "${base}/" path;

  # The file system that is mounted there, or null. Looked up by mount point: the name of an attribute
  # is only its default.
  at =
    fileSystems: path:
    lib.findFirst (fs: normal fs.mountPoint == normal path) null (lib.attrValues fileSystems);

  # Of the file systems at or above a path the innermost, or null: the one that the path lies on.
  covering =
    fileSystems: path:
    let
      above = lib.filter (fs: isAtOrAbove (normal fs.mountPoint) (normal path)) (
        lib.attrValues fileSystems
      );
      depth = fs: lib.stringLength (normal fs.mountPoint);
    in
    lib.foldl' (best: fs: if best == null || depth fs > depth best then fs else best) null above;

  # Mount options that mean something to the kernel or to the program. `zfsutil` tells mount.zfs that
  # the mount point is a property of the dataset; no mount.zfs is asked here.
  kernelOptions =
    options:
    lib.filter (
      option:
      !lib.elem option [
        "defaults"
        "zfsutil"
      ]
      && !lib.hasPrefix "x-" option
      && !lib.hasPrefix "X-" option
    ) options;

  # rpool of rpool/local/root.
  poolOf = dataset: lib.head (lib.splitString "/" dataset);
}
