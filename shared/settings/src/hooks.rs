//! Hooks: where events may be sent.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Hooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hooks {
    /// Whether events may be sent to private addresses, and without encryption. For trying things out only.
    pub allow_private: bool,
    /// The hosts that events may be sent to although they are in a private network, and without encryption as well.
    pub allow_hosts: BTreeSet<String>,
}
