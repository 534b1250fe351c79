//! What the pages say beyond `--help`: more about the command, files, the environment, examples.
//!
//! What is typed stands between `backquotes`. Every example is parsed in the tests.

/// What more there is to say about one program or command.
pub struct Texts {
    /// More paragraphs of the description.
    pub description: &'static [&'static str],
    /// Variables of the environment, with what they do.
    pub environment: &'static [(&'static str, &'static str)],
    /// Files, with what they are.
    pub files: &'static [(&'static str, &'static str)],
    /// What somebody wants, and what to type for it.
    pub examples: &'static [(&'static str, &'static str)],
    /// Other pages.
    pub see: &'static [&'static str],
}

/// What more there is to say on the page `name`.
pub fn of(name: &str) -> Option<&'static Texts> {
    Some(match name {
        "blankslate" => &BLANKSLATE,
        "blankslate-diff" => &DIFF,
        "blankslate-plan" => &PLAN,
        "blankslate-apply" => &APPLY,
        "blankslate-adopt" => &ADOPT,
        "blankslate-forget" => &FORGET,
        "blankslate-status" => &STATUS,
        "blankslate-explain" => &EXPLAIN,
        "blankslate-check" => &CHECK,
        "what-will-i-lose" => &WHAT_WILL_I_LOSE,
        _ => return None,
    })
}

const CONFIG: (&str, &str) =
    ("/etc/blankslate/config.toml", "The configuration, see blankslate.toml(5).");
const BOOT: (&str, &str) =
    ("/run/blankslate/boot.json", "The receipt: what the initrd did to each root in this boot.");
const PERSIST: (&str, &str) = (
    "/run/blankslate/persist.json",
    "The record of what was put in place in this boot, by the initrd and since.",
);
const LOCK: (&str, &str) =
    ("/run/blankslate/lock", "Held by whoever changes anything; another one waits for it.");

/// With a root of its own a command has its records there, but not its configuration.
const OF_ROOT: &str = "With `--root` the records are those in `run/blankslate` below that tree. The \
    configuration is read from where `--config` says, not from below it.";

const BLANKSLATE: Texts = Texts {
    description: &[
        "The root of such a host is a file system that goes back to an empty snapshot, its blank, at \
         every boot. What has to survive is declared, path by path, in the configuration; it lies in \
         a store, e.g. below /persist, and is put in place by a bind mount or a symlink. The work of \
         the boot is done by blankslate-initrd(8). These commands are for the running host: they tell \
         what the next boot would erase, and put in place what is declared.",
        "Results are written to standard output, everything else to standard error. A command that \
         only looks gives up all privileges that looking does not need before it begins.",
    ],
    environment: &[],
    files: &[CONFIG, BOOT, PERSIST],
    examples: &[
        ("See what the next boot would erase:", "what-will-i-lose"),
        (
            "Ask about one path, and get the lines that keep it:",
            "blankslate explain /var/lib/bluetooth",
        ),
        (
            "With these lines in the configuration, validate it and put the path in place:",
            "blankslate check\nblankslate apply",
        ),
        ("See whether all is as it should be:", "blankslate status"),
    ],
    see: &["what-will-i-lose(1)", "blankslate.toml(5)", "blankslate-initrd(8)"],
};

const DIFF: Texts = Texts {
    description: &["All about it is in what-will-i-lose(1)."],
    environment: COLOURS,
    files: &[CONFIG, PERSIST],
    examples: &[("See what the next boot would erase from /var/lib:", "blankslate diff /var/lib")],
    see: &["what-will-i-lose(1)", "blankslate(1)", "blankslate-explain(1)", "blankslate.toml(5)"],
};

const PLAN: Texts = Texts {
    description: &[
        "Looks at every declared path and at what an earlier run put in place, and prints the steps \
         that `blankslate apply` would take, in their order, or what a path waits for, or why it \
         would not be touched and what to do about that. Nothing is changed.",
        "What stands in the way of a path inside another one may be seen only when the outer one is \
         in place; this is said.",
        OF_ROOT,
    ],
    environment: &[],
    files: &[CONFIG, PERSIST],
    examples: &[
        (
            "See what a configuration would do that is not installed yet:",
            "blankslate plan --config ./config.toml",
        ),
        (
            "List the entries that would not be touched, and why:",
            "blankslate plan --format json | jq '.entries[] | select(.refused)'",
        ),
    ],
    see: &["blankslate-apply(1)", "blankslate-check(1)", "blankslate.toml(5)"],
};

const APPLY: Texts = Texts {
    description: &[
        "Where there is nothing at a path and nothing in the store, a directory is created in the \
         store; a file waits until something makes it, unless it would lie in memory, e.g. on a tmpfs: \
         there it is created empty. Where the path holds data and the store does not, the data is \
         adopted: copied with owner, mode, times, extended attributes, ACLs and hard links, compared, \
         and put in place; what lay there is set aside as .blankslate-adopted-N in the same directory. \
         Where both hold the same, the one at the path is set aside. Where they differ, nothing is \
         touched.",
        "A path is not touched either while a process may still write to it or works in it, where a \
         symlink leads to it, or where something else is mounted on it. The sentence on standard \
         error says what to do. One path that is not touched does not stop the others.",
        "It may be interrupted at any time and run again; where all is as declared it changes \
         nothing. On a host with the units of blankslate it runs at every boot and whenever the \
         configuration of NixOS is switched.",
        OF_ROOT,
    ],
    environment: &[],
    files: &[CONFIG, PERSIST, LOCK],
    examples: &[
        ("Put in place what was declared since the boot:", "blankslate apply"),
        (
            "The same for a host that is being installed below /mnt:",
            "blankslate apply --root /mnt --config /mnt/etc/blankslate/config.toml",
        ),
    ],
    see: &[
        "blankslate-plan(1)",
        "blankslate-adopt(1)",
        "blankslate-status(1)",
        "blankslate.toml(5)",
        "blankslate-initrd(8)",
    ],
};

const ADOPT: Texts = Texts {
    description: &[
        "Does what `blankslate apply` does, for these paths only. Each has to be declared: name the \
         path of the entry, not one inside it.",
        "Stop what writes there first. What is in use is refused, with the name of the process and \
         of its unit; the next boot adopts it, before the root is rolled back.",
        OF_ROOT,
    ],
    environment: &[],
    files: &[CONFIG, PERSIST, LOCK],
    examples: &[(
        "Move a database into the store, while it does not run:",
        "systemctl stop postgresql.service\n\
         blankslate adopt /var/lib/postgresql\n\
         systemctl start postgresql.service",
    )],
    see: &["blankslate-apply(1)", "blankslate-forget(1)", "blankslate.toml(5)"],
};

const FORGET: Texts = Texts {
    description: &[
        "Drop the entry from the configuration first: what is declared is refused, as the next run \
         would adopt it again. Where the path lies on a declared root, the next boot erases what was \
         copied back. To be rid of the copy in the store, remove it by hand.",
        OF_ROOT,
    ],
    environment: &[],
    files: &[CONFIG, PERSIST, LOCK],
    examples: &[(
        "Find what lies in the stores and is not declared, and take one of it out:",
        "blankslate status --strays\nblankslate forget /var/lib/old",
    )],
    see: &["blankslate-adopt(1)", "blankslate-status(1)", "blankslate.toml(5)"],
};

const STATUS: Texts = Texts {
    description: &[
        "Tells for each root whether it was rolled back and, if not, why; for each entry whether it \
         is in place, waits, is missing, or hides data; which stores cannot be used; what was set \
         aside, or was copied from an old root beside what a store holds; and what lies in the stores \
         that nothing declares.",
        OF_ROOT,
    ],
    environment: &[],
    files: &[CONFIG, BOOT, PERSIST],
    examples: &[
        ("Look at everything:", "blankslate status"),
        ("List all that no entry declares:", "blankslate status --strays"),
        ("Ask in a script, or for monitoring:", "blankslate status --format json | jq .ok"),
    ],
    see: &[
        "blankslate-apply(1)",
        "blankslate-explain(1)",
        "blankslate.toml(5)",
        "blankslate-initrd(8)",
    ],
};

const EXPLAIN: Texts = Texts {
    description: &[
        "Says whose the path is, which entry keeps it or which file system it lies on, whether the \
         next boot erases it or makes it again, and the lines of the configuration that keep it, as \
         Nix where the host is one of NixOS. A path through symlinks is followed, and told.",
        OF_ROOT,
    ],
    environment: &[],
    files: &[CONFIG, PERSIST],
    examples: &[
        ("Ask about a directory of a service:", "blankslate explain /var/lib/bluetooth"),
        ("Ask about a file of the directory in which you are:", "blankslate explain .bash_history"),
        (
            "Ask in a script what becomes of a path:",
            "blankslate explain --format json /etc/machine-id | jq -r .fate",
        ),
    ],
    see: &["what-will-i-lose(1)", "blankslate-status(1)", "blankslate.toml(5)"],
};

const CHECK: Texts = Texts {
    description: &[
        "Every fault is written with its line, its key and the cure, and nothing of a configuration \
         with a fault is ever used. Files that their programs are known to replace by renaming, and \
         that do not stay what they are when they are declared alone, are warned of; a warning is no \
         fault. Whether the declared paths and datasets are there is not looked at.",
    ],
    environment: &[],
    files: &[CONFIG],
    examples: &[
        ("Validate the configuration of this host:", "blankslate check"),
        ("Validate another one:", "blankslate check ./config.toml"),
    ],
    see: &["blankslate-plan(1)", "blankslate.toml(5)"],
};

const COLOURS: &[(&str, &str)] = &[
    ("NO_COLOR", "If it is set and not empty, the report has no colours."),
    (
        "TERM",
        "If it is `dumb` or not set, the report has no colours, as on anything but a terminal.",
    ),
];

const WHAT_WILL_I_LOSE: Texts = Texts {
    description: &[
        "The report begins with what hurts most. Each line is a path that the next boot erases, \
         under the unit, the user or the part of the system to which it belongs; a directory that goes \
         as a whole is one line. It ends with the lines of the configuration that keep it all, or the \
         option that prints them.",
        "When in doubt, a path is lost. Recreated is only the thing itself, never what lies in it. A \
         place that could not be read is a gap, and a report with gaps ends with status 2.",
        "Without a configuration the whole root is taken as one that is erased: this tells what it \
         would cost to begin. Nothing is ever changed.",
    ],
    environment: COLOURS,
    files: &[CONFIG, PERSIST],
    examples: &[
        ("See what the next boot would erase:", "what-will-i-lose"),
        (
            "See what was written since the boot, the largest first:",
            "what-will-i-lose --newer-than boot --sort size",
        ),
        (
            "See what is kept, and what is made again, in /var/lib:",
            "what-will-i-lose --verdict kept,recreated /var/lib",
        ),
        (
            "Get the entries that keep everything, to read before they are pasted:",
            "what-will-i-lose --format toml > keep.toml",
        ),
        (
            "Hand every lost name, whatever is in it, to another program:",
            "what-will-i-lose --print0 /home | xargs -0 ls -ld",
        ),
        ("Look around in it:", "what-will-i-lose --format ncdu | ncdu -f-"),
        (
            "Compare a tree with the state it began with:",
            "what-will-i-lose --root /mnt/old --blank /mnt/blank",
        ),
    ],
    see: &["blankslate-explain(1)", "blankslate-status(1)", "blankslate(1)", "blankslate.toml(5)"],
};
