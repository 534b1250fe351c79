//! The words that a report prints, and that `--help` has no room for.
//!
//! They stand in the section NOTES; a word of the report that somebody has to look up belongs here.

/// The words that the program or command of the page `name` prints, with their meanings.
pub fn of(name: &str) -> &'static [(&'static str, &'static str)] {
    if name == "what-will-i-lose" { REPORT } else { &[] }
}

const REPORT: &[(&str, &str)] = &[
    (
        "SIZE",
        "The length of the files, as `ls -l` tells it, each name counted: holes, compression and hard \
         links make the space on disk smaller.",
    ),
    (
        "AGE",
        "The time since the newest write; `future`, where that is later than the clock says now.",
    ),
    ("-", "There is nothing to count: a symlink has no size, a directory alone has no files."),
    ("?", "Something there could not be read, so that no number would be true."),
    (
        "all in DIR/",
        "Everything that lies in the directory; what becomes of the directory itself is told apart.",
    ),
    (
        "some in DIR/",
        "Lines of this directory, summed up: `--depth` asked for it, or it is one of those for \
         temporary files.",
    ),
    ("directory", "The directory alone: it is empty, or other lines tell of what lies in it."),
    (
        "modified, type-changed",
        "The blank has it too, with other content or as another type of file.",
    ),
    (
        "owner, mode, acl, attributes, flags",
        "The blank has the same file, with another owner, mode, access control list, extended \
         attributes or flags.",
    ),
    ("removed", "The blank has it and the root does not: the next boot brings it back."),
    ("shadowed", "Something mounted hides it. It lies on the root all the same, and is erased."),
    ("mount-point", "Nothing but the place on which something is mounted now."),
    ("not-in-place", "An entry is declared for it, but this is not what the store keeps."),
];
