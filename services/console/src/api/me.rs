//! Who calls.

use domain::TenantId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The caller, as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// Its name, which stands in the record of changes.
    pub name: String,
    /// What it may do: `viewer`, `operator` or `admin`.
    pub role: String,
    /// The only tenant that it may see and change; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
}
