use super::*;

/// A rule with `$` on a host whose `/usr/lib` leads to the store, with this library there.
fn host_with(library: &str) -> Host {
    let host = host();
    rules(&host, "x", "d$ /v/dollar 0750\nd$ /v/twice 0700\nd /v/twice 0750\n");
    host.dir("/v/dollar", 0o750);
    host.dir("/v/twice", 0o750);
    host.link("/usr/lib", "/nix/store/lib");
    host.file(&format!("/nix/store/lib/systemd/{library}"), "");
    host
}

#[test]
fn a_line_that_is_also_for_purging_counts_only_where_systemd_knows_that() {
    if !is_root() {
        return;
    }
    let made = |host: &Host| {
        let evidence = evidence(host);
        ["/v/dollar", "/v/twice"].map(|at| maker(&evidence, at, FileType::Directory))
    };
    assert_eq!(made(&host_with("libsystemd-shared-257.so")), [by("x"), None]);
    assert_eq!(made(&host_with("libsystemd-shared-256.so")), [None, None]);
    assert_eq!(made(&host_with("libsystemd-core-257.so")), [None, None]);
    // What lies on the root itself may be another one after the next boot.
    let host = host_with("libsystemd-shared-257.so");
    std::fs::remove_file(host.at("/usr/lib")).unwrap();
    host.file("/usr/lib/systemd/libsystemd-shared-257.so", "");
    assert_eq!(made(&host), [None, None]);
}
