//! The users of the host as NixOS writes them down for its activation. Pure.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::source::Source;

/// Returns what the activation reads, from the databases that it makes of it.
pub(super) fn users_groups(files: &[(String, Source)]) -> Result<Value> {
    let groups = rows(files, "users/group")?;
    let ranges = rows(files, "users/subuid")?;
    let users = rows(files, "users/passwd")?;
    let users: Vec<Value> = users.iter().map(|user| user_spec(user, &groups, &ranges)).collect();
    let groups: Vec<Value> = groups
        .iter()
        .map(|group| {
            let members: Vec<&str> =
                field(group, 3).split(',').filter(|name| !name.is_empty()).collect();
            json!({"name": field(group, 0), "gid": number(group, 2), "members": members})
        })
        .collect();
    Ok(json!({"groups": groups, "mutableUsers": false, "users": users}))
}

fn user_spec(user: &[String], groups: &[Vec<String>], ranges: &[Vec<String>]) -> Value {
    let name = field(user, 0);
    let group = groups.iter().find(|group| field(group, 2) == field(user, 3));
    let range = |start: &str| -> Vec<Value> {
        let own = ranges.iter().filter(|range| field(range, 0) == name);
        own.map(|range| json!({start: number(range, 1), "count": number(range, 2)})).collect()
    };
    let is_person = number(user, 2).is_some_and(|uid| (1000..60_000).contains(&uid));
    json!({
        "name": name, "uid": number(user, 2), "group": group.map(|group| field(group, 0)),
        "description": field(user, 4), "home": field(user, 5), "shell": field(user, 6),
        "createHome": is_person, "homeMode": "700", "isSystemUser": !is_person, "expires": null,
        "hashedPassword": null, "hashedPasswordFile": null, "password": null,
        "initialPassword": null, "initialHashedPassword": null,
        "subUidRanges": range("startUid"), "subGidRanges": range("startGid"),
    })
}

/// The lines of a database, each in its fields.
fn rows(files: &[(String, Source)], name: &str) -> Result<Vec<Vec<String>>> {
    let file = files.iter().find(|(path, _)| path == name);
    let (_, file) = file.with_context(|| format!("cannot find {name}"))?;
    let text = String::from_utf8_lossy(&file.content);
    Ok(text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect())
}

fn field(row: &[String], at: usize) -> &str {
    row.get(at).map(String::as_str).unwrap_or_default()
}

fn number(row: &[String], at: usize) -> Option<u32> {
    field(row, at).parse().ok()
}
