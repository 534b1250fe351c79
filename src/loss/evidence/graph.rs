//! Which units every boot starts for certain. Pure, beside loading: units in, names out.
//!
//! A unit is certain when nothing stands between it and the boot that could turn out otherwise: it is
//! pulled in by certain units, it has no conditions, what it requires can start, and nothing that is
//! started with it conflicts. What is started by a socket, a timer or a device is not certain.

use std::collections::{BTreeMap, BTreeSet};

use super::load::{LISTS, Unit, Units};
use super::unit_name::UnitName;

/// What every boot starts first.
const FIRST: [&str; 3] = ["default.target", "sysinit.target", "basic.target"];

/// More units than this are no host's, but names that lead to ever new names.
const LIMIT: usize = 20_000;

/// The units that a boot may start, with how they hang together.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: BTreeMap<UnitName, Node>,
    /// By which names they were asked for, of units with another name.
    aliases: BTreeMap<UnitName, UnitName>,
}

#[derive(Debug)]
struct Node {
    unit: Unit,
    /// What it starts with it, and whether that will be so at the next boot.
    pulls: Vec<(UnitName, bool)>,
    /// Of these, what has to be there.
    requires: Vec<UnitName>,
    conflicts: Vec<UnitName>,
    /// Whether all names in its dependencies are known.
    is_clear: bool,
}

impl Graph {
    /// Follows what `units` say, from what every boot starts.
    pub(super) fn of(units: &Units) -> Self {
        let mut graph = Self::default();
        let mut left: Vec<UnitName> = FIRST.into_iter().filter_map(UnitName::new).collect();
        let mut asked: BTreeSet<UnitName> = BTreeSet::new();
        while let Some(name) = left.pop() {
            if !asked.insert(name.clone()) {
                continue;
            }
            if asked.len() > LIMIT {
                tracing::warn!("too many units hang together: none of them is certain to start");
                return Self::default();
            }
            let Some(unit) = units.load(&name) else { continue };
            if unit.name != name {
                graph.aliases.insert(name, unit.name.clone());
            }
            if !graph.nodes.contains_key(&unit.name) {
                let node = Node::of(unit, units);
                left.extend(node.pulls.iter().map(|(pulled, _)| pulled.clone()));
                graph.nodes.insert(node.unit.name.clone(), node);
            }
        }
        graph
    }

    /// The units that the next boot starts for certain, sorted.
    pub(super) fn certain(&self) -> Vec<&Unit> {
        let conflicted = self.conflicted();
        let mut certain: BTreeMap<&UnitName, &Unit> = BTreeMap::new();
        let mut left: Vec<UnitName> = FIRST.into_iter().filter_map(UnitName::new).collect();
        while let Some(name) = left.pop() {
            let Some(node) = self.node(&name) else { continue };
            let is_certain = node.is_sound()
                && !conflicted.contains(&node.unit.name)
                && self.can_start(node, &mut BTreeSet::new());
            if is_certain && certain.insert(&node.unit.name, &node.unit).is_none() {
                let lasting = node.pulls.iter().filter(|(_, lasts)| *lasts);
                left.extend(lasting.map(|(pulled, _)| pulled.clone()));
            }
        }
        certain.into_values().collect()
    }

    /// Whether a boot may ask for the unit by another name than its own.
    pub(super) fn has_alias(&self, name: &UnitName) -> bool {
        self.aliases.values().any(|own| own == name)
    }

    /// All units that a boot may start.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &UnitName> {
        self.nodes.keys()
    }

    fn node(&self, name: &UnitName) -> Option<&Node> {
        self.nodes.get(self.aliases.get(name).unwrap_or(name))
    }

    /// Of two units that conflict the boot drops one, and it may be either.
    fn conflicted(&self) -> BTreeSet<UnitName> {
        let mut conflicted = BTreeSet::new();
        for node in self.nodes.values() {
            for other in node.conflicts.iter().filter_map(|name| self.node(name)) {
                conflicted.insert(other.unit.name.clone());
                conflicted.insert(node.unit.name.clone());
            }
        }
        conflicted
    }

    /// Whether nothing that it requires is missing, or may be. What was asked before is not asked
    /// again: units may require each other.
    fn can_start<'g>(&'g self, node: &'g Node, asked: &mut BTreeSet<&'g UnitName>) -> bool {
        if !asked.insert(&node.unit.name) {
            return true;
        }
        let is_whole = node.is_clear
            && node.unit.file.is_sound
            && node.unit.lasts
            && !node.unit.file.has_any("Unit", "Assert")
            && node.unit.file.values("Unit", "Requisite").is_empty();
        is_whole
            && node.requires.iter().all(|name| match (name.kind(), self.node(name)) {
                // systemd has these two without any file.
                ("slice", None) => true,
                ("mount", None) => name.as_str() == "-.mount",
                ("service" | "target" | "socket" | "path" | "timer" | "slice", Some(other)) => {
                    self.can_start(other, asked)
                }
                _ => false,
            })
    }
}

impl Node {
    fn of(unit: Unit, units: &Units) -> Self {
        let mut node = Self {
            pulls: Vec::new(),
            requires: Vec::new(),
            conflicts: Vec::new(),
            is_clear: true,
            unit,
        };
        for key in ["Wants", "Upholds"] {
            let names = node.names(key);
            node.pull(names);
        }
        for key in ["Requires", "BindsTo"] {
            let names = node.names(key);
            node.requires.extend(names.iter().cloned());
            node.pull(names);
        }
        node.conflicts = node.names("Conflicts");
        node.add_implied();
        for list in LISTS {
            let linked = units.linked(&node.unit, list);
            if list == ".requires" {
                node.requires.extend(linked.iter().map(|(name, _)| name.clone()));
            }
            // An older systemd does not look for those who are to be upheld.
            let is_certain = list != ".upholds";
            node.pulls.extend(linked.into_iter().map(|(name, lasts)| (name, lasts && is_certain)));
        }
        node
    }

    fn pull(&mut self, names: Vec<UnitName>) {
        let lasts = self.unit.lasts;
        self.pulls.extend(names.into_iter().map(|name| (name, lasts)));
    }

    fn names(&mut self, key: &str) -> Vec<UnitName> {
        let words = self.unit.file.words("Unit", key);
        let name = |word: &String| UnitName::new(&self.unit.name.fill_in(word)?);
        let names: Vec<UnitName> = words.iter().filter_map(name).collect();
        // An older systemd takes quotes as a part of the name.
        let values = self.unit.file.values("Unit", key);
        let is_quoted = values.iter().any(|value| value.contains(['"', '\'']));
        self.is_clear &= names.len() == words.len() && !is_quoted;
        names
    }

    /// What a service requires although it does not say so.
    fn add_implied(&mut self) {
        let file = &self.unit.file;
        let is_service = self.unit.name.kind() == "service";
        let is_dbus = file.last("Service", "Type") == Some("dbus");
        let implied = [("dbus.socket", is_service && is_dbus)];
        let implied = implied.into_iter().filter(|(_, is_implied)| *is_implied);
        let names: Vec<UnitName> = implied.filter_map(|(name, _)| UnitName::new(name)).collect();
        self.requires.extend(names.iter().cloned());
        self.pull(names);
    }

    /// Whether nothing in the unit itself says that it may not start.
    fn is_sound(&self) -> bool {
        self.unit.lasts && self.unit.file.is_sound && !self.unit.file.has_any("Unit", "Condition")
    }
}
