//! The table itself. Each row says where it is known from.

use super::{Act, Cure, Rewriter};

const fn row(pattern: &'static str, program: &'static str, cure: Cure) -> Rewriter {
    Rewriter { pattern, program, act: Act::Rename, cure }
}

const fn directory(
    pattern: &'static str,
    program: &'static str,
    instead: &'static str,
) -> Rewriter {
    row(pattern, program, Cure::Directory(instead))
}

const fn other(pattern: &'static str, program: &'static str, instead: &'static str) -> Rewriter {
    row(pattern, program, Cure::Other(instead))
}

const fn follows_links(pattern: &'static str, program: &'static str) -> Rewriter {
    Rewriter { pattern, program, act: Act::RenameBehindLink, cure: Cure::Symlink }
}

const ACCOUNTS: &str = "drop the entry and set users.mutableUsers = false, or keep the account files in the store with services.userborn.passwordFilesLocation";

const NOT_ALONE: &str =
    "declare the directory that holds it, or write its content into the configuration of the host";

/// Files of the system.
pub(super) const SYSTEM: &[Rewriter] = &[
    // systemd, src/timedate/timedated.c: written atomically; hwclock(8) writes in place.
    other(
        "/etc/adjtime",
        "systemd-timedated",
        "drop the entry and set time.hardwareClockInLocalTime, which writes what matters of it",
    ),
    // systemd, src/timedate/timedated.c: symlink_atomic.
    other("/etc/localtime", "systemd-timedated", "drop the entry and set time.timeZone"),
    // systemd, src/hostname/hostnamed.c: written atomically.
    other("/etc/hostname", "systemd-hostnamed", "drop the entry and set networking.hostName"),
    // shadow, lib/commonio.c: lrename; NixOS, update-users-groups.pl and userborn: rename.
    other("/etc/passwd", "passwd, useradd and NixOS", ACCOUNTS),
    other("/etc/shadow", "passwd, useradd and NixOS", ACCOUNTS),
    other("/etc/group", "passwd, useradd and NixOS", ACCOUNTS),
    other("/etc/gshadow", "passwd, useradd and NixOS", ACCOUNTS),
    other("/etc/subuid", "usermod and NixOS", ACCOUNTS),
    other("/etc/subgid", "usermod and NixOS", ACCOUNTS),
    // sudo, plugins/sudoers/visudo.c: install_sudoers renames.
    other("/etc/sudoers", "visudo", "drop the entry and set security.sudo.extraRules"),
    // wpa_supplicant, config_file.c: writes NAME.tmp and renames (update_config=1).
    other(
        "/etc/wpa_supplicant.conf",
        "wpa_supplicant",
        "drop the entry and set networking.wireless.networks",
    ),
    // logrotate, logrotate.c: writeState renames NAME.tmp.
    other(
        "/var/lib/logrotate.status",
        "logrotate",
        "set services.logrotate.extraArgs = [ \"--state\" \"/var/lib/logrotate/status\" ] and declare the directory /var/lib/logrotate",
    ),
    // OpenZFS, module/zfs/spa_config.c: on Linux overwritten in place, and removed with its last pool.
    Rewriter {
        pattern: "/etc/zfs/zpool.cache",
        program: "the ZFS module",
        act: Act::Unlink,
        cure: Cure::Other("drop the entry: NixOS imports pools by their names"),
    },
    // CUPS, scheduler/file.c: cupsdCloseCreatedConfFile renames.
    directory("/etc/cups/*.conf", "cupsd", "/etc/cups"),
    directory("/var/lib/cups/*.conf", "cupsd", "/var/lib/cups"),
    // tailscale, atomicfile/atomicfile.go.
    directory("/var/lib/tailscale/tailscaled.state", "tailscaled", "/var/lib/tailscale"),
    // NetworkManager: g_file_set_contents, and nm_utils_file_set_contents likewise.
    directory("/var/lib/NetworkManager/*", "NetworkManager", "/var/lib/NetworkManager"),
    directory(
        "/etc/NetworkManager/system-connections/*",
        "NetworkManager",
        "/etc/NetworkManager/system-connections",
    ),
];

/// Files in a home. What `GLib` writes is replaced even where it is a symlink (`g_file_set_contents`:
/// "the link itself will be replaced"); Qt's `QSaveFile` looks where it leads and replaces that.
pub(super) const USERS: &[Rewriter] = &[
    // readline, histfile.c: a temporary file and a rename where it rewrites or truncates.
    other(
        ".bash_history",
        "bash",
        "set HISTFILE to a file in a directory of its own, such as ~/.local/state/bash, and declare that",
    ),
    // zshoptions(1): HIST_SAVE_BY_COPY, which is on by default.
    other(
        ".zsh_history",
        "zsh",
        "set HISTFILE to a file in a directory of its own, such as ~/.local/state/zsh, and declare that",
    ),
    // fish, src/history: https://github.com/fish-shell/fish-shell/issues/10730.
    directory(".local/share/fish/fish_history", "fish", ".local/share/fish"),
    // Seen on hosts that declared it (field notes, §8).
    other(".claude.json", "Claude Code", "set CLAUDE_CONFIG_DIR to a directory and declare that"),
    // OpenSSH, hostfile.c: hostfile_replace_entries renames (UpdateHostKeys, ssh-keygen -R).
    directory(".ssh/known_hosts", "ssh", ".ssh"),
    // dconf, gvdb-builder.c: g_file_set_contents.
    directory(".config/dconf/user", "dconf", ".config/dconf"),
    // GTK: g_file_replace_contents, g_bookmark_file_to_file.
    directory(".config/gtk-3.0/bookmarks", "GTK", ".config/gtk-3.0"),
    other(".local/share/recently-used.xbel", "GTK", NOT_ALONE),
    // mutter, meta-monitor-config-manager.c: G_FILE_CREATE_REPLACE_DESTINATION.
    other(".config/monitors.xml", "GNOME", NOT_ALONE),
    // GIO, gdesktopappinfo.c: g_file_set_contents.
    other(".config/mimeapps.list", "GIO", "drop the entry and set xdg.mime.defaultApplications"),
    // xdg-user-dirs, xdg-user-dirs-update.c: renames.
    other(".config/user-dirs.dirs", "xdg-user-dirs-update", NOT_ALONE),
    // Qt, qsavefile.cpp: resolves symlinks, then renames. KConfig and KWin write through it.
    follows_links(".config/*rc", "KDE"),
    follows_links(".config/kwinoutputconfig.json", "KWin"),
];
