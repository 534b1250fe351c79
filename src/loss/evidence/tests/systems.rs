use super::super::systems::systems;
use super::*;

fn found(host: &Host) -> Vec<String> {
    let files = Files::of_host(host.top.path()).unwrap();
    systems(&files).iter().map(ToString::to_string).collect()
}

#[test]
fn the_system_that_runs_and_the_one_that_was_installed_last_may_boot() {
    let host = Host::nixos();
    assert_eq!(found(&host), [SYSTEM]);
    host.system(NEXT);
    host.link("/nix/var/nix/profiles/system-1-link", NEXT);
    assert_eq!(found(&host), [SYSTEM, NEXT]);
    fs::remove_file(host.at("/run/current-system")).unwrap();
    assert_eq!(found(&host), [NEXT]);
}

#[test]
fn where_one_of_them_is_not_to_be_found_nothing_is_known_of_the_next_boot() {
    let table: [fn(&Host); 5] = [
        |host| host.link("/nix/var/nix/profiles/system", "nowhere"),
        |host| host.link("/nix/var/nix/profiles/system-1-link", "system-1-link"),
        |host| host.link("/nix/var/nix/profiles/system-1-link", "../../system"),
        |host| host.file("/run/current-system", "x", 0o644),
        |host| fs::remove_file(host.at(&format!("{SYSTEM}/nixos-version"))).unwrap(),
    ];
    for (number, differ) in table.iter().enumerate() {
        let host = Host::nixos();
        differ(&host);
        let expected: &[&str] = if number == 4 { &[SYSTEM] } else { &[] };
        assert_eq!(found(&host), expected, "{number}");
    }
    assert_eq!(found(&Host::empty()), [""; 0]);
}
