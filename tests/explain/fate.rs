//! What becomes of what a mount hides, of what the blank has, and of what nobody declares.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::host::umount;
use super::namespace::mount;
use super::{Host, explain, host, inside, json};

/// What the other command says of the same path.
pub fn what_will_i_lose(host: &Host, path: &str) -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_what-will-i-lose"));
    command.args(["--root=.", "--config=run/blankslate/c.toml", path]).current_dir(&host.0);
    command.output().unwrap().status.code()
}

#[test]
fn userns_what_a_mount_hides_is_lost_unless_the_store_holds_nothing() {
    inside("fate::userns_what_a_mount_hides_is_lost_unless_the_store_holds_nothing", |top| {
        let host = host(top);
        fs::create_dir_all(top.join(".zfs/snapshot/blank")).unwrap();
        umount(&top.join("var/lib/x"));
        for name in ["x", "gone"] {
            host.write(&format!("var/lib/{name}/hidden"), "secret");
            fs::create_dir_all(top.join("persist/var/lib").join(name)).unwrap();
            host.bind(&format!("var/lib/{name}"));
        }
        let lost = "\nWhat the mount hides is lost with the next boot: 1 file (6 B).\n";
        let adopted = "\nThe store holds nothing for it yet: the next boot copies what the mount hides to /persist/var/lib/gone before it erases that.\n";
        let data = "\nIts data lies in the store, at /persist/var/lib/x/data.\n";
        let none =
            "\nIts place in the store is /persist/var/lib/x/hidden, and nothing is seen there.\n";
        let table = [
            ("/var/lib/x", 1, "erased", &[lost][..]),
            ("/var/lib/x/hidden", 1, "erased", &[none, lost]),
            ("/var/lib/x/data", 0, "kept", &[data]),
            ("/var/lib/gone", 0, "kept", &[adopted]),
            ("/persist/var/lib/x/data", 0, "kept", &[]),
        ];
        for (path, code, fate, words) in table {
            let (got, said) = explain(&host, path);
            assert!(words.iter().all(|words| said.contains(words)), "{path}: {said}");
            let now = "\nNow: shadowed: the mount hides other data, which the next boot erases; ";
            assert!(said.contains(now), "{path}: {said}");
            let hides = words.contains(&lost) || words.contains(&adopted);
            let is_told = said.contains("hat the mount hides");
            assert_eq!((got, is_told), (code, hides), "{path}: {said}");
            if ["/var/lib/x", "/var/lib/gone"].contains(&path) {
                assert_eq!(what_will_i_lose(&host, path), Some(code), "{path}");
            }
            let json = json(&host, path);
            assert_eq!(json["fate"], fate, "{path}");
            if !path.starts_with("/persist") {
                assert_eq!(json["hidden"]["lost"]["files"], code, "{path}");
            }
        }
    });
}

#[test]
fn userns_what_the_boot_does_is_told_although_nobody_may_tell_who_writes() {
    inside("fate::userns_what_the_boot_does_is_told_although_nobody_may_tell_who_writes", |top| {
        let host = host(top);
        host.write("var/lib/gone/data", "data");
        let explain = || {
            let output = Command::new("setpriv")
                .args(["--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace", "--"])
                .arg(env!("CARGO_BIN_EXE_blankslate"))
                .args(["explain", "--root=.", "--config=run/blankslate/c.toml", "/var/lib/gone"])
                .current_dir(top)
                .output()
                .unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        let copied = "The next boot copies what lies there to /persist/var/lib/gone before the root is rolled back, and puts it in place.";
        for (held, next) in [(false, copied), (true, "The next boot puts it in place.")] {
            if held {
                let (from, to) = (top.join("var/lib/gone"), top.join("persist/var/lib"));
                assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
            }
            let end =
                format!("\n{next}\nRun as root to see whether `blankslate apply` can do it now.\n");
            let (code, said) = explain();
            let now =
                "\nNow: unseen: cannot find who writes to /var/lib/gone: cannot look into process ";
            assert!(said.contains(now) && said.ends_with(&end), "{said}");
            assert_eq!(code, Some(1));
        }
    });
}

#[test]
fn userns_what_the_blank_has_too_is_not_offered_and_what_comes_again_needs_no_owner() {
    inside(
        "fate::userns_what_the_blank_has_too_is_not_offered_and_what_comes_again_needs_no_owner",
        |top| {
            let host = host(top);
            for (at, text) in [("var/lib/odd", "now"), ("var/lib/same", "same")] {
                host.write(at, text);
            }
            let blank = top.join(".zfs/snapshot/blank/var");
            fs::create_dir_all(&blank).unwrap();
            let copy = Command::new("cp").arg("-a").arg(top.join("var/lib")).arg(&blank).status();
            assert!(copy.unwrap().success());
            host.write("var/lib/odd", "changed");
            let (code, said) = explain(&host, "/var/lib/odd");
            let end = "rpool/root back to @blank.\nThe blank has it as well, and every boot brings that one back; change it in the blank, or declare what makes it.\n";
            assert!(said.ends_with(end) && code == 1, "{said}");
            assert!(json(&host, "/var/lib/odd")["keep"].is_null());
            let same = "/var/lib/same is a file, and no entry keeps it.\nIt is as in the blank: the next boot changes nothing of it.\n";
            assert_eq!(explain(&host, "/var/lib/same"), (0, same.to_owned()));
        },
    );
}

#[test]
fn userns_on_nixos_only_what_nixos_reads_is_told() {
    inside("fate::userns_on_nixos_only_what_nixos_reads_is_told", |top| {
        let host = host(top);
        host.write("var/lib/bluetooth/key", "key");
        host.write("var/lib/lost/data", "data");
        fs::create_dir_all(top.join("run")).unwrap();
        symlink("/nix/store/system", top.join("run/current-system")).unwrap();
        for (path, end) in [
            (
                "/var/lib/lost",
                "\n\nTo keep it, add to the NixOS configuration:\n\n    blankslate.stores.\"/persist\".directories = [ \"/var/lib/lost\" ];\n",
            ),
            (
                "/var/lib/bluetooth",
                "\n\nTo keep it, add to the NixOS configuration, for all that belongs to it:\n\n    blankslate.stores.\"/persist\".presets = [ \"bluetooth\" ];\n\nor there, for it alone:\n\n    blankslate.stores.\"/persist\".directories = [ \"/var/lib/bluetooth\" ];\n",
            ),
        ] {
            let (_, said) = explain(&host, path);
            assert!(said.ends_with(end), "{said}");
            assert!(json(&host, path)["keep"]["toml"].is_string());
        }
    });
}

#[test]
fn without_a_declared_root_the_root_is_taken_as_one_that_is_erased() {
    let top = tempfile::tempdir_in(crate::namespace::disk()).unwrap();
    fs::create_dir_all(top.path().join("var/lib/db")).unwrap();
    let config = top.path().join("c.toml");
    fs::write(&config, "version = 1\n").unwrap();
    let named = format!("--config={}", config.display());
    let erased = "It lies on the root: a boot with an erased root erases it.\n";
    let undeclared =
        "The configuration declares no root at /, and / is taken as ephemeral all the same.";
    for (argument, why) in [(Some(named), undeclared), (None, "There is no configuration.")] {
        if argument.is_none() && Path::new("/etc/blankslate/config.toml").exists() {
            println!("SKIPPED: this machine has a configuration");
            continue;
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_blankslate"));
        command.args(["explain", "/var/lib/db", "--root"]).arg(top.path()).args(&argument);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("\nNothing on this host claims it.\n"), "{said}");
        assert!(said.contains(&format!("\n{why} {erased}")), "{said}");
        let version = said.contains("\n\n    version = 1\n\n    # there is no store yet; ");
        assert_eq!(version, argument.is_none(), "{said}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn userns_an_entry_on_no_declared_root_is_told_what_the_next_boot_copies() {
    inside("fate::userns_an_entry_on_no_declared_root_is_told_what_the_next_boot_copies", |top| {
        let host = host(top);
        let config = fs::read_to_string(top.join("run/blankslate/c.toml")).unwrap();
        let (_, stores) = config.split_once("[[store]]").unwrap();
        host.write("run/blankslate/c.toml", &format!("version = 1\n[[store]]{stores}"));
        host.write("var/lib/gone/data", "data");
        let says = |words: &str| {
            let (code, said) = explain(&host, "/var/lib/gone");
            assert!(said.contains(words) && code == 1, "{said}");
        };
        says(
            "\nThe next boot copies what lies there to /persist/var/lib/gone, and puts it in place, unless something else erases it before.\n",
        );
        mount("tmpfs", "mode=755", &top.join("var/lib"));
        host.write("var/lib/gone/data", "data");
        says("\nIt lies in memory, so the next boot finds nothing of it to copy into the store.\n");
        host.write("persist/var/lib/gone/data", "other");
        umount(&top.join("var/lib"));
        says("\nThe next boot leaves both as they are, unless something else erases one before.\n");
    });
}

#[test]
fn userns_what_looks_like_a_store_or_another_file_system_and_lies_on_the_root_is_not_kept() {
    inside(
        "fate::userns_what_looks_like_a_store_or_another_file_system_and_lies_on_the_root_is_not_kept",
        |top| {
            let host = host(top);
            umount(&top.join("var/lib/x"));
            umount(&top.join("persist"));
            for at in
                ["persist/other/y", "persist/var/lib/x/data", "upper/mine", "work/x", "over/x"]
            {
                host.write(at, "x");
            }
            let not_mounted = "\nThe store is not mounted: this lies on the root /, and the next boot erases it. ";
            for path in ["/persist/other/y", "/persist/var/lib/x/data"] {
                let (code, said) = explain(&host, path);
                assert!(said.contains(not_mounted), "{path}: {said}");
                assert_eq!((code, &json(&host, path)["fate"]), (1, &"erased".into()), "{path}");
            }
            let at = |name: &str| top.join(name).display().to_string();
            let layers =
                format!("lowerdir={},upperdir={},workdir={}", at("over"), at("upper"), at("work"));
            mount("overlay", &layers, &top.join("over"));
            let (code, said) = explain(&host, "/over/mine");
            assert!(said.contains("which keeps it elsewhere, perhaps on a root"), "{said}");
            assert_eq!(code, 2);
        },
    );
}
