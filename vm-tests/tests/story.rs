//! The whole main job, end to end, on a real kernel with real ZFS and the programs people run.

use anyhow::Result;
use vm_tests::programs::Programs;
use vm_tests::story;
use vm_tests::workdir::Workdir;

#[test]
fn vm_a_host_boots_erased_keeps_what_was_declared_and_loses_what_was_reported() -> Result<()> {
    story::tell(&Programs::built()?, &Workdir::new("story")?, &mut |_| ())
}
