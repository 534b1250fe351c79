//! Units that lie where the next boot may not find them.

use std::fs;

use super::host::{Host, is_root, maker};
use super::*;

#[test]
fn where_the_units_lie_on_the_root_nothing_that_they_make_is_certain() {
    let host = Host::new();
    host.wanted("plain", "");
    fs::rename(host.at("/nix/store/units"), host.at("/etc/units")).unwrap();
    fs::remove_file(host.at("/etc/systemd/system")).unwrap();
    host.link("/etc/systemd/system", "/etc/units");
    let evidence = evidence(&host);
    assert_eq!(maker(&evidence, "/var/lib/plain", FileType::Directory), None);
    assert_eq!(owner(&evidence, "/var/lib/plain").unwrap().0, "plain.service");
}

#[test]
fn a_unit_or_link_that_lies_on_the_root_or_in_memory_is_not_certain() {
    let host = Host::new();
    for name in ["file", "link", "runtime", "dropped-in", "masked-now"] {
        host.wanted(name, "");
    }
    let text = "[Service]\nExecStart=/x\nStateDirectory=file link\n";
    fs::remove_file(host.at("/nix/store/units/file.service")).unwrap();
    host.file("/home/file.service", text);
    host.link("/nix/store/units/file.service", "/home/file.service");
    fs::remove_file(host.at("/nix/store/units/multi-user.target.wants/link.service")).unwrap();
    host.link("/usr/lib/systemd/system/multi-user.target.wants/link.service", "../link.service");
    host.file("/run/systemd/system/dropped-in.service.d/x.conf", "[Service]\nNice=1\n");
    host.link("/etc/systemd/system.control/masked-now.service", "/dev/null");
    let evidence = evidence(&host);
    for (name, is_made) in
        [("file", false), ("link", false), ("dropped-in", false), ("runtime", true)]
    {
        let made = maker(&evidence, &format!("/var/lib/{name}"), FileType::Directory);
        assert_eq!(made.is_some(), is_made, "{name}");
    }
    assert_eq!(maker(&evidence, "/var/lib/masked-now", FileType::Directory), None);
}

#[test]
fn what_only_one_of_two_systems_makes_is_not_made_again() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    host.wanted("both", "");
    host.wanted("one", "");
    for (place, system) in [("/run/current-system", "a"), ("/nix/var/nix/profiles/system", "b")] {
        host.link(place, &format!("/nix/store/{system}"));
        host.file(&format!("/nix/store/{system}/nixos-version"), "26.11");
    }
    host.link("/nix/store/a/etc/systemd/system", "/nix/store/units");
    let copy = |name: &str| {
        let to = host.at(&format!("/nix/store/b/etc/systemd/system/{name}"));
        assert!(fs::copy(host.at(&format!("/nix/store/units/{name}")), to).is_ok());
    };
    let targets = ["sysinit.target", "basic.target", "multi-user.target"];
    targets.into_iter().chain(["both.service", "one.service"]).for_each(copy);
    host.link("/nix/store/b/etc/systemd/system/default.target", "multi-user.target");
    host.link("/nix/store/b/etc/systemd/system/multi-user.target.wants/both.service", "../x");
    let of_both = evidence(&host);
    let made = |at| maker(&of_both, at, FileType::Directory);
    assert_eq!(made("/var/lib/both"), by("both.service", "StateDirectory"));
    assert_eq!(made("/var/lib/one"), None);
    fs::remove_file(host.at("/nix/var/nix/profiles/system")).unwrap();
    host.link("/nix/var/nix/profiles/system", "/nowhere");
    assert_eq!(maker(&evidence(&host), "/var/lib/both", FileType::Directory), None);
}
