# What other modules are told to keep, as stores of this one.
#
# In: `environment.persistence` of impermanence or `preservation.preserveAt` of preservation, as people
# write them. Out: a value for `blankslate.stores`. Only builtins: the flake has no inputs.
#
# What has no counterpart is left out because nothing of it is needed here. Everything is put in place in
# the initrd (inInitrd), owners of parents are those of what is around them (parent, configureParent,
# parentDirectory, defaultPerms), and mount options are not taken (mountOptions, hideMounts, allowTrash).
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    foldl'
    groupBy
    isString
    mapAttrs
    match
    split
    ;

  # An attribute set without what is null.
  given =
    set:
    removeAttrs set (filter (name: set.${name} == null) (attrNames set));

  names = path: filter (part: isString part && part != "") (split "/" path);
  joined = foldl' (path: name: if path == "" then name else "${path}/${name}") "";
  hostPath = path: "/" + joined (names path);
  homePath = path: if names path == [ ] then "/" else joined (names path);

  # Octal digits as they are. Impermanence hands modes to mkdir, which takes u=rwx,g=rx,o= as well;
  # preservation to tmpfiles, where a prefix says what is always so here: only for what is created.
  mode =
    text:
    let
      bare = match "[~:]*([0-7]{3,4})" text;
      clauses = filter isString (split "," text);
    in
    if text == "-" then
      null
    else if bare != null then
      builtins.head bare
    else
      "0" + toString (digit "u" clauses) + toString (digit "g" clauses) + toString (digit "o" clauses);

  digit =
    who: clauses:
    let
      parsed = map (
        clause:
        let
          parts = match "([ugoa]*)=([rwx]*)" clause;
        in
        if parts == null then
          throw "blankslate: the mode ${clause} is not understood; write it in octal, e.g. \"0700\""
        else
          {
            who = builtins.elemAt parts 0;
            bits = builtins.elemAt parts 1;
          }
      ) clauses;
      has = text: letter: match ".*${letter}.*" text != null;
      about = filter (clause: clause.who == "" || has clause.who who || has clause.who "a") parsed;
      bits = if about == [ ] then "" else (builtins.elemAt about (builtins.length about - 1)).bits;
    in
    (if has bits "r" then 4 else 0) + (if has bits "w" then 2 else 0) + (if has bits "x" then 1 else 0);

  how =
    entry:
    let
      word = entry.how or entry.method or null;
    in
    if word == "symlink" then "symlink" else null;

  # One declaration with the store and the home that it belongs to.
  item =
    {
      store,
      user ? null,
      kind,
      key,
    }:
    declared:
    let
      entry = if isString declared then { ${key} = declared; } else declared;
      path = if user == null then hostPath entry.${key} else homePath entry.${key};
    in
    {
      inherit user kind;
      store = hostPath (entry.persistentStoragePath or store);
      value = given {
        inherit path;
        how = how entry;
        user = entry.user or null;
        group = entry.group or null;
        mode = if entry.mode or null == null then null else mode entry.mode;
      };
    };

  itemsOf =
    store: user: set:
    map (item {
      inherit store user;
      kind = "directories";
      key = "directory";
    }) (set.directories or [ ])
    ++ map (item {
      inherit store user;
      kind = "files";
      key = "file";
    }) (set.files or [ ]);

  stores =
    declared:
    let
      items = concatMap (
        name:
        let
          set = declared.${name};
          store = set.persistentStoragePath or name;
          users = set.users or { };
        in
        if set.enable or true then
          itemsOf store null set
          ++ concatMap (
            user:
            map (each: each // { home = users.${user}.home or null; }) (
              itemsOf store (users.${user}.username or user) users.${user}
            )
          ) (attrNames users)
        else
          [ ]
      ) (attrNames declared);
      kinds = items: mapAttrs (_: map (each: each.value)) (groupBy (each: each.kind) items);
      homes = items: filter (home: home != null) (map (each: each.home) items);
      user =
        items:
        kinds items
        // (if homes items == [ ] then { } else { home = builtins.head (homes items); });
      store =
        items:
        let
          ofUsers = filter (each: each.user != null) items;
        in
        kinds (filter (each: each.user == null) items)
        // (
          if ofUsers == [ ] then
            { }
          else
            { users = mapAttrs (_: user) (groupBy (each: each.user) ofUsers); }
        );
    in
    mapAttrs (_: store) (groupBy (each: each.store) items);
in
{
  # environment.persistence
  fromImpermanence = stores;

  # preservation.preserveAt
  fromPreservation = stores;
}
