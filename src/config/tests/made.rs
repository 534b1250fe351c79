//! Roots and entries where every boot makes or needs what is there.

use super::*;

#[test]
fn what_every_boot_makes_or_needs_is_neither_a_root_nor_an_entry() {
    let root = |mount: &str| with("mount = \"/\"", &format!("mount = \"{mount}\""));
    let entry = |target: &str| with("/etc/machine-id", target);
    let table = [
        (root("/run"), "3 root.mount: /run is made anew by every boot; drop the root"),
        (
            root("/boot"),
            "3 root.mount: a host boots from /boot, which must not be erased; drop the root",
        ),
        (
            root("/nix/store"),
            "3 root.mount: a host boots from /nix, which must not be erased; drop the root",
        ),
        (entry("/proc"), "25 store.entry.target: /proc is made anew by every boot; drop the entry"),
        (
            entry("/run/secrets/key"),
            "25 store.entry.target: /run/secrets/key lies in what is made anew by every boot; drop the entry",
        ),
        (
            entry("/nix/var"),
            "25 store.entry.target: /nix/var has to be there before any entry is put in place; give /nix a file system of its own and drop the entry",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(faults(&text), [expected], "{text}");
    }
    for target in ["/device", "/nixos", "/runner", "/etc/nix", "/boot/loader"] {
        assert!(Config::parse(&entry(target)).is_ok(), "{target}");
    }
}
