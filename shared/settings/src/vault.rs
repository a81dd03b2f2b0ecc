//! Where credentials are kept.

use serde::{Deserialize, Serialize};

use crate::SecretRef;

/// Credentials of accounts that are connected, and tokens that are renewed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vault {
    /// The keys that seal them. The first one seals; all others only open what they sealed. Without any, no account can be connected
    /// and no token is renewed.
    pub keys: Vec<VaultKey>,
}

/// A key that seals credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultKey {
    /// What it is called, in what it sealed.
    pub id: String,
    /// The key: 32 bytes in Base64, as `oncepost vault key` prints them.
    #[serde(default)]
    pub secret: SecretRef,
}
