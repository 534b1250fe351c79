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

  # Mount options that mean something to the kernel, and not only to mount(8) or systemd. `zfsutil`
  # tells mount.zfs that the mount point is a property of the dataset; no mount.zfs is asked here.
  kernelOptions =
    options:
    lib.filter (
      option:
      !lib.elem option [
        "_netdev"
        "auto"
        "defaults"
        "group"
        "noauto"
        "nofail"
        "nouser"
        "owner"
        "user"
        "users"
        "zfsutil"
      ]
      && !lib.any (start: lib.hasPrefix start option) [
        "X-"
        "comment="
        "user="
        "x-"
      ]
    ) options;

  # Where udev has a link for each value of a tag of fstab(5).
  links = {
    UUID = "uuid";
    LABEL = "label";
    PARTUUID = "partuuid";
    PARTLABEL = "partlabel";
  };

  # A value as udev writes it into a file name.
  encoded = lib.strings.escapeC (lib.stringToCharacters " !\"$%&'()*,/;<>?[\\]^`{|}~");

  # Without the quotes around it.
  bare =
    value:
    let
      within = builtins.match "\"(.*)\"|'(.*)'" value;
    in
    if within == null then value else lib.findFirst (part: part != null) value within;

  # The device nodes of what fstab(5) takes for a device: none of what is no device, such as the name of
  # a server. src/sys/detached/fstab.rs says the same. Of bcachefs there may be several.
  nodes =
    type: device:
    let
      tagged = builtins.match "(UUID|LABEL|PARTUUID|PARTLABEL)=(.+)" device;
    in
    if tagged != null then
      [ "/dev/disk/by-${links.${lib.head tagged}}/${encoded (bare (lib.last tagged))}" ]
    else if !lib.hasPrefix "/dev/" device then
      [ ]
    else if type == "bcachefs" then
      map (part: "/dev/${lib.removePrefix "/dev/" part}") (lib.splitString ":/dev/" device)
    else
      [ device ];

  # rpool of rpool/local/root.
  poolOf = dataset: lib.head (lib.splitString "/" dataset);
}
