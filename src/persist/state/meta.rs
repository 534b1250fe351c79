//! Owners and modes that are not those declared.

use crate::config::Entry;
use crate::path::HostPath;
use crate::persist::accounts::{Accounts, Resolved};
use crate::persist::observe::{Ends, Observation};
use crate::persist::paste::shell;
use crate::sys::{Look, Meta};

/// Returns where what lies in the store has another owner or mode than declared. The store is the
/// truth and nothing changes it; whoever wants what is declared has to say so, with these commands.
#[must_use]
pub fn note_of_meta(seen: &Observation, accounts: &Accounts) -> Option<String> {
    let Ok(Ends { at_source: Look::Directory(there) | Look::File(there), unfinished, .. }) =
        &seen.ends
    else {
        return None;
    };
    if unfinished.iter().any(|made| made.path == seen.source) {
        return None;
    }
    let (differs, cures) = differences(&seen.entry, there.meta, accounts, &seen.source);
    if differs.is_empty() {
        return None;
    }
    let (differs, cures) = (differs.join(", "), cures.join(" && "));
    Some(format!("{}: {differs}; that stays, unless you run `{cures}`", seen.entry.target))
}

fn differences(
    entry: &Entry,
    there: Meta,
    accounts: &Accounts,
    source: &HostPath,
) -> (Vec<String>, Vec<String>) {
    let number = |resolved: Resolved| match resolved {
        Resolved::Number(number) => Some(number),
        Resolved::Later | Resolved::Nobody => None,
    };
    let user = entry.user.as_ref().and_then(|user| number(accounts.user(user)));
    let group = entry.group.as_ref().and_then(|group| number(accounts.group(group)));
    let user = user.filter(|&user| user != there.uid);
    let group = group.filter(|&group| group != there.gid);
    let mode = entry.mode.filter(|&mode| mode != there.mode);
    let path = shell(source.as_bytes());
    let (mut differs, mut cures) = (Vec::new(), Vec::new());
    if let Some(user) = user {
        differs.push(format!("its owner is {}, declared is {user}", there.uid));
    }
    if let Some(group) = group {
        differs.push(format!("its group is {}, declared is {group}", there.gid));
    }
    match (user, group) {
        (None, None) => {}
        (Some(user), None) => cures.push(format!("chown {user} {path}")),
        (None, Some(group)) => cures.push(format!("chgrp {group} {path}")),
        (Some(user), Some(group)) => cures.push(format!("chown {user}:{group} {path}")),
    }
    if let Some(mode) = mode {
        differs.push(format!("its mode is {:04o}, declared is {mode:04o}", there.mode));
        // Changing the owner clears the set-user-id bit: the mode comes last.
        cures.push(format!("chmod {mode:04o} {path}"));
    }
    (differs, cures)
}
