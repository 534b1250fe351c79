//! Text to [`Config`], fault by fault.
//!
//! In: TOML text. Out: a configuration and all that is wrong in it; where there is a fault the
//! configuration is not to be used. Written over the parsed tree and not over derived types, because
//! every fault has to name its line, its key and the cure, and all of them at once: a misspelt key
//! means a path that is not kept, and that is found out after the loss.

use toml::de::DeTable;

use super::VERSION;
use super::section::{Document, MISSING, Section, integer};
use super::{
    AcceptRule, Config, Device, Entry, Fault, How, Kind, NewerSnapshots, OnFailure, Root, Store,
};
use crate::path::HostPath;

/// Reads the whole text. The configuration is complete only when there is no fault.
pub(super) fn config(text: &str) -> (Config, Vec<Fault>) {
    let document = Document::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        document.fault(at, "", format!("not TOML: {}", error.message().replace('\n', ", ")));
    }
    let mut config = Config { digest: digest(text), ..Config::default() };
    if document.is_good() {
        let mut top = Section::new(&document, root.get_ref(), 0, String::new());
        version(&mut top);
        config.roots = top.tables("root").into_iter().filter_map(read_root).collect();
        config.stores = top.tables("store").into_iter().filter_map(read_store).collect();
        if let Some(mut report) = top.table("report") {
            config.accept = report.tables("accept").into_iter().filter_map(read_rule).collect();
            report.finish();
        }
        top.finish();
    }
    (config, document.into_faults())
}

fn digest(text: &str) -> String {
    use std::fmt::Write;
    let mut hex = String::with_capacity(64);
    for byte in hmac_sha256::Hash::hash(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}"); // a String takes everything
    }
    hex
}

fn version(top: &mut Section) {
    match top.take("version") {
        None => top.fault("version", format!("{MISSING}write version = {VERSION} at the top")),
        Some(value) => {
            if integer(value.get_ref()) != Some(VERSION) {
                let cure = format!("is not {VERSION}, the version that this program reads");
                top.fault_at(value, "version", cure);
            }
        }
    }
}

fn read_root(mut section: Section) -> Option<Root> {
    let mount = section.parsed::<HostPath>("mount");
    section.choice("kind", &[("zfs", ())], None);
    let dataset = section.parsed("dataset");
    let snapshot = section.parsed("snapshot");
    let snapshot_guid = section.guid("snapshot-guid");
    let newer = [NewerSnapshots::Destroy, NewerSnapshots::Refuse].map(|n| (n.word(), n));
    let newer_snapshots = section.choice("newer-snapshots", &newer, Some(NewerSnapshots::Destroy));
    let failure = [OnFailure::Continue, OnFailure::Emergency].map(|f| (f.word(), f));
    let on_failure = section.choice("on-failure", &failure, Some(OnFailure::Continue));
    let line = section.line();
    section.finish();
    Some(Root {
        mount: mount?,
        dataset: dataset?,
        snapshot: snapshot?,
        snapshot_guid,
        newer_snapshots: newer_snapshots?,
        on_failure: on_failure?,
        line,
    })
}

fn read_store(mut section: Section) -> Option<Store> {
    let path = section.parsed::<HostPath>("path");
    let mount = section.parsed_or("mount", path.clone());
    let device = read_device(&mut section);
    let entries = section.tables("entry").into_iter().filter_map(read_entry).collect();
    let line = section.line();
    section.finish();
    Some(Store { path: path?, mount: mount?, device, entries, line })
}

/// What the initrd mounts; a part of it says nothing.
fn read_device(section: &mut Section) -> Option<Device> {
    let name = section.text("device");
    let fs = section.text("fs");
    let options = section.text("options");
    match (section.has("device"), section.has("fs")) {
        (true, false) => {
            section
                .fault("fs", format!("{MISSING}write the type of the device, e.g. fs = \"zfs\""));
        }
        (false, true) => {
            section.fault("device", format!("{MISSING}write what is mounted, or drop fs"));
        }
        (true, true) => {}
        (false, false) => {
            for key in ["mount", "options"].into_iter().filter(|key| section.has(key)) {
                let what = "is about a device, and none is named; add device and fs, or drop it";
                section.fault(key, what.into());
            }
        }
    }
    Some(Device { name: name?, fs: fs?, options })
}

fn read_entry(mut section: Section) -> Option<Entry> {
    let target = section.parsed::<HostPath>("target");
    let kinds = [("directory", Kind::Directory), ("file", Kind::File)];
    let kind = section.choice("kind", &kinds, None);
    let how =
        section.choice("how", &[("bind", How::Bind), ("symlink", How::Symlink)], Some(How::Bind));
    let user = section.principal("user");
    let group = section.principal("group");
    let mode = section.mode();
    let because = section.text("because");
    let line = section.line();
    section.finish();
    Some(Entry { target: target?, kind: kind?, how: how?, user, group, mode, because, line })
}

fn read_rule(mut section: Section) -> Option<AcceptRule> {
    let glob = section.text("glob");
    if glob.is_none() && !section.has("glob") {
        section.fault(
            "glob",
            format!("{MISSING}write which paths are accepted, e.g. \"/var/tmp/**\""),
        );
    }
    let because = section.text("because");
    let line = section.line();
    section.finish();
    Some(AcceptRule { glob: glob?, because, line })
}
