# What will work, and not as it was meant. `blankslate check` warns of more when the system is built;
# these are seen by everybody who evaluates it.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.blankslate;
  facts = import ./facts.nix { inherit config lib utils; };
  inherit (facts) entries isErased isKept;

  store = (lib.head (facts.stores ++ [ { path = "/persist"; } ])).path;

  # The most common of those that src/persist/rewriters knows; a test holds the two together.
  rewritten = lib.filter (
    entry:
    entry.kind or "" == "file"
    && entry.how or "bind" == "bind"
    && lib.any (name: lib.hasSuffix name entry.target) (import ./rewriters.nix).others
  ) entries;

  # Keys that would be made again, as another host. They can be made without a server.
  inherit (config.services) openssh;
  hostKeys = lib.optionals (openssh.generateHostKeys or openssh.enable) (
    map (key: key.path) openssh.hostKeys
  );
  lostKeys = lib.filter (key: !isKept key) hostKeys;

  # A file system that the initrd does not mount covers what was put in place below it.
  isLate =
    entry:
    let
      fs = facts.covering entry.target;
    in
    fs != null && !utils.fsNeededForBoot fs;

  userborn = config.services.userborn;
  overlay = config.system.etc.overlay;
  inEtc = lib.filter (entry: lib.hasPrefix "/etc/" entry.target) entries;
  names = lib.concatMapStringsSep ", " (entry: entry.target);
in
{
  config = lib.mkIf cfg.enable {
    warnings = map (message: "blankslate: ${message}") (
      map (
        entry:
        "${entry.target} is replaced by its program through a rename, which a bind mount stops (EBUSY); `blankslate check` says what to declare or set instead"
      ) rewritten

      ++
        lib.optional (lib.any (entry: entry.target == "/etc") entries)
          "/etc is declared as a whole, and NixOS writes it at every boot; declare what lies in it"

      ++
        lib.optional (lostKeys != [ ])
          "${lib.concatStringsSep ", " lostKeys} is erased at every boot, and clients will warn that this is another host; set blankslate.stores.\"${store}\".presets = [ \"ssh-host-keys\" ], or point services.openssh.hostKeys into ${store}"

      ++ map (
        entry:
        let
          fs = facts.covering entry.target;
        in
        "${entry.target} lies on ${fs.mountPoint}, which is mounted after the initrd: it is put in place later than the others; set fileSystems.\"${fs.mountPoint}\".neededForBoot = true, unless it is a file system of the network"
      ) (lib.filter isLate entries)

      ++
        lib.optional
          (
            userborn.enable or false
            && !(userborn.static or false)
            && config.users.mutableUsers
            && isErased "/var/lib/userborn"
            && !isKept "/var/lib/userborn"
          )
          "with mutable users userborn has to remember whom it made; set blankslate.stores.\"${store}\".presets = [ \"userborn\" ]"

      ++
        lib.optional (overlay.enable && overlay.mutable && isErased "/etc" && inEtc != [ ])
          "with an overlay on /etc the initrd does not see what was written to ${names inEtc} before it was declared; run `blankslate apply` before the next reboot"

      ++
        lib.optional
          (
            config.services.zfs.autoSnapshot.enable
            && lib.any (root: !root.refusesNewer) facts.roots
          )
          "services.zfs.autoSnapshot takes snapshots that every rollback destroys, unless `zfs get com.sun:auto-snapshot` says false for ${
            lib.concatMapStringsSep ", " (root: root.dataset) facts.roots
          }; set that property"
    );
  };
}
