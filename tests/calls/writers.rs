//! Who may still write.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use blankslate::sys::{Hold, Sys};

use crate::support::{dir, in_namespaces, mount, path, sys, write};

/// A process that has something open as the shell's `redirection` says.
struct Holder(Child);

impl Holder {
    fn new(redirection: &str, dir: &Path) -> Self {
        let script = format!("exec 7{redirection}; echo ready; exec sleep 60");
        Self::start(Command::new("sh").args(["-c", &script]).current_dir(dir))
    }

    fn start(command: &mut Command) -> Self {
        use std::io::{BufRead, BufReader};
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn found(root: &Path, at: &str) -> Vec<(u32, String)> {
    let writers = sys(root).writers(&path(at)).unwrap();
    writers.iter().map(|writer| (writer.pid, writer.path.to_string())).collect()
}

in_namespaces! {
    fn userns_a_process_that_may_write_is_named_with_its_file(root: &Path) {
        write(root, "d/deep/x", "x");
        write(root, "d/y", "y");
        write(root, "other", "z");
        symlink("../other", root.join("d/link")).unwrap();
        assert_eq!(found(root, "/d"), []);
        let _reader = Holder::new("<d/y", root);
        let _elsewhere = Holder::new(">>other", root);
        let _linked = Holder::new(">>d/link", root);
        assert_eq!(found(root, "/d"), []);
        let appending = Holder::new(">>d/deep/x", root);
        let both = Holder::new("<>d/y", root);
        let (one, two) = (appending.0.id(), both.0.id());
        let mut expected = vec![(one, "/d/deep/x".to_owned()), (two, "/d/y".to_owned())];
        expected.sort();
        assert_eq!(found(root, "/d"), expected);
        assert_eq!(found(root, "/d/deep"), [(one, "/d/deep/x".to_owned())]);
        assert_eq!(found(root, "/d/y"), [(two, "/d/y".to_owned())]);
        let command = sys(root).writers(&path("/d/y")).unwrap()[0].command.clone();
        assert!(["sh", "sleep"].contains(&command.as_str()), "{command}");
        drop((appending, both));
        assert_eq!(found(root, "/d"), []);
        // By the directory in which it works it makes files, whatever that is called by then.
        let worker = Holder::new("</dev/null", &root.join("d/deep"));
        assert_eq!(found(root, "/d"), [(worker.0.id(), "/d/deep".to_owned())]);
        assert_eq!(sys(root).writers(&path("/d")).unwrap()[0].hold, Hold::Directory);
    }

    fn userns_a_file_counts_by_whatever_name_it_was_opened(root: &Path) {
        write(root, "d/x", "x");
        fs::hard_link(root.join("d/x"), root.join("outside")).unwrap();
        let holder = Holder::new(">>outside", root);
        assert_eq!(found(root, "/d"), [(holder.0.id(), "/d/x".to_owned())]);
        // What was renamed meanwhile is written to just the same.
        fs::rename(root.join("d/x"), root.join("d/renamed")).unwrap();
        assert_eq!(found(root, "/d"), [(holder.0.id(), "/d/renamed".to_owned())]);
    }

    fn userns_a_mapping_that_is_written_counts_without_a_descriptor(root: &Path) {
        write(root, "d/shared", "xxxxxxxx");
        write(root, "d/private", "xxxxxxxx");
        let script = "import mmap,os,sys,time\n\
            for name,flags in (('d/shared',mmap.MAP_SHARED),('d/private',mmap.MAP_PRIVATE)):\n \
            fd=os.open(name,os.O_RDWR)\n m=mmap.mmap(fd,8,flags)\n globals()[name]=m\n os.close(fd)\n\
            import gc\n";
        // Python's mmap keeps a duplicate of the descriptor; all of them are closed.
        let script = format!("{script}os.closerange(3,100)\nprint('ready',flush=True)\ntime.sleep(60)\n");
        if Command::new("python3").arg("-V").output().is_err() {
            return eprintln!("skipped: no python3 here");
        }
        let holder = Holder::start(Command::new("python3").args(["-c", &script]).current_dir(root));
        assert_eq!(found(root, "/d"), [(holder.0.id(), "/d/shared".to_owned())]);
    }

    fn userns_our_own_files_and_other_mounts_do_not_count(root: &Path) {
        write(root, "d/x", "x");
        mount("tmpfs", &dir(root, "d/in", 0, 0o755));
        write(root, "d/in/y", "y");
        let _own = OpenOptions::new().append(true).open(root.join("d/x")).unwrap();
        let holder = Holder::new(">>d/in/y", root);
        // Something on the same file system, or the tree is not even walked.
        let _elsewhere = Holder::new(">>elsewhere", root);
        assert_eq!(found(root, "/d"), []);
        assert_eq!(found(root, "/d/in"), [(holder.0.id(), "/d/in/y".to_owned())]);
        assert!(sys(root).writers(&path("/none")).is_err());
    }

    fn userns_a_process_that_cannot_be_looked_into_is_an_error(root: &Path) {
        if crate::support::user() == 0 {
            return eprintln!("skipped: there is only one user here");
        }
        write(root, "d/x", "x");
        let holder = Holder::new(">>d/x", root);
        let find = |root: &Path| {
            let root = root.to_owned();
            let find = move || {
                use caps::{CapSet, Capability};
                caps::drop(None, CapSet::Effective, Capability::CAP_SYS_PTRACE).unwrap();
                caps::drop(None, CapSet::Permitted, Capability::CAP_SYS_PTRACE).unwrap();
                sys(&root).writers(&path("/d")).map_err(|error| error.to_string())
            };
            std::thread::spawn(find).join().unwrap()
        };
        let error = find(root).unwrap_err();
        assert!(error.starts_with("cannot find who writes to /d: cannot look into process "), "{error}");
        drop(holder);
    }
}
