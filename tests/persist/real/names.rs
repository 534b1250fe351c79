//! Names that break shells, unit files and tmpfiles lines (field.md §2.3) are names here.

use std::fs;

use blankslate::config::Config;
use blankslate::persist::record::Record;

use super::{in_namespace, place, read, write};

fn declared(target: &str, how: &str) -> Config {
    let target = serde_json::to_string(target).unwrap();
    let text = format!(
        "version = 1\n[[store]]\npath = \"/persist\"\n[[store.entry]]\nkind = \"directory\"\n\
         how = \"{how}\"\ntarget = {target}\n"
    );
    Config::parse(&text).unwrap()
}

#[test]
fn userns_hostile_names_are_adopted_and_placed_like_any_other() {
    in_namespace("names::userns_hostile_names_are_adopted_and_placed_like_any_other", |root| {
        let (long, deep) = ("n".repeat(255), ["d"; 200].join("/"));
        let names = [
            "with space",
            "it's",
            "\"quoted\"",
            "100%h %n %%",
            "$HOME `id` $(id)",
            "back\\slash",
            "-rf",
            "--",
            "*",
            "new\nline",
            "tab\tand\u{1b}[31m",
            "über",
            "a;b|c&d",
            "#no",
            &long,
            &deep,
        ];
        for (number, name) in names.into_iter().enumerate() {
            for how in ["bind", "symlink"] {
                let top = format!("{how}{number}");
                let at = format!("{top}/{name}");
                write(root, &format!("{at}/data"), "data");
                let config = declared(&format!("/{at}"), how);
                let (ends, record) = place(root, &config, &Record::default());
                assert!(ends.len() == 1 && ends[0].ends_with(" done"), "{name:?}: {ends:?}");
                assert!(!ends[0].contains(['\n', '\t', '\u{1b}']), "{ends:?}");
                assert_eq!(read(root, &format!("persist/{at}/data")).unwrap(), "data", "{name:?}");
                if how == "bind" {
                    assert_eq!(read(root, &format!("{at}/data")).unwrap(), "data", "{name:?}");
                } else {
                    let link = fs::read_link(root.join(&at)).unwrap();
                    assert_eq!(link.to_str().unwrap(), format!("/persist/{at}"));
                }
                let (ends, _) = place(root, &config, &record);
                assert!(ends[0].ends_with(" unchanged"), "{name:?}: {ends:?}");
            }
        }
    });
}

#[test]
fn what_is_no_normal_path_cannot_be_declared() {
    for target in ["var/lib", "/var/../etc", "/var/./lib", ""] {
        let text = format!(
            "version = 1\n[[store]]\npath = \"/p\"\n[[store.entry]]\nkind = \"file\"\ntarget = \"{target}\"\n"
        );
        assert!(Config::parse(&text).is_err(), "{target}");
    }
    let slashes = declared("//var//lib/", "bind");
    assert_eq!(slashes.stores[0].entries[0].target.to_string(), "/var/lib");
}
