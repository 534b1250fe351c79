//! The completions, as a shell uses them.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::pages::completions;

/// Completes the last word as bash does, by the function that the script registers. What that asks of
/// bash besides can be asked only while somebody types; here it is told.
const COMPLETE: &str = r#"
source "$1"
shift
compopt() { echo "compopt $*"; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
[[ $(complete -p "$1") =~ -F\ ([^ ]+) ]]
"${BASH_REMATCH[1]}" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// A directory with every script, and a file and a directory to be completed.
fn directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, script) in completions().unwrap() {
        fs::write(directory.path().join(name), script).unwrap();
    }
    fs::write(directory.path().join("my config.toml"), "").unwrap();
    fs::create_dir(directory.path().join("my-root")).unwrap();
    directory
}

/// Runs a shell in `directory`; none where there is no such shell.
fn run(directory: &TempDir, shell: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(shell);
    let Ok(output) = command.current_dir(directory.path()).args(arguments).output() else {
        eprintln!("SKIPPED: {shell} is missing, so its completions are not loaded");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_shell_takes_its_scripts() {
    let directory = directory();
    for (name, _) in completions().unwrap() {
        let shell = match Path::new(&name).extension() {
            Some(end) => end.to_str().unwrap(),
            None => "zsh",
        };
        assert_eq!(run(&directory, shell, &["-n", &name]).unwrap_or_default(), "", "{name}");
    }
    assert_eq!(completions().unwrap().len(), 6);
}

#[test]
fn bash_completes_commands_options_values_and_files() {
    let directory = directory();
    let table: [(&[&str], &[&str]); 8] = [
        (&["blankslate", "ap"], &["apply"]),
        (&["blankslate", "e"], &["explain"]),
        (&["blankslate", "apply", "--"], &["--root", "--config", "--help"]),
        (&["blankslate", "status", "--format", "j"], &["json"]),
        (&["blankslate", "check", "my"], &[""]),
        (&["blankslate", "apply", "--config", "my c"], &["compopt -o filenames", "my config.toml"]),
        (&["what-will-i-lose", "--sort", "ra"], &["rank"]),
        // That is: and directories.
        (&["what-will-i-lose", "--root", "my-"], &["compopt -o plusdirs", ""]),
    ];
    for (line, expected) in table {
        let script = format!("{}.bash", line[0]);
        let arguments = [&["-c", COMPLETE, "bash", &script][..], line].concat();
        let found = run(&directory, "bash", &arguments).unwrap();
        assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{line:?}");
    }
}

/// Where the function of bash finds nothing, the shell completes files; the others are told where.
#[test]
fn arguments_that_are_paths_are_completed_as_paths() {
    let directory = directory();
    for (script, name) in
        [("blankslate.bash", "blankslate"), ("what-will-i-lose.bash", "what-will-i-lose")]
    {
        let line = format!("source {script}; complete -p {name}");
        let registered = run(&directory, "bash", &["-c", &line]).unwrap();
        assert!(registered.contains("-o default"), "{registered}");
    }
    let text = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
    assert!(text("_blankslate").contains("file -- The configuration:_files'"));
    assert!(
        text("_what-will-i-lose").contains("--root=[The tree that is treated as /]:DIR:_files -/'")
    );
    assert!(text("what-will-i-lose.fish").contains("(__fish_complete_directories)"));
}
