use super::*;

const GENERATION: &str = "/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-home-manager-generation";
const FILES: &str = "/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-home-manager-files";
const UNITS: &str =
    "/nix/store/00000000000000000000000000000000-nixos-system-etc/etc/systemd/system";

fn unit(command: &str) -> String {
    format!("[Unit]\nDescription=x\n[Service]\nExecStart={command}\nUser=alice\n")
}

/// A host whose system starts home-manager for alice, and makes her home.
fn host() -> Host {
    let host = Host::nixos().user("alice", 1000, "/home/alice");
    host.file(&format!("{SYSTEM}/activate"), "install -m 0755 -d /home/alice\n", 0o555);
    let name = "home-manager-alice.service";
    let command = format!("/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-hm-setup-env {GENERATION}");
    host.file(&format!("{UNITS}/{name}"), unit(&command), 0o444);
    host.link(&format!("{UNITS}/multi-user.target.wants/{name}"), &format!("../{name}"));
    host.link(&format!("{UNITS}/default.target"), "graphical.target");
    host.link(&format!("{GENERATION}/home-files"), FILES);
    host.link(&format!("{FILES}/.bashrc"), "/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-bashrc");
    host.file(&format!("{FILES}/.config/git/config"), "x", 0o444);
    host.dir("/home/alice", 0o755);
    for file in [".bashrc", ".config/git/config"] {
        host.link(&format!("/home/alice/{file}"), &format!("{FILES}/{file}"));
    }
    host
}

const BASHRC: &str = "/home/alice/.bashrc";

#[test]
fn the_links_of_the_generation_that_is_started_are_made_again_with_their_directories() {
    as_root(
        "home_manager::the_links_of_the_generation_that_is_started_are_made_again_with_their_directories",
        || {
            let host = host();
            let by = Some(Maker::HomeManager("alice".into()));
            for file in [".bashrc", ".config", ".config/git", ".config/git/config"] {
                assert_eq!(host.maker(&format!("/home/alice/{file}")), by, "{file}");
            }
            // The command is a script that names the generation.
            let script = format!("#! x\nexec \"{GENERATION}/activate\" --driver-version 1\n");
            host.file("/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-wrapper", script, 0o555);
            host.file(
                &format!("{UNITS}/home-manager-alice.service"),
                unit("/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-wrapper"),
                0o444,
            );
            assert_eq!(host.maker(BASHRC), by);
        },
    );
}

#[test]
fn a_link_is_lost_where_it_is_another_or_home_manager_is_not_certain_to_start() {
    let table: [fn(&Host); 14] = [
        |host| host.link(BASHRC, "/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-bashrc"),
        |host| {
            host.link(
                BASHRC,
                "/nix/store/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy-home-manager-files/.bashrc",
            );
        },
        |host| host.file(BASHRC, "mine", 0o644),
        |host| fs::remove_file(host.at(&format!("{FILES}/.bashrc"))).unwrap(),
        |host| host.link(&format!("{GENERATION}/home-files"), "relative"),
        |host| host.link(&format!("{UNITS}/home-manager-alice.service"), "/dev/null"),
        |host| fs::remove_dir_all(host.at(&format!("{UNITS}/multi-user.target.wants"))).unwrap(),
        |host| host.link(&format!("{UNITS}/default.target"), "rescue.target"),
        |host| host.file(&format!("{UNITS}/home-manager-alice.service.d/x.conf"), "", 0o444),
        |host| {
            let unit = unit(GENERATION) + "ConditionPathExists=/x\n";
            host.file(&format!("{UNITS}/home-manager-alice.service"), unit, 0o444);
        },
        |host| {
            let unit = unit(GENERATION).replace("alice", "eve");
            host.file(&format!("{UNITS}/home-manager-alice.service"), unit, 0o444);
        },
        |host| {
            let command = format!(
                "{GENERATION} /nix/store/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy-home-manager-generation"
            );
            host.file(&format!("{UNITS}/home-manager-alice.service"), unit(&command), 0o444);
        },
        |host| host.file(&format!("{SYSTEM}/activate"), "", 0o555),
        |host| {
            host.system(NEXT);
            host.link("/nix/var/nix/profiles/system", NEXT);
        },
    ];
    as_root(
        "home_manager::a_link_is_lost_where_it_is_another_or_home_manager_is_not_certain_to_start",
        || {
            for (number, differ) in table.iter().enumerate() {
                let host = host();
                differ(&host);
                assert_eq!(host.maker(BASHRC), None, "{number}");
            }
        },
    );
}
