//! The globs of `[[report.accept]]`: what the admin accepts to lose.
//!
//! `*` and `?` stay within a component, `**` crosses components. A glob that ends in `/**` accepts the
//! directory before it as well: whoever accepts to lose all of `/var/tmp/**` does not want to be told
//! of `/var/tmp` at every boot.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use globset::{GlobBuilder, GlobMatcher};

use crate::config::AcceptRule;
use crate::path::{HostPath, escape};

/// A rule whose glob is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: report.accept.glob: \"{glob}\" {problem}")]
pub struct BadGlob {
    /// The configuration.
    pub file: String,
    /// The line of the rule.
    pub line: usize,
    /// The glob, escaped.
    pub glob: String,
    /// What is wrong with it.
    pub problem: String,
}

/// The rules, in the order of the configuration; the first that matches counts.
#[derive(Debug, Clone, Default)]
pub struct Accept {
    globs: Vec<Glob>,
}

#[derive(Debug, Clone)]
struct Glob {
    itself: GlobMatcher,
    /// For `X/**`: X, so that it matches as well.
    directory: Option<GlobMatcher>,
    /// Ends in `/**`: with a directory it matches everything below.
    is_deep: bool,
    /// The components of the glob, each alone; nothing where it cannot be taken apart.
    components: Option<Vec<Component>>,
}

#[derive(Debug, Clone)]
enum Component {
    One(GlobMatcher),
    /// `**`: any number of components.
    Any,
}

impl Accept {
    /// Compiles the rules of the configuration `file`.
    ///
    /// # Errors
    /// Names the first rule whose glob is none.
    pub fn new(rules: &[AcceptRule], file: &str) -> Result<Self, BadGlob> {
        let compiled = rules.iter().map(|rule| {
            Glob::new(&rule.glob).map_err(|problem| BadGlob {
                file: file.to_owned(),
                line: rule.line,
                glob: escape(rule.glob.as_bytes()),
                problem,
            })
        });
        Ok(Self { globs: compiled.collect::<Result<_, _>>()? })
    }

    /// The rule that accepts `path`, as its place among the rules.
    #[must_use]
    pub fn find(&self, path: &HostPath) -> Option<usize> {
        self.globs.iter().position(|glob| glob.matches(path))
    }

    /// Whether one and the same rule accepts, or no rule can accept, `directory` and everything that
    /// can lie below it.
    #[must_use]
    pub fn is_uniform(&self, directory: &HostPath) -> bool {
        for glob in &self.globs {
            if glob.is_deep && glob.matches(directory) {
                return true;
            }
            if glob.can_match_from(directory) {
                return false;
            }
        }
        true
    }
}

impl Glob {
    fn new(glob: &str) -> Result<Self, String> {
        if !glob.starts_with('/') {
            return Err("is not absolute; write it from the root, beginning with /".to_owned());
        }
        let itself = compile(glob)?;
        let directory = glob.strip_suffix("/**").filter(|dir| !dir.is_empty()).map(compile);
        Ok(Self {
            itself,
            directory: directory.transpose()?,
            is_deep: glob.ends_with("/**"),
            components: components(glob),
        })
    }

    fn matches(&self, path: &HostPath) -> bool {
        let is_match = |glob: &GlobMatcher| glob.is_match(text(path));
        is_match(&self.itself) || self.directory.as_ref().is_some_and(is_match)
    }

    /// Whether it may match `directory` or something below it. In doubt it may.
    fn can_match_from(&self, directory: &HostPath) -> bool {
        let Some(components) = &self.components else { return true };
        let mut names = directory.relative().as_bytes().split(|&byte| byte == b'/');
        if directory.is_root() {
            return true;
        }
        for component in components {
            let Some(name) = names.next() else { return true };
            match component {
                Component::Any => return true,
                Component::One(glob) if glob.is_match(OsStr::from_bytes(name)) => {}
                Component::One(_) => return false,
            }
        }
        names.next().is_none()
    }
}

/// Takes a glob apart. Not where a class, an alternative or an escape may reach over a slash.
fn components(glob: &str) -> Option<Vec<Component>> {
    if glob.contains(['[', '{', '\\']) {
        return None;
    }
    let component = |text: &str| match text {
        "**" => Some(Component::Any),
        text => compile(text).ok().map(Component::One),
    };
    glob.split('/').filter(|text| !text.is_empty()).map(component).collect()
}

fn compile(glob: &str) -> Result<GlobMatcher, String> {
    let mut builder = GlobBuilder::new(glob);
    let built = builder.literal_separator(true).backslash_escape(true).build();
    built
        .map(|glob| glob.compile_matcher())
        .map_err(|error| format!("is no glob: {}", error.kind()))
}

/// Returns a glob that matches this very path and nothing else.
#[must_use]
pub fn escape_glob(path: &str) -> String {
    let mut glob = String::with_capacity(path.len());
    for c in path.chars() {
        if matches!(c, '?' | '*' | '[' | ']' | '{' | '}' | '!' | '\\') {
            glob.push('\\');
        }
        glob.push(c);
    }
    glob
}

fn text(path: &HostPath) -> &OsStr {
    path.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accept(globs: &[&str]) -> Accept {
        let rule = |glob: &&str| AcceptRule { glob: (*glob).to_owned(), because: None, line: 7 };
        Accept::new(&globs.iter().map(rule).collect::<Vec<_>>(), "c.toml").unwrap()
    }

    fn path(text: &str) -> HostPath {
        text.parse().unwrap()
    }

    #[test]
    fn a_glob_matches_within_components_and_its_directory() {
        let table = [
            ("/var/tmp/**", "/var/tmp/a/b", true),
            ("/var/tmp/**", "/var/tmp", true),
            ("/var/tmp/**", "/var/tmpfoo", false),
            ("/var/tmp/**", "/var", false),
            ("/var/tmp/*", "/var/tmp/a", true),
            ("/var/tmp/*", "/var/tmp/a/b", false),
            ("/var/tmp/*", "/var/tmp", false),
            ("/home/*/.cache/**", "/home/u/.cache", true),
            ("/home/*/.cache/**", "/home/u/v/.cache/x", false),
            ("/**/*.log", "/x.log", true),
            ("/**/*.log", "/var/deep/x.log", true),
            ("/a/{b,c/d}", "/a/c/d", true),
            ("/**", "/etc", true),
            ("/a?b", "/a/b", false),
        ];
        for (glob, text, matches) in table {
            assert_eq!(accept(&[glob]).find(&path(text)).is_some(), matches, "{glob} {text}");
        }
    }

    #[test]
    fn the_first_rule_counts_and_a_bad_one_is_named_with_its_line() {
        assert_eq!(accept(&["/a/*", "/a/b"]).find(&path("/a/b")), Some(0));
        let rule = AcceptRule { glob: "/a/[".into(), because: None, line: 7 };
        let error = Accept::new(&[rule], "c.toml").unwrap_err().to_string();
        assert!(
            error.starts_with("c.toml:7: report.accept.glob: \"/a/[\" is no glob: "),
            "{error}"
        );
        let rule = AcceptRule { glob: "*.log".into(), because: None, line: 8 };
        assert_eq!(
            Accept::new(&[rule], "c.toml").unwrap_err().to_string(),
            "c.toml:8: report.accept.glob: \"*.log\" is not absolute; write it from the root, beginning with /"
        );
    }

    #[test]
    fn a_directory_is_uniform_where_no_rule_can_tell_its_contents_apart() {
        let table: &[(&[&str], &str, bool)] = &[
            (&[], "/var", true),
            (&["/var/tmp/**"], "/var", false),
            (&["/var/tmp/**"], "/var/tmp", true),
            (&["/var/tmp/**"], "/var/tmp/x", true),
            (&["/var/tmp/**"], "/var/lib", true),
            (&["/home/*/.cache/**"], "/home/u", false),
            (&["/home/*/.cache/**"], "/home/u/src", true),
            (&["/var/tmp/*"], "/var/tmp", false),
            (&["/var/tmp/*"], "/var/tmp/a", false),
            (&["/var/tmp/*"], "/var/tmp/a/b", true),
            (&["/**/*.log", "/var/tmp/**"], "/var/tmp", false),
            (&["/var/tmp/**", "/**/*.log"], "/var/tmp", true),
            (&["/a/{b,c/d}"], "/x", false),
            (&["/**"], "/x", true),
        ];
        for (globs, text, uniform) in table {
            assert_eq!(accept(globs).is_uniform(&path(text)), *uniform, "{globs:?} {text}");
        }
    }

    proptest! {
        #[test]
        fn an_escaped_path_is_a_glob_of_itself_alone(name in "[]ab?*\\[{}!\\\\-]{1,6}", other in "[ab\\\\\\[]{1,6}") {
            let accept = accept(&[&format!("{}/**", escape_glob(&format!("/{name}")))]);
            let matches = |name: &str| accept.find(&path(&format!("/{name}"))).is_some();
            let below = format!("{name}/x");
            prop_assert!(matches(&name) && matches(&below));
            prop_assert_eq!(matches(&other), name == other);
        }

        #[test]
        fn what_is_called_uniform_is(
            globs in proptest::collection::vec("(/(a|b|\\*|\\*\\*|a\\*|\\?)){1,3}", 0..3),
            directory in "(/[ab]){1,3}",
            below in "(/[ab]){1,3}",
        ) {
            let accept = accept(&globs.iter().map(String::as_str).collect::<Vec<_>>());
            let inner = path(&format!("{directory}{below}"));
            if accept.is_uniform(&path(&directory)) {
                prop_assert_eq!(accept.find(&path(&directory)), accept.find(&inner));
            }
        }
    }
}
