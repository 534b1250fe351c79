//! Stores that the initrd could not mount, or would mount in the wrong place.

use super::*;

#[test]
fn a_store_that_the_initrd_could_not_mount_is_a_fault() {
    let device = "device = \"rpool/safe/persist\"\nfs = \"zfs\"\noptions = \"noatime,nodev\"\n";
    let ext4 = |more: &str| with(device, &format!("device = \"UUID=1\"\nfs = \"ext4\"\n{more}\n"));
    let second = |lines: &str| format!("{EXAMPLE}\n[[store]]\npath = \"/keep\"\n{lines}\n");
    let table = [
        (
            with(device, "\n\n\n"),
            "11 store.device: is missing; add device and fs of /persist: the initrd mounts it by itself to adopt what lies only on a root, before that is erased",
        ),
        (
            with("fs = \"zfs\"\n", "\n"),
            "11 store.fs: is missing; write the type of the device, e.g. fs = \"zfs\"",
        ),
        (
            with("device = \"rpool/safe/persist\"\n", "\n"),
            "11 store.device: is missing; write what is mounted, or drop fs",
        ),
        (
            second("options = \"ro\""),
            "33 store.options: is about a device, and none is named; add device and fs, or drop it",
        ),
        (
            second("mount = \"/\""),
            "33 store.mount: is about a device, and none is named; add device and fs, or drop it",
        ),
        (
            with("rpool/safe/persist", "/dev/sda2"),
            "11 store.device: \"/dev/sda2\" is a path; write the dataset's name, as `zfs list` shows it",
        ),
        (
            with("rpool/safe/persist", "rpool//persist"),
            "11 store.device: \"rpool//persist\" has an empty part; write pool/…/name without a leading, trailing or double slash",
        ),
        (
            ext4("").replace("ext4", "auto"),
            "11 store.fs: \"auto\" names no type; write that of UUID=1, e.g. \"ext4\"",
        ),
        (
            ext4("mount = \"/pers\""),
            "11 store.mount: /pers is not above /persist; write where the file system of the store is mounted",
        ),
        (
            ext4("mount = \"/\""),
            "11 store.path: / is erased at boot; a store needs a file system of its own",
        ),
    ];
    for (text, expected) in table {
        let text = text.replacen(
            "\n[[report.accept]]\nglob = \"/var/tmp/**\"\nbecause = \"scratch space\"\n",
            "\n\n\n\n",
            1,
        );
        assert_eq!(faults(&text), [expected], "{text}");
    }
}

/// Two stores, in the lines 4 and 5, and a root at /.
fn two_stores(first: &str, second: &str) -> String {
    format!(
        "version = 1\nroot = [{{ mount = '/', kind = 'zfs', dataset = 'r/r', snapshot = 'b' }}]\n\
         store = [\n{{ {first} }},\n{{ {second} }}]\n"
    )
}

#[test]
fn two_stores_say_the_same_about_one_file_system_and_none_hides_another() {
    let system = "path = '/p/system', mount = '/p', device = 'r/p', fs = 'zfs'";
    let home = "path = '/p/home', mount = '/p', device = 'r/p', fs = 'zfs'";
    let inner = "path = '/p/big', device = 'r/big', fs = 'zfs'";
    for good in [home, inner] {
        assert_eq!(Config::parse(&two_stores(system, good)).map(|_| ()), Ok(()));
    }
    let table = [
        (
            home.replace("'/p',", "'/p/home',"),
            "mount: r/p has another one in line 4; write the same",
        ),
        (home.replace("zfs", "nfs"), "fs: r/p has another one in line 4; write the same"),
        (
            format!("{home}, options = 'noatime'"),
            "options: r/p has another one in line 4; write the same",
        ),
        (
            home.replace("r/p", "r/x"),
            "mount: /p would hide the store of line 4, or be hidden; mend mount",
        ),
        (
            "path = '/p/system/in', device = 'r/x', fs = 'zfs'".into(),
            "path: /p/system/in and the store /p/system of line 4 lie in one another; keep one",
        ),
    ];
    for (second, expected) in table {
        assert_eq!(faults(&two_stores(system, &second)), [format!("5 store.{expected}")]);
    }
    let entry = "entry = [{ target = '/p/x', kind = 'file' }]";
    assert_eq!(
        faults(&two_stores(system, &format!("{home}, {entry}"))),
        [
            "5 store.entry.target: /p/x lies on the file system of the store at /p, which is not erased; drop the entry"
        ]
    );
}

#[test]
fn a_path_lies_on_the_innermost_root_around_it() {
    let root = |mount: &str, name: &str| {
        format!(
            "[[root]]\nmount = \"{mount}\"\nkind = \"zfs\"\ndataset = \"r/{name}\"\nsnapshot = \"b\"\n"
        )
    };
    let text = format!("version = 1\n{}{}", root("/home", "h"), root("/home/a", "a"));
    let config = Config::parse(&text).unwrap();
    let on = |text: &str| config.root_of(&path(text)).map(|root| root.dataset.as_str());
    assert_eq!(on("/home/a/x"), Some("r/a"));
    assert_eq!(on("/home/ab"), Some("r/h"));
    assert_eq!(on("/home"), Some("r/h"));
    assert_eq!(on("/var"), None);
}

#[test]
fn subvolumes_of_one_device_are_file_systems_of_their_own() {
    let on = |path: &str, options: &str| {
        format!("path = '{path}', device = 'LABEL=keep', fs = 'btrfs', options = '{options}'")
    };
    let first = on("/persist", "noatime,subvol=@persist");
    for good in [on("/home", "subvol=@home"), on("/home", "subvolid=257"), on("/home", "noatime")] {
        assert_eq!(Config::parse(&two_stores(&first, &good)).map(|_| ()), Ok(()), "{good}");
    }
    assert_eq!(
        faults(&two_stores(&first, &on("/home", "subvol=@persist"))),
        [
            "5 store.mount: LABEL=keep has another one in line 4; write the same",
            "5 store.options: LABEL=keep has another one in line 4; write the same",
        ]
    );
}

#[test]
fn what_lies_on_a_device_names_one() {
    let store = |device: &str, fs: &str| {
        let keys = format!("path = '/keep'\ndevice = '''{device}'''\nfs = '{fs}'\n");
        let text = format!("version = 1\n[[store]]\n{keys}");
        Config::parse(&text).map(|_| text.clone()).map_err(|_| faults(&text))
    };
    for device in ["/dev/sda2", "UUID=67E3-17ED", "LABEL=\"a b\"", "PARTUUID=1", "PARTLABEL='x'"] {
        assert!(store(device, "ext4").is_ok(), "{device}");
    }
    assert!(store("server:/export", "nfs").is_ok());
    for device in ["sda2", "uuid=67e3", "UUID=", "LABEL=\"\"", "ID=x"] {
        let expected = format!(
            "2 store.device: \"{device}\" names no device; write its path, or UUID=…, \
             LABEL=…, PARTUUID=… or PARTLABEL=… in capitals"
        );
        assert_eq!(store(device, "btrfs"), Err(vec![expected]));
    }
}
