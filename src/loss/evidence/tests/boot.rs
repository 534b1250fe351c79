use super::*;
use crate::presets::Rank;

/// What the scripts of a system of NixOS say.
const PREPARE_ROOT: &str = "#! /nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-bash
install -m 0755 -d /etc
if [ ! -h \"/etc/nixos\" ]; then
    install -m 0755 -d /etc/nixos
fi
install -m 01777 -d /tmp
: >> /etc/machine-id
";
const ACTIVATE: &str = "mkdir -p /bin
chmod 0755 /bin
ln -sfn \"/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-bash/bin/sh\" /bin/.sh.tmp
mv /bin/.sh.tmp /bin/sh # atomically
install -m 0700 -d /root
install -m 0755 -d /home
";

fn host() -> Host {
    let host = Host::nixos();
    host.file(&format!("{SYSTEM}/prepare-root"), PREPARE_ROOT, 0o555);
    host.file(&format!("{SYSTEM}/activate"), ACTIVATE, 0o555);
    let spec = "{\"org.nixos.nixos-init.v1\":{\"env_binary\":\"/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-env/bin/env\",\
        \"etc_metadata_image\":\"/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-image\"},\"other\":1}";
    host.file(&format!("{SYSTEM}/boot.json"), spec, 0o444);
    let fstab = "rpool/nix /nix zfs defaults 0 0\n/dev/sda /usb vfat nofail 0 0\n";
    host.file(&format!("{SYSTEM}-etc/etc/fstab"), fstab, 0o444);
    let units = format!("{SYSTEM}-etc/etc/systemd/system");
    host.file(&format!("{units}/systemd-update-done.service"), "[Service]\n", 0o444);
    let wanted = format!("{units}/sysinit.target.wants/systemd-update-done.service");
    host.link(&wanted, "../systemd-update-done.service");
    for (at, mode) in [("/etc/nixos", 0o755), ("/tmp", 0o1777), ("/root", 0o700), ("/home", 0o755)]
    {
        host.dir(at, mode);
    }
    for at in ["/usr/bin", "/usb", "/var/lib/mine", "/.rw-etc/work/work", "/.rw-etc/upper/mine"] {
        host.dir(at, 0o755);
    }
    host.link("/bin/sh", "/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-bash/bin/sh");
    host.dir("/bin", 0o755);
    host.link("/usr/bin/env", "/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-env/bin/env");
    host.file("/etc/machine-id", "", 0o644);
    host.file("/var/.updated", "# by systemd\nTIMESTAMP_NSEC=1\n", 0o644);
    host
}

#[test]
fn what_every_boot_makes_is_made_again_and_nothing_else() {
    as_root("boot::what_every_boot_makes_is_made_again_and_nothing_else", || {
        let host = host();
        let table = [
            ("/bin", true),
            ("/bin/sh", true),
            ("/usr", true),
            ("/usr/bin", true),
            ("/usr/bin/env", true),
            ("/etc", true),
            ("/etc/nixos", true),
            ("/etc/machine-id", true),
            ("/tmp", true),
            ("/root", true),
            ("/home", true),
            ("/nix", true),
            ("/nix/store", false),
            ("/run", true),
            ("/usb", false),
            ("/.rw-etc", true),
            ("/.rw-etc/upper", true),
            ("/.rw-etc/work/work", true),
            ("/.rw-etc/upper/mine", false),
            ("/var/.updated", true),
            ("/var/lib/mine", false),
        ];
        for (at, is_made) in table {
            let maker = host.maker(at);
            assert_eq!(matches!(maker, Some(Maker::Boot(_))), is_made, "{at}: {maker:?}");
        }
    });
}

/// What is done to the host, and what is lost then.
type Difference = (&'static str, fn(&Host));

#[test]
fn what_differs_from_what_a_boot_makes_is_lost() {
    let table: [Difference; 16] = [
        ("/bin/sh", |host| {
            host.link("/bin/sh", "/nix/store/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy-zsh/bin/sh");
        }),
        ("/bin/sh", |host| host.file("/bin/sh", "mine", 0o755)),
        ("/bin/sh", |host| host.file(&format!("{SYSTEM}/activate"), "", 0o555)),
        ("/usr/bin/env", |host| host.link("/usr/bin/env", "/bin/env")),
        ("/usr/bin/env", |host| host.file(&format!("{SYSTEM}/boot.json"), "{", 0o444)),
        ("/root", |host| host.dir("/root", 0o755)),
        ("/tmp", |host| host.dir("/tmp", 0o755)),
        ("/tmp", |host| host.file(&format!("{SYSTEM}/prepare-root"), "", 0o555)),
        ("/etc/machine-id", |host| host.file("/etc/machine-id", "0123\n", 0o644)),
        ("/var/.updated", |host| host.file("/var/.updated", "mine\n", 0o644)),
        ("/var/.updated", |host| {
            let unit = format!("{SYSTEM}-etc/etc/systemd/system/systemd-update-done.service");
            host.link(&unit, "/dev/null");
        }),
        ("/var/.updated", |host| {
            let wants = format!("{SYSTEM}-etc/etc/systemd/system/sysinit.target.wants");
            fs::remove_dir_all(host.at(&wants)).unwrap();
        }),
        ("/var/.updated", |host| {
            let unit = format!("{SYSTEM}-etc/etc/systemd/system/systemd-update-done.service");
            host.file(&format!("{unit}.d/x.conf"), "", 0o444);
        }),
        ("/.rw-etc/upper", |host| {
            host.file(&format!("{SYSTEM}/boot.json"), "{}", 0o444);
        }),
        ("/home", |host| {
            host.system(NEXT);
            host.link("/nix/var/nix/profiles/system", NEXT);
        }),
        ("/home", |host| fs::remove_file(host.at("/nix/var/nix/profiles/system-1-link")).unwrap()),
    ];
    as_root("boot::what_differs_from_what_a_boot_makes_is_lost", || {
        for (number, (at, differ)) in table.iter().enumerate() {
            let host = host();
            differ(&host);
            assert_eq!(host.maker(at), None, "{number}: {at}");
        }
    });
}

#[test]
fn a_host_of_another_kind_makes_nothing() {
    as_root("boot::a_host_of_another_kind_makes_nothing", || {
        let host = host();
        fs::remove_file(host.at("/run/current-system")).unwrap();
        fs::remove_dir_all(host.at("/nix/var")).unwrap();
        for at in ["/bin", "/bin/sh", "/etc", "/tmp", "/nix", "/run", "/.rw-etc"] {
            assert_eq!(host.maker(at), None, "{at}");
        }
    });
}

/// systemd makes it again where there is no mark, from all catalogs that it finds then. Whether these are
/// the ones that it was made from nobody can tell without making it: so it is lost, and as a cache.
#[test]
fn the_database_of_the_journals_catalogs_is_a_cache_that_is_lost() {
    as_root("boot::the_database_of_the_journals_catalogs_is_a_cache_that_is_lost", || {
        let host = host();
        let (unit, at) = ("systemd-journal-catalog-update.service", DATABASE);
        let units = format!("{SYSTEM}-etc/etc/systemd/system");
        host.file(&format!("{units}/{unit}"), CATALOG, 0o444);
        host.link(&format!("{units}/sysinit.target.wants/{unit}"), &format!("../{unit}"));
        host.file(at, "RHHHKSLP", 0o644);
        assert_eq!(host.maker(at), None);
        let owned = host.gathered_with(&Presets::builtin().unwrap()).owners.of(&path(at));
        assert_eq!(owned.rank, Rank::Cache);
    });
}

const DATABASE: &str = "/var/lib/systemd/catalog/database";
const CATALOG: &str =
    "[Unit]\nConditionNeedsUpdate=/var\n[Service]\nExecStart=journalctl --update-catalog\n";
