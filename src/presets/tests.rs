//! The file that comes with the program, and files that are refused.

mod refused;

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Pattern, Place, PlaceProblem, Preset, PresetPath, Presets, Rank};
use crate::config::{Config, Entry, How, Kind, Principal};
use crate::persist::rewriters;

fn builtin() -> Presets {
    Presets::builtin().unwrap_or_else(|bad| panic!("{bad}"))
}

fn kept(presets: &Presets) -> Vec<(&Preset, &PresetPath)> {
    presets.iter().flat_map(|preset| preset.entries().map(move |path| (preset, path))).collect()
}

/// What the NixOS module will make of a path: an entry of a store.
fn entry_of(path: &PresetPath) -> Entry {
    let name = |name: &Option<String>| name.clone().map(Principal::Name);
    Entry {
        target: path.place.of_home(&"/home/alice".parse().unwrap()),
        kind: path.kind,
        how: How::Bind,
        user: name(&path.user),
        group: name(&path.group),
        mode: path.mode,
        because: None,
        line: 1,
    }
}

#[test]
fn the_five_of_the_article_come_first_in_its_order() {
    let presets = builtin();
    let first: Vec<&str> = presets.iter().take(5).map(|preset| preset.name.as_str()).collect();
    assert_eq!(first, ["wireguard", "networkmanager", "bluetooth", "ssh-host-keys", "acme"]);
}

#[test]
fn the_names_that_others_rely_on_keep_what_they_say() {
    let presets = builtin();
    for (name, rank, paths) in [
        ("machine-id", Rank::Keys, "/etc/machine-id"),
        ("nixos", Rank::State, "/var/lib/nixos"),
        ("systemd", Rank::State, "/var/lib/systemd"),
        ("journal", Rank::Logs, "/var/log/journal"),
        ("bluetooth", Rank::Keys, "/var/lib/bluetooth"),
        ("acme", Rank::Keys, "/var/lib/acme"),
        ("isso", Rank::State, "/var/lib/private/isso"),
        ("nomad", Rank::Keys, "/var/lib/nomad"),
        ("tomcat", Rank::State, "/var/tomcat"),
        ("dysnomia", Rank::State, "/var/state/dysnomia-nixos /etc/systemd-mutable"),
        (
            "networkmanager",
            Rank::Keys,
            "/etc/NetworkManager/system-connections /var/lib/NetworkManager",
        ),
        (
            "ssh-host-keys",
            Rank::Keys,
            "/etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key.pub \
             /etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_rsa_key.pub",
        ),
        ("redis", Rank::State, ""),
    ] {
        let preset = presets.get(name).unwrap();
        let kept: Vec<String> = preset.entries().map(|path| path.place.to_string()).collect();
        assert_eq!((preset.rank, kept.join(" ").as_str()), (rank, paths), "{name}");
    }
    assert_eq!(presets.get("no-such-preset"), None);
}

#[test]
fn there_are_many_presets_each_with_a_name_of_its_own_and_a_reason_of_one_line() {
    let presets = builtin();
    let names: BTreeSet<&str> = presets.iter().map(|preset| preset.name.as_str()).collect();
    assert_eq!(names.len(), presets.iter().count());
    assert!(names.len() >= 60, "{}", names.len());
    for Preset { name, title, why, source, .. } in &presets {
        let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(name.chars().all(is_kebab), "{name}");
        assert!(title.chars().count() <= 40, "{name}: {title}");
        assert!(why.chars().count() <= 80, "{name}: {why}");
        assert!(!why.ends_with('.') && !title.ends_with('.'), "{name}");
        assert!(!source.is_empty(), "{name}");
    }
}

#[test]
fn nothing_that_is_kept_is_named_twice_or_lies_in_something_else_that_is_kept() {
    let presets = builtin();
    let all = kept(&presets);
    for (index, (preset, path)) in all.iter().enumerate() {
        for (outer, above) in all.iter().take(index).chain(all.iter().skip(index + 1)) {
            let is_inside = path.place.starts_with(&above.place);
            assert!(!is_inside, "{} of {}: {}", path.place, preset.name, outer.name);
        }
    }
}

#[test]
fn what_is_only_a_cache_or_a_log_is_kept_by_no_preset_that_keeps_more() {
    for (preset, path) in kept(&builtin()) {
        let is_more = preset.rank < Rank::Logs && path.rank >= Rank::Logs;
        assert!(!is_more, "{} of {}", path.place, preset.name);
    }
}

#[test]
fn private_keys_are_closed_and_never_half_a_pair() {
    let presets = builtin();
    for (preset, path) in kept(&presets) {
        let Some(mode) = path.mode.filter(|_| path.kind == Kind::File) else { continue };
        let name = path.place.to_string();
        if name.ends_with("_key") {
            let public = format!("{name}.pub");
            let pair = preset.entries().find(|other| other.place.to_string() == public).unwrap();
            assert_eq!((mode, pair.mode), (0o600, Some(0o644)), "{name}");
        }
    }
    let closed = |(_, path): &(&Preset, &PresetPath)| {
        path.place.to_string().starts_with("/var/lib/private/") && path.mode != Some(0o700)
    };
    assert_eq!(kept(&presets).into_iter().find(closed), None);
}

#[test]
fn no_file_is_kept_alone_that_its_program_replaces() {
    for (preset, path) in kept(&builtin()) {
        assert_eq!(rewriters::warning(&entry_of(path)), None, "{}", preset.name);
    }
}

#[test]
fn everything_that_is_kept_can_be_declared_in_one_configuration_without_a_warning() {
    let presets = builtin();
    let mut text = String::from("version = 1\n[[store]]\npath = \"/persist\"\n");
    for (preset, path) in kept(&presets) {
        let entry = entry_of(path);
        let (target, kind) = (entry.target.exact(), entry.kind);
        write!(text, "[[store.entry]]\ntarget = \"{target}\"\nkind = \"{kind}\"\n").unwrap();
        writeln!(text, "because = \"preset {}\"", preset.name).unwrap();
        for (key, value) in [
            ("mode", path.mode.map(|mode| format!("{mode:04o}"))),
            ("user", path.user.clone()),
            ("group", path.group.clone()),
        ] {
            let Some(value) = value else { continue };
            writeln!(text, "{key} = \"{value}\"").unwrap();
        }
    }
    let config = Config::parse(&text).unwrap();
    assert_eq!(config.entries().count(), kept(&presets).len());
    assert_eq!(rewriters::warnings(&config), Vec::<String>::new());
}

/// Nix has a reader of TOML of its own, and an older one than ours.
#[test]
#[expect(clippy::disallowed_methods, reason = "asks the other reader of the file")]
fn nix_reads_the_same_presets() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/presets.toml");
    let names = "map (preset: preset.name) read.preset";
    let paths =
        "builtins.foldl' (sum: preset: sum + builtins.length (preset.path or [])) 0 read.preset";
    let expression = format!(
        "let read = builtins.fromTOML (builtins.readFile {file}); in \
         builtins.concatStringsSep \" \" ({names} ++ [ (toString ({paths})) ])"
    );
    let mut nix = std::process::Command::new("nix-instantiate");
    let Ok(output) = nix.args(["--eval", "--strict", "-E", &expression]).output() else {
        eprintln!("SKIPPED: there is no nix-instantiate here, so builtins.fromTOML was not asked");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let presets = builtin();
    let mut expected: Vec<String> = presets.iter().map(|preset| preset.name.clone()).collect();
    expected.push(presets.iter().map(|preset| preset.paths.len()).sum::<usize>().to_string());
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.trim().trim_matches('"'), expected.join(" "));
}

#[test]
fn a_preset_is_read_with_what_it_leaves_out() {
    let text = r#"
        [[preset]]
        name = "a-b2"
        title = "A"
        why = "b"
        rank = "keys"
        source = "c"
        verified = true
        match = ["/var/lib/a-*.db", "/var/lib/private/a"]
        [[preset.path]]
        path = "/var/lib//a/"
        [[preset.path]]
        path = "/var/cache/a"
        kind = "file"
        mode = "2750"
        user = "a"
        group = "b"
        rank = "cache"
        optional = true
    "#;
    let presets = Presets::parse(text).unwrap();
    let host = |path: &str| Place::Host(path.parse().unwrap());
    let bare = PresetPath {
        place: host("/var/lib/a"),
        kind: Kind::Directory,
        mode: None,
        user: None,
        group: None,
        rank: Rank::Keys,
        is_optional: false,
    };
    let full = PresetPath {
        place: host("/var/cache/a"),
        kind: Kind::File,
        mode: Some(0o2750),
        user: Some("a".into()),
        group: Some("b".into()),
        rank: Rank::Cache,
        is_optional: true,
    };
    let patterns = ["/var/lib/a-*.db", "/var/lib/private/a"].map(|text| pattern(text).unwrap());
    let preset = presets.get("a-b2").unwrap();
    assert_eq!(preset.entries().collect::<Vec<_>>(), [&bare]);
    assert_eq!((&preset.paths, &preset.patterns), (&vec![bare, full], &patterns.to_vec()));
    assert_eq!((preset.rank, preset.is_verified, preset.is_of_homes()), (Rank::Keys, true, false));
    assert_eq!(Presets::parse("").unwrap().iter().count(), 0);
}

fn pattern(text: &str) -> Result<Pattern, PlaceProblem> {
    Pattern::new(text, Rank::Keys)
}

#[test]
fn a_pattern_is_about_the_last_component_and_has_one_star_at_most() {
    let table: &[(&str, &str, &[&str], &[&str])] = &[
        ("/var/lib/redis-*", "/var/lib", &["redis-a", "redis-"], &["redis", "xredis-a"]),
        ("/var/log/wtmp*", "/var/log", &["wtmp", "wtmp.1"], &["wtm", "btmp"]),
        ("/etc/nix/*.sec", "/etc/nix", &["a.sec", ".sec"], &["a.sec2", "sec"]),
        ("/x/aba*aba", "/x", &["abaaba", "abaxaba"], &["aba", "ababa"]),
        ("/etc/passwd", "/etc", &["passwd"], &["passwd-", "passw", ""]),
        ("~/.ssh*", "~", &[".ssh"], &["ssh"]),
        ("~/.config/mozilla", "~/.config", &["mozilla"], &["Mozilla"]),
    ];
    for (text, parent, same, other) in table {
        let pattern = pattern(text).unwrap();
        assert_eq!(pattern.parent().to_string(), *parent);
        assert_eq!(pattern.to_string(), *text);
        assert!(same.iter().all(|name| pattern.matches(name.as_bytes())), "{text}");
        assert!(!other.iter().any(|name| pattern.matches(name.as_bytes())), "{text}");
    }
    assert!(!pattern("/a/b\\*").unwrap().matches(b"bx"));
}

#[test]
fn a_place_in_a_home_is_seen_from_every_home_and_lies_in_none_of_the_host() {
    let place = |text: &str| text.parse::<Place>().unwrap();
    let home = "/home/alice".parse().unwrap();
    assert_eq!(place("~/.ssh"), Place::Home("/.ssh".parse().unwrap()));
    assert_eq!(place("~/.ssh").to_string(), "~/.ssh");
    assert_eq!(place("~/.ssh").of_home(&home), "/home/alice/.ssh".parse().unwrap());
    assert_eq!(place("/etc/a").of_home(&home), "/etc/a".parse().unwrap());
    assert!(place("~/.ssh/a").starts_with(&place("~/.ssh")));
    assert!(!place("~/.ssh2").starts_with(&place("~/.ssh")));
    assert!(!place("~/a").starts_with(&place("/a")));
    assert!(!place("/a").starts_with(&place("~/a")));
}
