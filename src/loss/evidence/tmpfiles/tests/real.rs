//! The same rules carried out by systemd itself, where the machine has it: what this program says is
//! made again is what systemd makes on an empty root.

#![expect(clippy::disallowed_methods, reason = "runs systemd on the hosts that are read")]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use super::*;
use crate::loss::evidence::units::tests::host::skip::skip;

const RULES: &str = "/usr/lib/tmpfiles.d";

/// Rules in which everything comes up that can, beside the directories that specifiers stand for: with
/// a root that is not `/` systemd puts that root before them.
const ODD: &str = r#"
; a comment
d	"/t/with space"   0750  root  root
d /t/odd\x73caped\\ :0700
d /t/:mode :0700
d /t/percent%% 0755
d /t/sticky 01777 - db
d /t/~masked ~0755
d /t/specifier-%m
d! /t/boot 0711 71 71
D /t/D 2755
d$ /t/dollar
d- /t/minus 0755 ghost
d /t//slashes/ 0755
f /t/empty
f /t/file 0600 db db - text with  "quotes" and %%
f /t/escaped 0644 - - - a\nb\tc\\
f /t/octal 0644 - - - \101\x42
f+ /t/truncated 0644 - - - short
F /t/F 0644 - - - F
f~ /t/base64 0644 - - - eA==
f /t/deep/er/than/others 0644 - - - x
w /t/written - - - - changed
f /t/written - - - - before
L /t/link - - - - ../here
L+ /t/link2 - - - - /run/x
L /t/factory
L? /t/maybe - - - - /nowhere
p /t/fifo 0640 db
C /t/copied - - - - /nix/store/source/file
C /t/tree - - - - /nix/store/source
C /t/copied-mode 0600 db - - /nix/store/source/file
C /t/no-source - - - - /nix/store/nothing
d /t/twice 0700
d /t/twice 0755
d /t/then-link 0755
L+ /t/then-link - - - - x
d /t/then-same 0755
d /t/removed 0755
R! /t/rem*
r /t/file-*
d /t/owned 0755 db db
d /t/owned/inner 0755
d /t/owned/inner/most 0755
e /t/e 0755
z /t/empty 0600
x /t/x
q /t/q 0700
Q /t/Q
v /t/v
d /var/run/legacy 0755
bogus /t/bogus
d@ /t/modifier
d /t/bad-mode 0999
d /t/../dots
d relative
d "/t/open
"#;

/// A host with systemd's own rules of this machine and those above.
fn odd_host() -> Host {
    let host = host();
    for entry in fs::read_dir(RULES).unwrap() {
        let entry = entry.unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        // What other packages are installed is not known.
        if text.contains("This file is part of systemd.") {
            let name = entry.file_name();
            host.file(&format!("/nix/store/rules/{}", name.to_str().unwrap()), &text);
        }
    }
    rules(&host, "odd", ODD);
    host.file("/nix/store/source/file", "source");
    host.dir("/nix/store/source/directory", 0o755);
    mode(&host, "/nix/store/source/file", 0o440);
    for name in ["passwd", "group"] {
        let here = fs::read_to_string(format!("/etc/{name}")).unwrap();
        let own = fs::read_to_string(host.at(&format!("/etc/{name}"))).unwrap();
        host.file(&format!("/etc/{name}"), &(own + &here));
    }
    host
}

/// Lets systemd make what the rules say. Lines that it cannot carry out are well.
fn carry_out(host: &Host) -> bool {
    let done = Command::new("systemd-tmpfiles")
        .arg(format!("--root={}", host.at("/").display()))
        .args(["--create", "--remove", "--boot", "--exclude-prefix=/dev"])
        .output();
    done.is_ok()
}

/// What lies at a path: type, and content or text.
fn shown(host: &Host, at: &str) -> Option<(FileType, Vec<u8>)> {
    let (_, on_root) = host.files();
    let (file_type, _) = on_root.look(&path(at)).unwrap()?;
    let content = match file_type {
        FileType::Regular => on_root.read(&path(at)).unwrap(),
        FileType::Symlink => on_root.link(&path(at)).unwrap(),
        _ => None,
    };
    Some((file_type, content.unwrap_or_default()))
}

/// Everything that lies on the host, beside what was put there to make it a host.
fn everything(host: &Host) -> Vec<String> {
    let top = host.at("/");
    let is_put = |at: &str| {
        let put = ["/nix", "/etc/systemd", "/etc/tmpfiles.d", "/etc/passwd", "/etc/group"];
        at == "/etc" || put.iter().any(|put| Path::new(at).starts_with(put))
    };
    let walk = walkdir::WalkDir::new(&top).min_depth(1).sort_by_file_name();
    let at = |entry: walkdir::DirEntry| {
        format!("/{}", entry.path().strip_prefix(&top).unwrap().to_str().unwrap())
    };
    walk.into_iter().map(|entry| at(entry.unwrap())).filter(|at| !is_put(at)).collect()
}

/// Changes something of everything: as on a root that was used.
fn use_it(host: &Host) {
    for at in everything(host) {
        let place = host.at(&at);
        match shown(host, &at).unwrap().0 {
            FileType::Regular => fs::write(&place, "used").unwrap(),
            FileType::Symlink => {
                fs::remove_file(&place).unwrap();
                symlink("/used", &place).unwrap();
            }
            FileType::Directory => {
                let mode = fs::metadata(&place).unwrap().mode() ^ 0o1;
                fs::set_permissions(&place, fs::Permissions::from_mode(mode)).unwrap();
            }
            _ => {}
        }
    }
    let (files, on_root) = host.files();
    for (missing, _) in Rules::of(&files, &on_root, &path("/etc")).named {
        if on_root.look(&missing).unwrap().is_none() && missing.as_bytes().starts_with(b"/t/") {
            fs::create_dir_all(host.at(&missing.exact())).unwrap();
        }
    }
}

fn is_said_made(evidence: &Evidence, host: &Host, at: &str) -> bool {
    let (file_type, _) = shown(host, at).unwrap();
    maker(evidence, at, file_type).is_some()
}

#[test]
fn what_is_said_to_be_made_again_is_what_systemd_makes_of_nothing() {
    let (fresh, used) = (odd_host(), odd_host());
    if !is_root() || !carry_out(&fresh) || !carry_out(&used) {
        return skip("there is no systemd-tmpfiles here, or this is not root");
    }
    let made = everything(&fresh);
    assert!(made.len() > 60, "{made:?}");
    for round in 0..2 {
        let evidence = evidence(&used);
        for at in everything(&used).iter().filter(|at| is_said_made(&evidence, &used, at)) {
            assert_eq!(shown(&used, at), shown(&fresh, at), "{at} in round {round}");
        }
        use_it(&used);
    }
    // And nothing is kept back but what is not certain.
    let evidence = evidence(&fresh);
    let not_said: Vec<&String> =
        made.iter().filter(|at| !is_said_made(&evidence, &fresh, at)).collect();
    assert_eq!(not_said, UNSAID);
}

/// What systemd makes that is not certain, or not certain to this program.
const UNSAID: &[&str] = &[
    // In memory.
    "/run/legacy",
    // Depends on the version.
    "/t/base64",
    // Changed by a second rule.
    "/t/empty",
    // A backslash means something else in every version.
    "/t/oddx73caped\\",
    // These two are changed by a second rule too.
    "/t/removed",
    "/t/then-link",
    // What is copied along with a directory.
    "/t/tree/directory",
    "/t/tree/file",
    "/t/written",
    // Depends on what was there.
    "/t/~masked",
    // By its beginning it is one of those that another rule removes.
    "/tmp/.X11-unix",
    "/tmp/.XIM-unix",
];
