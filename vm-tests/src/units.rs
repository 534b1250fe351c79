//! What `systemctl enable` would do about a unit file. Pure.

/// The links for the `[Install]` section of a unit, each relative to the directory of units, with where
/// it leads.
pub(crate) fn links_of(name: &str, text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| {
        let (key, targets) = line.split_once('=')?;
        match key {
            "WantedBy" => Some(("wants", targets)),
            "RequiredBy" => Some(("requires", targets)),
            _ => None,
        }
    });
    lines
        .flat_map(|(kind, targets)| targets.split_whitespace().map(move |target| (kind, target)))
        .map(|(kind, target)| (format!("{target}.{kind}/{name}"), format!("../{name}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_linked_from_everything_that_wants_or_requires_it() {
        let text =
            "[Unit]\nBefore=c.target\n[Install]\nWantedBy=a.target\nRequiredBy=b.mount c.mount\n";
        let links = links_of("x.service", text);
        let expected = ["a.target.wants", "b.mount.requires", "c.mount.requires"]
            .map(|target| (format!("{target}/x.service"), "../x.service".to_owned()));
        assert_eq!(links, expected);
    }
}
