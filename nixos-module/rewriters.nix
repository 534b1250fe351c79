# Files that their programs replace by a rename, as the ends of their paths. The whole table, with what
# to declare instead of each, is in src/persist/rewriters.
{
  # Of accounts. NixOS itself replaces them at every boot: as entries they are refused.
  accounts = [
    "/etc/group"
    "/etc/gshadow"
    "/etc/passwd"
    "/etc/shadow"
    "/etc/subgid"
    "/etc/subuid"
  ];

  # Of programs, which may never be run: declaring one is warned of.
  others = [
    "/etc/adjtime"
    "/etc/hostname"
    "/etc/localtime"
    "/etc/sudoers"
    "/etc/wpa_supplicant.conf"
    "/tailscaled.state"
    "/var/lib/logrotate.status"
    "/.bash_history"
    "/.config/dconf/user"
    "/.config/mimeapps.list"
    "/.config/monitors.xml"
    "/.config/user-dirs.dirs"
    "/.local/share/fish/fish_history"
    "/.local/share/recently-used.xbel"
    "/.ssh/known_hosts"
    "/.zsh_history"
  ];
}
