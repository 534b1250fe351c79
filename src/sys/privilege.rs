//! Which privilege is missing, as a sentence.

use caps::{CapSet, Capability};

/// A privilege that a command needs and does not have.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} without {missing}; run it as root")]
pub struct MissingPrivilege {
    doing: &'static str,
    missing: String,
}

/// Checks that this process has `needed`, before anything is changed.
///
/// # Errors
/// Names what is missing, or that it cannot be told.
pub fn require(doing: &'static str, needed: &[Capability]) -> Result<(), MissingPrivilege> {
    let absent =
        |cap: &&Capability| !caps::has_cap(None, CapSet::Effective, **cap).unwrap_or(false);
    let missing: Vec<String> = needed.iter().filter(absent).map(ToString::to_string).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(MissingPrivilege { doing, missing: missing.join(" and ") })
}

/// Checks what placing entries needs: mounting, and creating what belongs to others.
///
/// # Errors
/// Names what is missing.
pub fn require_for_placing() -> Result<(), MissingPrivilege> {
    require(
        "put entries in place",
        &[Capability::CAP_SYS_ADMIN, Capability::CAP_CHOWN, Capability::CAP_DAC_OVERRIDE],
    )
}

/// Checks what rolling back needs.
///
/// # Errors
/// Names what is missing.
pub fn require_for_rollback() -> Result<(), MissingPrivilege> {
    require("roll back", &[Capability::CAP_SYS_ADMIN])
}
