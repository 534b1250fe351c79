#![expect(clippy::disallowed_methods, reason = "makes files and the processes that hold them")]

use std::fs::{File, OpenOptions};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// A process that holds something, until it is dropped.
struct Holder(Child);

impl Holder {
    /// A shell that opens what `script` says, and becomes a sleep. That it is when this returns.
    fn new(dir: &Path, script: &str) -> Self {
        let script = format!("set -e; {script}; exec sleep 600");
        let child = Command::new("sh")
            .args(["-c", &script])
            .current_dir(dir)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let holder = Self(child);
        let (start, comm) = (Instant::now(), format!("/proc/{}/comm", holder.0.id()));
        while std::fs::read(&comm).unwrap() != b"sleep\n" {
            assert!(start.elapsed().as_secs() < 60, "{script} does not come to its end");
            std::thread::sleep(Duration::from_millis(5));
        }
        holder
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The names that this process has open, and what is said of it.
fn found(root: &Path, pid: u32) -> (Vec<String>, Vec<String>) {
    let open = writers_on(root).unwrap();
    let files = open.files.iter().filter(|file| file.pid == pid);
    let gaps = open.gaps.iter().filter(|gap| gap.contains(&format!("process {pid} ")));
    (files.map(|file| file.path.to_string()).collect(), gaps.cloned().collect())
}

#[test]
fn what_is_open_for_writing_on_the_root_is_told_by_its_name_there() {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().join("root");
    std::fs::create_dir_all(root.join("var/odd\nname")).unwrap();
    std::fs::write(root.join("read"), "x").unwrap();
    let holder = Holder::new(
        &root,
        "exec 3>>var/log 4>'var/odd\nname/(deleted)' 5<read 6>gone 7>../beside 8>was; \
         rm gone; mv was is",
    );
    let (files, gaps) = found(&root, holder.0.id());
    assert_eq!(files, ["/is", "/var/log", "/var/odd\\nname/(deleted)"]);
    assert_eq!(gaps, Vec::<String>::new());
    let whole = found(outside.path(), holder.0.id()).0;
    assert_eq!(whole.len(), 4);
    assert!(whole.contains(&"/beside".to_owned()) && whole.contains(&"/root/var/log".to_owned()));
}

#[test]
fn a_name_that_is_gone_while_another_is_left_is_a_gap() {
    let root = tempfile::tempdir().unwrap();
    let holder = Holder::new(root.path(), "exec 3>first; ln first second; rm first");
    let (files, gaps) = found(root.path(), holder.0.id());
    assert_eq!(files, Vec::<String>::new());
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].contains("(sleep) writes to a file that may lie on the root"), "{gaps:?}");
}

#[test]
fn the_command_is_told_and_this_process_is_not() {
    let root = tempfile::tempdir().unwrap();
    let own = File::create(root.path().join("own")).unwrap();
    let holder = Holder::new(root.path(), "exec 3>>file");
    let open = writers_on(root.path()).unwrap();
    // A child that another test is about to start has this process's files open too.
    let told = |pid: u32| -> Vec<&str> {
        let files = open.files.iter().filter(|file| file.pid == pid);
        files.map(|file| file.command.as_str()).collect()
    };
    assert_eq!((told(holder.0.id()), told(std::process::id())), (vec!["sleep"], vec![]));
    drop(own);
}

#[test]
fn a_name_counts_where_it_leads_to_the_same_file() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("mapped");
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap();
    let seen = statx(&file, c"", rustix::fs::AtFlags::EMPTY_PATH, WANTED).unwrap();
    let held = Held { id: id(&seen), name: path.as_os_str().as_bytes().to_vec(), mount: None };
    let opened = Root::open(root.path()).unwrap();
    assert_eq!(opened.spot(&held, &[]), Spot::On("/mapped".parse().unwrap()));
    std::fs::rename(&path, root.path().join("other")).unwrap();
    File::create(&path).unwrap();
    assert_eq!(opened.spot(&held, &[]), Spot::Unknown);
}

#[test]
fn a_file_is_named_by_where_its_mount_shows_the_file_system() {
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("tmp/private/file");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "x").unwrap();
    let root = Root::open(outside.path()).unwrap();
    let seen = statx(CWD, &file, OPEN_FILE, WANTED).unwrap();
    let within = root.within.clone().unwrap();
    let private = |place: &str| Mounted {
        number: 7,
        within: place.parse::<HostPath>().unwrap().below(&within),
        point: "/tmp".parse().unwrap(),
    };
    let held = |name: &str, mount| Held { id: id(&seen), name: name.into(), mount };
    let there = || Spot::On("/tmp/private/file".parse().unwrap());
    let table = [
        (held("/tmp/file", Some(7)), "/tmp/private", there()),
        (held("/tmp/file", Some(7)), "/tmp", Spot::Unknown),
        (held("/tmp/file", Some(8)), "/tmp/private", Spot::Unknown),
        (held("/other/file", Some(7)), "/tmp/private", Spot::Unknown),
        (held("", Some(7)), "/tmp/private", Spot::Unknown),
    ];
    for (number, (held, place, expected)) in table.into_iter().enumerate() {
        assert_eq!(root.spot(&held, &[private(place)]), expected, "{number}");
    }
    let elsewhere = FileId { device: (0, 0), inode: 1 };
    let held = Held { id: elsewhere, ..held("/tmp/private/file", None) };
    assert_eq!(root.spot(&held, &[]), Spot::Off);
}

#[test]
fn of_many_processes_that_may_not_be_looked_into_one_line_is_said() {
    let hidden = |count: u32| -> Vec<(u32, String, io::Error)> {
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        (1..=count).map(|pid| (pid, "x".to_owned(), denied())).collect()
    };
    for (count, lines) in [(0, 0), (1, 1), (3, 3), (4, 1), (400, 1)] {
        assert_eq!(hidden_gaps(&hidden(count)).len(), lines, "{count}");
    }
    assert_eq!(
        hidden_gaps(&hidden(9)),
        ["cannot look into 9 processes, such as 1 (x): permission denied"]
    );
}

#[test]
fn the_mount_and_what_it_shows_are_read() {
    let table: [(&[u8], Option<u64>); 4] = [
        (b"pos:\t0\nmnt_id:\t29\nino:\t1\n", Some(29)),
        (b"mnt_id:\t\n", None),
        (b"mnt_id:\t-1\n", None),
        (b"", None),
    ];
    for (info, expected) in table {
        assert_eq!(mount_of(info), expected, "{}", info.escape_ascii());
    }
    let text = b"36 22 0:33 /sub\\040dir /mnt rw - zfs rpool/x rw\nodd\n37 22 0:4 mnt:[1] /x rw\n";
    let (within, point) = ("/sub dir".parse().unwrap(), "/mnt".parse().unwrap());
    assert_eq!(Mounted::all(text), [Mounted { number: 36, within, point }]);
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text: Vec<u8>) {
        let _ = (Mounted::all(&text), mount_of(&text));
    }
}
