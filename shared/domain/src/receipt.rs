//! Proof that something is out, and what a look at the platform found.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The platform's proof of one publish point.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// The platform's id of what was published. Empty means: no proof.
    pub id: String,
    /// Where a person can see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Receipt {
    /// Whether it proves anything: success needs the platform's id.
    pub fn is_proof(&self) -> bool {
        !self.id.trim().is_empty()
    }
}

/// A publish point that is out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PartOut {
    /// Which publish point: 0 is the post, 1… the thread's further parts.
    pub part: u16,
    /// The platform's proof.
    pub receipt: Receipt,
    /// When we learnt of it.
    #[schemars(with = "crate::Rfc3339")]
    pub at: Timestamp,
}

/// What a look at the platform found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Finding {
    /// It is out.
    Found(Receipt),
    /// It is not there now. Whether that proves it never arrived depends on when one looked.
    Absent,
    /// The look proves nothing, with the reason in words.
    CannotTell(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o10_an_id_of_nothing_but_space_proves_nothing() {
        let proves = |id: &str| Receipt { id: id.into(), url: None }.is_proof();
        assert!(proves("1") && proves(" 1 "));
        assert!(!proves("") && !proves("  \n"));
    }
}
