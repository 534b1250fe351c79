//! Which verdict each change has.

use std::collections::BTreeMap;

use super::*;

const AGAIN: Mounted = Mounted { now: true, again: true };
const FOREIGN: Mounted = Mounted { now: true, again: false };
const STORE_MISSING: Mounted = Mounted { now: false, again: true };

pub(super) fn host() -> Rules {
    let mounts = [
        ("/proc", AGAIN),
        ("/mnt/usb", FOREIGN),
        ("/persist", STORE_MISSING),
        ("/var/lib/in", FOREIGN),
        ("/etc/id", FOREIGN),
    ];
    let entries = vec![
        entry("/var/lib/in", Kind::Directory, How::Bind, true, Holds::Data),
        entry("/var/lib/out", Kind::Directory, How::Bind, false, Holds::Data),
        entry("/srv/none/deep", Kind::Directory, How::Bind, false, Holds::Unusable),
        entry("/srv/new", Kind::Directory, How::Bind, false, Holds::Nothing),
        entry("/srv/file", Kind::File, How::Symlink, false, Holds::Nothing),
        entry("/etc/id", Kind::File, How::Bind, true, Holds::Data),
        entry("/usr/lib/key", Kind::File, How::Bind, false, Holds::Awaited),
        entry("/usr/link", Kind::File, How::Symlink, true, Holds::Awaited),
        entry("/opt/link", Kind::Directory, How::Symlink, true, Holds::Data),
        entry("/opt/other", Kind::Directory, How::Symlink, false, Holds::Data),
        entry("/opt/dangling", Kind::Directory, How::Symlink, true, Holds::Unusable),
    ];
    let mounts: BTreeMap<_, _> =
        mounts.into_iter().map(|(at, mounted)| (path(at), mounted)).collect();
    Rules::new(entries, &mounts, accept(&["/var/tmp/**", "/proc/junk", "/var/lib/*"]))
}

fn entry_keeps(target: &str) -> Verdict {
    Verdict::Kept(Keeper::Entry(path(target)))
}

#[test]
fn each_change_has_the_verdict_of_the_table() {
    use Remark::{MountPoint, NoSource, None, NotInPlace, Shadowed};
    use Verdict::{Accepted, Kept, Lost};
    let link = |text| change(text, FileType::Symlink);
    let table = [
        (file("/etc/passwd", 1), Lost(None)),
        (dir("/etc"), Kept(Keeper::Parent)),
        (dir("/var/lib"), Kept(Keeper::Parent)),
        (dir("/var/lib/in"), entry_keeps("/var/lib/in")),
        (file("/var/lib/in/below", 1), Lost(Shadowed)),
        (dir("/var/lib/out"), entry_keeps("/var/lib/out")),
        (file("/var/lib/out/db", 1), Lost(NotInPlace(path("/var/lib/out")))),
        (file("/var/lib/forgotten", 1), Accepted(2)),
        (file("/var/lib/forgotten/db", 1), Lost(None)),
        (dir("/srv/none"), Lost(None)),
        (dir("/srv/none/deep"), Lost(NoSource(path("/srv/none/deep")))),
        (file("/srv/none/deep/x", 1), Lost(NoSource(path("/srv/none/deep")))),
        (dir("/srv/new"), entry_keeps("/srv/new")),
        (file("/srv/new/db", 1), Kept(Keeper::Adopted(path("/srv/new")))),
        (change("/srv/new/socket", FileType::Socket), Lost(NotInPlace(path("/srv/new")))),
        (file("/srv/file", 1), Kept(Keeper::Adopted(path("/srv/file")))),
        (dir("/srv/file"), Lost(NotInPlace(path("/srv/file")))),
        (file("/etc/id", 0), entry_keeps("/etc/id")),
        (file("/etc/id", 33), Lost(Shadowed)),
        (dir("/etc/id"), Lost(MountPoint)),
        (dir("/usr/lib"), Lost(None)),
        (file("/usr/lib/key", 0), Lost(None)),
        (file("/usr/lib/key", 1), Kept(Keeper::Adopted(path("/usr/lib/key")))),
        (dir("/usr/lib/key"), Lost(None)),
        (link("/usr/link"), Lost(None)),
        (link("/opt/link"), entry_keeps("/opt/link")),
        (dir("/opt/link"), Lost(None)),
        (link("/opt/other"), Lost(NotInPlace(path("/opt/other")))),
        (dir("/opt/other"), Lost(NotInPlace(path("/opt/other")))),
        (file("/opt/other/x", 1), Lost(NotInPlace(path("/opt/other")))),
        (link("/opt/dangling"), Lost(NoSource(path("/opt/dangling")))),
        (dir("/proc"), Kept(Keeper::Mount)),
        (file("/proc/x", 1), Lost(Shadowed)),
        (file("/proc/junk", 1), Accepted(1)),
        (dir("/mnt"), Lost(None)),
        (dir("/mnt/usb"), Lost(MountPoint)),
        (file("/mnt/usb/x", 0), Lost(Shadowed)),
        (dir("/persist"), Kept(Keeper::Mount)),
        (file("/persist/x", 1), Lost(None)),
        (dir("/var/tmp"), Accepted(0)),
        (file("/var/tmp/a/b", 1), Accepted(0)),
        (file("/var/tmpfoo", 1), Lost(None)),
    ];
    let rules = host();
    for (change, verdict) in table {
        let shown = change.path.to_string();
        assert_eq!(classify(change, &rules).verdict, verdict, "{shown}");
    }
}

#[test]
fn what_has_something_else_in_the_blank_is_never_kept() {
    for kind in [ChangeKind::Metadata(Aspect::Mode), ChangeKind::Removed, ChangeKind::TypeChanged] {
        for kept in ["/var/lib/in", "/proc", "/etc"] {
            let judged = classify(Change { kind, ..dir(kept) }, &host());
            assert!(!matches!(judged.verdict, Verdict::Kept(_)), "{kept} {kind:?}");
        }
    }
}
