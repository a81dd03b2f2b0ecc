//! Links by which people connect accounts.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// A link for a person to follow. Whoever has it can connect the account, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// Where the person agrees.
    pub url: Url,
    /// Until when it is good.
    #[schemars(with = "domain::Rfc3339")]
    pub expires_at: Timestamp,
    /// For how many seconds it is good.
    pub expires_in: u64,
}
