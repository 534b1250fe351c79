//! Judging once for a whole directory, and what is judged of the thing itself.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::config::AcceptRule;
use crate::loss::{Accept, Made, Makers, Node, Owner, Owners, Sum, Time, scan_order};
use crate::presets::Rank;

const TYPES: [FileType; 4] =
    [FileType::Directory, FileType::Regular, FileType::Symlink, FileType::Socket];

fn change(at: &HostPath, file_type: FileType) -> Change {
    let mtime = Time { seconds: 0, nanoseconds: 0 };
    let node = Node { file_type, size: 0, allocated: 0, mtime };
    Change { path: at.clone(), kind: ChangeKind::Added, node, extent: Extent::Itself }
}

/// A tree in the order of a scan; what has something below it is a directory.
fn tree() -> impl Strategy<Value = Vec<Change>> {
    let leaf = ("(/[abc]){1,4}", proptest::sample::select(&TYPES[..]));
    proptest::collection::vec(leaf, 0..25).prop_map(|leaves| {
        let mut nodes: BTreeMap<HostPath, FileType> = BTreeMap::new();
        for (text, file_type) in leaves {
            let at: HostPath = text.parse().unwrap();
            for above in at.ancestors().into_iter().skip(1) {
                nodes.insert(above.clone(), FileType::Directory);
            }
            nodes.entry(at).or_insert(file_type);
        }
        let is_root = |at: &HostPath| at.is_root();
        let mut changes: Vec<Change> = nodes
            .iter()
            .filter(|(at, _)| !is_root(at))
            .map(|(at, file_type)| change(at, *file_type))
            .collect();
        changes.sort_by(|one, other| scan_order(&one.path, &other.path));
        changes
    })
}

/// Who owns and who makes some paths, and what is accepted.
fn rules() -> impl Strategy<Value = Rules> {
    let some = || proptest::collection::vec("(/[abc]){1,3}", 0..3);
    let made = ("(/[abc]){1,3}", proptest::sample::select(&TYPES[..2]));
    let glob = proptest::collection::vec("(/(a|b|\\*|\\*\\*)){1,3}", 0..2);
    (some(), some(), proptest::collection::vec(made, 0..3), glob).prop_map(
        |(claims, structures, made, globs)| {
            let mut owners = Owners::default();
            for at in structures {
                owners.structure(&at.parse().unwrap(), None);
            }
            for at in claims {
                let unit = Owner::Unit(format!("{at}.service"));
                let claim = Owned { owner: unit, preset: None, rank: Rank::Logs };
                owners.claim(&at.parse().unwrap(), claim);
            }
            let mut makers = Makers::default();
            for (at, what) in made {
                makers.insert(&at.parse().unwrap(), Made { what, maker: Maker::Etc });
            }
            let rule = |glob: String| AcceptRule { glob, because: None, line: 1 };
            let globs: Vec<AcceptRule> = globs.into_iter().map(rule).collect();
            let accept = Accept::new(&globs, "config.toml").unwrap();
            Rules::new(Vec::new(), &BTreeMap::new(), accept).with_evidence(makers, owners)
        },
    )
}

proptest! {
    #[test]
    fn looking_up_once_for_a_whole_directory_changes_no_judgement(changes in tree(), rules in rules()) {
        let mut judge = Judge::new(&rules);
        for change in changes {
            prop_assert_eq!(judge.judge(change.clone()), classify(change, &rules));
        }
    }

    #[test]
    fn what_can_be_summed_up_comes_to_the_same(changes in tree(), rules in rules()) {
        for (at, outer) in changes.iter().enumerate() {
            let inner = changes[at + 1..].iter().filter(|inner| inner.path.is_below(&outer.path));
            let of = |extent| classify(Change { extent, ..outer.clone() }, &rules);
            let expected = match rules.summing(&outer.path) {
                Summing::Not => continue,
                Summing::Tree => of(Extent::Tree(Sum::default())),
                Summing::Contents => of(Extent::Contents(Sum::default())),
            };
            for inner in inner {
                let inner = classify(inner.clone(), &rules);
                prop_assert_eq!(&inner.verdict, &expected.verdict);
                prop_assert_eq!(&inner.owned, &expected.owned);
            }
        }
    }
}

#[test]
fn only_the_thing_itself_is_recreated() {
    let mut makers = Makers::default();
    let made = Made { what: FileType::Directory, maker: Maker::Etc };
    makers.insert(&"/a/b".parse().unwrap(), made);
    let rules = Rules::default().with_evidence(makers, Owners::default());
    let at = |text: &str| change(&text.parse().unwrap(), FileType::Directory);
    let contents = Change { extent: Extent::Contents(Sum::default()), ..at("/a/b") };
    let lost = Verdict::Lost(Remark::None);
    let table = [
        (at("/a"), Verdict::Recreated(Maker::Etc)),
        (at("/a/b"), Verdict::Recreated(Maker::Etc)),
        (contents, lost.clone()),
        (at("/a/b/c"), lost.clone()),
        (change(&"/a/b".parse().unwrap(), FileType::Symlink), lost.clone()),
        (Change { kind: ChangeKind::Metadata(super::super::Aspect::Mode), ..at("/a/b") }, lost),
    ];
    for (change, verdict) in table {
        assert_eq!(classify(change.clone(), &rules).verdict, verdict, "{change:?}");
    }
}
