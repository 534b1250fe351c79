# Who is who after a boot: passwords, and the numbers that files are owned by.
#
# Three programs make users on NixOS. Each remembers numbers and passwords somewhere else, but for userborn
# with static users: these are part of the system.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.blankslate;
  facts = import ./facts.nix { inherit config lib utils; };
  inherit (facts)
    entries
    isErased
    isKept
    keepers
    paths
    ;

  inherit (import ./assertion.nix { inherit config lib; }) must should;

  store = (lib.head (facts.stores ++ [ { path = "/persist"; } ])).path;

  overlay = config.system.etc.overlay;
  usesUserborn = config.services.userborn.enable or false;
  isStatic = usesUserborn && config.services.userborn.static or false;
  usesSysusers = config.systemd.sysusers.enable or false;

  # Where passwd, group and shadow really are.
  files = paths.normal (
    if usesUserborn then
      config.services.userborn.passwordFilesLocation
    else if usesSysusers && overlay.enable && !overlay.mutable then
      "/var/lib/nixos/etc"
    else
      "/etc"
  );

  # These files are replaced by renaming, which works in a directory that is kept and not on a file that
  # is: an entry of the file itself keeps nothing.
  isKeptAbove = path: !isErased path || lib.any (entry: entry.target != path) (keepers path);
  accounts = map baseNameOf (import ./rewriters.nix).accounts;
  isAccounts =
    target:
    lib.elem (baseNameOf target) accounts
    && lib.elem (dirOf target) [
      "/etc"
      files
    ];
  replaced = lib.unique (lib.filter isAccounts (map (entry: entry.target) entries));

  useUserborn = "services.userborn = { enable = true; passwordFilesLocation = \"${store}/etc\"; }";

  notReplaced =
    must (replaced == [ ])
      "passwd, useradd and NixOS replace ${lib.concatStringsSep ", " replaced} through a rename, which a bind mount stops (EBUSY) and a symlink does not outlive; drop the entry and set users.mutableUsers = false, or ${useUserborn}";

  mutable =
    should "password-files" (!config.users.mutableUsers || isKeptAbove "${files}/shadow")
      "users.mutableUsers is set, and ${files}, which holds accounts and passwords, is erased at every boot; set users.mutableUsers = false with a hashedPasswordFile in ${store}, or ${useUserborn}";

  # Read when users are made: by activation after the initrd has put paths in place, or later. What
  # decrypts secrets puts them into /run. Who is not enabled is not made.
  passwordFiles = lib.mapAttrsToList (
    name: user:
    let
      file = toString (user.hashedPasswordFile or null);
    in
    should "password-files" (file == "" || lib.hasPrefix "/run/" file || isKept file)
      "users.users.${name}.hashedPasswordFile is ${file}, which is erased at every boot: nobody could log in; move it into ${store}, or add it to files of that store"
  ) (lib.filterAttrs (_: user: user.enable or true) config.users.users);

  # userborn and sysusers take the numbers from the files that they find; the script keeps a map.
  numbers =
    if usesUserborn || usesSysusers then
      should "uid-map" (isKeptAbove "${files}/passwd")
        "${files}, by which users and groups keep their numbers, is erased at every boot, and files would end up with other owners; set ${useUserborn}"
    else
      should "uid-map" (isKept "/var/lib/nixos")
        "/var/lib/nixos, by which users and groups keep their numbers, is erased at every boot, and files would end up with other owners; keep it: blankslate.stores.\"${store}\".presets = [ \"nixos\" ]";
in
{
  config = lib.mkIf cfg.enable {
    assertions = [
      notReplaced
    ]
    ++ lib.optionals (!isStatic && (isErased "/etc" || isErased "/var/lib/nixos")) (
      [
        mutable
        numbers
      ]
      ++ passwordFiles
    );
  };
}
