use super::super::script::Script;

/// What a script makes, in one line.
fn shown(text: &str) -> String {
    let script = Script::parse([text.as_bytes()]);
    let directories = script.directories.iter().map(|(path, mode)| format!("{path}:{mode:o}"));
    let links = script.links.iter();
    let links = links.map(|(path, text)| format!("{path}->{}", text.escape_ascii()));
    let files = script.files.iter().map(ToString::to_string);
    directories.chain(links).chain(files).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_lines_that_nixos_writes_are_understood() {
    let table = [
        ("mkdir -m 0755 -p /bin # for sh", "/bin:755"),
        ("mkdir -p /usr/bin\nchmod 0700 /usr/bin", "/usr/bin:700"),
        ("install -m 0755 -d /etc /etc/nixos", "/etc:755 /etc/nixos:755"),
        ("install -m 01777 -d /tmp", "/tmp:1777"),
        ("mkdir -pm 0555 /var/empty", "/var/empty:555"),
        ("ln -sfn \"/nix/store/x/sh\" /bin/.t\nmv /bin/.t /bin/sh", "/bin/sh->/nix/store/x/sh"),
        ("ln -sfn /x/env /bin/.t\nmv -f /bin/.t /bin/env # now", "/bin/env->/x/env"),
        (": >> /etc/machine-id", "/etc/machine-id"),
        ("if [ ! -h \"/etc/nixos\" ]; then\n  install -m 0755 -d /etc/nixos\nfi", "/etc/nixos:755"),
        ("if true; then\n  x\nelse\n  y\nfi\nmkdir /a", "/a:755"),
        ("for x in a; do\n  for y in b; do z; done\ndone\nmkdir /a", "/a:755"),
        ("case $o in\n  a)\n    x\n    ;;\nesac\nf() {\n  x\n}\nmkdir /a", "/a:755"),
        ("exec > >(tee | while read -r l; do\n  x\ndone) 2>&1\nmkdir /a", "/a:755"),
    ];
    for (text, expected) in table {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn what_is_not_certain_makes_nothing() {
    let table = [
        "if test -d /x; then\n  mkdir /a\nfi",
        "if test -d /x\nthen\nmkdir /a\nfi",
        "if [ -d \"/a\" ]; then\n  mkdir /a\nfi",
        "if [ ! -h \"/b\" ]; then\n  mkdir /a\nfi",
        "if x; then\nif [ ! -h \"/a\" ]; then\n  mkdir /a\nfi\nfi",
        "f() {\nmkdir /a\n}",
        "(\nmkdir /a\n)",
        "while x; do\nmkdir /a\ndone",
        "true || mkdir /a",
        "test -d /x && mkdir /a",
        "echo mkdir /a",
        "mkdir $x/a",
        "mkdir \"$x\"",
        "mkdir a",
        "mkdir /a/../b",
        "mkdir /a{b,c}",
        "mkdir -Z /a",
        "mkdir -m u+x /a",
        "install /a /b",
        "install -o 7 -d /a",
        "cat > /x <<EOF\nmkdir /a\nEOF",
        "cat > /x <<- 'EOF'\nmkdir /a\n\tEOF",
        "exit 0\nmkdir /a",
        "fi\nmkdir /a",
        "mkdir /a\nrm -rf /a",
        "mkdir /a/b\nrmdir /a",
        "mkdir /a\nrm -rf /a*",
        "mkdir /a\nif x; then\n  rm -rf /a\nfi",
        "mkdir /a\nif test -d /a; then rmdir -p /a; fi",
        "mkdir /a\ntest -d /a && rm -rf /a",
        "mkdir /a\nrm -rf /${x}",
        "mkdir /a\nchmod go-w /a",
        "ln -sfn /x /bin/.t",
        "ln -sfn $x /bin/.t\nmv /bin/.t /bin/a",
        "mv /bin/.t /bin/a",
        "ln -sfn /x /bin/.t\nmv /bin/.t /bin/a\nrm -f /bin/a",
        ": >> /etc/machine-id2",
        "  : >> /etc/machine-id",
    ];
    for text in table {
        assert_eq!(shown(text), "", "{text}");
    }
}

#[test]
fn a_line_that_goes_on_or_stands_in_a_text_is_no_command() {
    let table = [
        ("mkdir /a", true),
        ("test -e /x &&\nmkdir /a", false),
        ("test -e /x ||\n  mkdir /a", false),
        ("true \\\nmkdir /a", false),
        ("echo \"\nmkdir /a\n\"", false),
        ("echo '\nmkdir /a\n'", false),
        ("echo \"it's\"\nmkdir /a", true),
        ("# don't\nmkdir /a", true),
        ("echo \\\"\nmkdir /a", true),
        ("echo \"\n\"\nmkdir /a", true),
    ];
    for (text, is_made) in table {
        assert_eq!(!shown(text).is_empty(), is_made, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_script_makes_the_reader_panic(text: Vec<u8>) {
        let _ = Script::parse([text.as_slice()]);
    }

    #[test]
    fn nothing_in_a_block_is_certain(lines in proptest::collection::vec("[a-z -]{0,6}(mkdir|chmod|ln|mv|fi|done|\\{|\\}|then)? /[ab]", 0..8)) {
        let text = format!("if x; then\n{}", lines.join("\n").replace("fi", "").replace("done", "").replace('}', ""));
        proptest::prop_assert_eq!(shown(&text), "");
    }
}
