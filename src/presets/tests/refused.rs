//! Files that are refused, each with the sentence that names the line, the preset and the key.

use super::Presets;

/// A good preset, with what is to be wrong in place of the line that begins with `key`, or added.
fn with(key: &str, line: &str) -> String {
    let good = [
        "[[preset]]",
        "name = \"a\"",
        "title = \"A\"",
        "why = \"b\"",
        "rank = \"keys\"",
        "source = \"c\"",
        "verified = true",
        "path = [{ path = \"/a\" }]",
    ];
    let start = format!("{key} =");
    let mut text = String::new();
    for known in good {
        text += if known.starts_with(&start) { line } else { known };
        text += "\n";
    }
    if good.iter().any(|known| known.starts_with(&start)) { text } else { text + line + "\n" }
}

fn refusal(text: &str) -> String {
    Presets::parse(text).map_or_else(|bad| bad.to_string(), |_| "nothing is wrong".to_owned())
}

fn check(table: &[(&str, &str, &str)]) {
    for (key, line, sentence) in table {
        assert_eq!(refusal(&with(key, line)), format!("presets, line {sentence}"));
    }
}

#[test]
fn the_good_one_is_not_refused() {
    assert_eq!(refusal(&with("match", "match = [\"/b*\"]")), "nothing is wrong");
}

#[test]
fn bad_words_about_a_preset_are_refused() {
    check(&[
        ("name", "", "1: preset 1: name: is missing; write name = \"…\""),
        ("name", "name = \"\"", "2: preset 1: name: is empty; write a value or drop the line"),
        ("name", "name = 3", "2: preset 1: name: is a TOML integer; write it in quotes"),
        (
            "name",
            "name = \"SshKeys\"",
            "2: preset 1: name: \"SshKeys\" is not in kebab-case; write a-z, 0-9 and single -",
        ),
        (
            "name",
            "name = \"a--b\"",
            "2: preset 1: name: \"a--b\" is not in kebab-case; write a-z, 0-9 and single -",
        ),
        ("title", "", "1: preset a: title: is missing; write title = \"…\""),
        ("why", "", "1: preset a: why: is missing; write why = \"…\""),
        ("source", "", "1: preset a: source: is missing; write source = \"…\""),
        ("why", "why = \"b\\nc\"", "4: preset a: why: is not one line of text; write it in one"),
        ("verified", "", "1: preset a: verified: is missing; write verified = true or false"),
        ("verified", "verified = 1", "7: preset a: verified: is neither true nor false"),
        (
            "rank",
            "",
            "1: preset a: rank: is missing; write rank = \"keys\", \"state\", \"logs\" or \"cache\"",
        ),
        (
            "rank",
            "rank = \"high\"",
            "5: preset a: rank: \"high\" is no rank; write \"keys\", \"state\", \"logs\" or \"cache\"",
        ),
        (
            "titel",
            "titel = \"A\"",
            "9: preset a: titel: is no key here; known are name, title, why, source, verified, \
             rank, path, match",
        ),
        ("path", "", "1: preset a: has neither path nor match; add one, or drop it"),
        (
            "match",
            "match = [\"~/a*\"]",
            "1: preset a: has paths of the host and of homes; make two of it",
        ),
    ]);
}

#[test]
fn bad_words_about_a_path_are_refused() {
    let path = |inner: &str| with("path", &format!("path = [{{ {inner} }}]"));
    for (inner, sentence) in [
        ("kind = \"file\"", "path: is missing; write path = \"…\""),
        ("path = \"a\"", "path: \"a\" is not absolute; write it from the root, beginning with /"),
        (
            "path = \"~bob/a\"",
            "path: \"~bob/a\" is not absolute; write it from the root, beginning with /",
        ),
        (
            "path = \"/a/../b\"",
            "path: \"/a/../b\" has a . or .. in it; write the path that is meant",
        ),
        ("path = \"/\"", "path: \"/\" is too much for a preset; name what is below it"),
        ("path = \"~/\"", "path: \"~/\" is too much for a preset; name what is below it"),
        (
            "path = \"/a*\"",
            "path: \"/a*\" has a * in it; a path is one name, a pattern goes into match",
        ),
        (
            "path = \"/a\", kind = \"dir\"",
            "kind: \"dir\" is not known here; write \"directory\" or \"file\"",
        ),
        (
            "path = \"/a\", mode = \"rwx\"",
            "mode: \"rwx\" is no mode; write 3 or 4 octal digits, e.g. \"0700\"",
        ),
        (
            "path = \"/a\", mode = \"0800\"",
            "mode: \"0800\" is no mode; write 3 or 4 octal digits, e.g. \"0700\"",
        ),
        ("path = \"/a\", mode = 448", "mode: is a TOML integer; write it in quotes"),
        ("path = \"/a\", optional = \"no\"", "optional: is neither true nor false"),
        (
            "path = \"/a\", rank = \"low\"",
            "rank: \"low\" is no rank; write \"keys\", \"state\", \"logs\" or \"cache\"",
        ),
        ("path = \"~/a\", user = \"bob\"", "user: is known in a home; drop user and group"),
        (
            "path = \"/a\", owner = \"bob\"",
            "owner: is no key here; known are path, kind, mode, user, group, rank, optional",
        ),
    ] {
        assert_eq!(refusal(&path(inner)), format!("presets, line 8: preset a: path.{sentence}"));
    }
}

#[test]
fn bad_patterns_are_refused() {
    check(&[
        ("match", "match = \"/b*\"", "9: preset a: match: is not a list of texts; write [\"…\"]"),
        ("match", "match = [3]", "9: preset a: match: is not a list of texts; write [\"…\"]"),
        (
            "match",
            "match = [\"/b*/c\"]",
            "9: preset a: match: \"/b*/c\" has a * above its last component; only the last one is \
             compared",
        ),
        (
            "match",
            "match = [\"/*b*\"]",
            "9: preset a: match: \"/*b*\" has more than one * in it; write one",
        ),
        (
            "match",
            "match = [\"/b/*\"]",
            "9: preset a: match: \"/b/*\" stands for everything in its directory; write a part of \
             the name",
        ),
        ("match", "match = [\"/a\"]", "9: preset a: match: /a is named already; drop one"),
    ]);
}

#[test]
fn what_is_named_twice_or_is_no_list_of_presets_is_refused() {
    let good = with("match", "");
    assert_eq!(
        refusal(&format!("{good}{good}")),
        "presets, line 11: preset a: name: is the name of another preset too; choose one"
    );
    let other = good.replace("name = \"a\"", "name = \"b\"");
    assert_eq!(
        refusal(&format!("{good}{other}")),
        "presets, line 17: preset b: path.path: /a is named already; drop one"
    );
    for (text, sentence) in [
        ("preset = 3", "1: preset: is not a list of tables; write [{ … }] or [[…]]"),
        ("preset = [3]", "1: preset: is not a list of tables; write [{ … }] or [[…]]"),
        ("[[presets]]", "1: presets: is no key here; known are preset"),
        ("\n[[preset]", "2: not TOML: unclosed array table, expected `]`"),
    ] {
        assert_eq!(refusal(text), format!("presets, line {sentence}"));
    }
}
