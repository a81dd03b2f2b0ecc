//! Who may call the API: names, roles, and tokens of which only a hash need be kept.

use std::str::FromStr;

use domain::TenantId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::SecretRef;

/// What the hash of a token begins with, where it stands in the token's place.
const HASHED: &str = "sha256:";
/// The shortest token whose hash is taken. A shorter one could be guessed from its hash.
const SHORTEST_HASHED: usize = 32;

/// A caller of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Who it is: shown in the audit trail.
    pub name: String,
    /// What the caller may do. Absent: everything, as before there were roles.
    #[serde(default)]
    pub role: Role,
    /// The only tenant whose posts the caller may touch; absent: all of them.
    #[serde(default)]
    pub tenant: Option<TenantId>,
    /// The token itself, or its hash as `oncepost token` prints it.
    #[serde(default)]
    pub secret: SecretRef,
}

/// What a caller may do. Each role may do what those before it may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks, and changes nothing.
    Viewer,
    /// Acts on posts, targets and pauses.
    Operator,
    /// Looks after accounts, credentials and apps as well.
    #[default]
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Operator, Role::Admin];

    /// Its name in settings and answers.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Role::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| {
            let roles = Role::ALL.map(Role::name).join(", ");
            format!("{text} is no role: the roles are {roles}")
        })
    }
}

impl Token {
    /// The SHA-256 of the token, computed or as it was given; nothing if what was given begins like a hash and is none.
    ///
    /// A token is long and random, so nobody can try them all, however fast each try is: a slow hash would gain nothing.
    pub fn digest(&self) -> Option<[u8; 32]> {
        let secret = self.secret.secret().reveal();
        match secret.strip_prefix(HASHED) {
            Some(hex) => unhex(hex),
            None => Some(Sha256::digest(secret).into()),
        }
    }
}

/// The hash of a token, to stand in the token's place in the settings.
///
/// # Errors
/// The token is so short that it could be guessed from its hash, or is a hash already.
pub fn hash_token(token: &str) -> Result<String, &'static str> {
    if token.starts_with(HASHED) {
        return Err("is a hash already");
    }
    if token.len() < SHORTEST_HASHED {
        return Err("is shorter than 32 characters, and could be guessed from its hash: make a new one");
    }
    let hex: String = Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{HASHED}{hex}"))
}

fn unhex(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; 32];
    for (n, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(secret: &str) -> Option<[u8; 32]> {
        Token { name: "a".into(), role: Role::Viewer, tenant: None, secret: SecretRef::of(secret) }.digest()
    }

    #[test]
    fn a_token_and_its_hash_are_the_same_caller() {
        let token = "a-long-and-random-token-0123456789";
        let hash = hash_token(token).unwrap();
        assert!(hash.starts_with("sha256:") && hash.len() == 71, "{hash}");
        assert_eq!(digest(token), digest(&hash));
        assert_eq!(digest(token), digest(&hash.to_uppercase().replace("SHA256", "sha256")));
        assert_ne!(digest(token), digest("another-long-and-random-token-0123456789"));
    }

    #[test]
    fn what_only_begins_like_a_hash_is_nobodys() {
        for broken in
            ["sha256:", "sha256:abc", &format!("sha256:{}", "g".repeat(64)), &format!("sha256:{}", "é".repeat(32))]
        {
            assert_eq!(digest(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_token_that_could_be_guessed_is_not_hashed() {
        assert!(hash_token("correct horse battery").is_err());
        assert!(hash_token(&hash_token(&"x".repeat(32)).unwrap()).is_err(), "a hash of a hash opens nothing");
    }

    #[test]
    fn roles_are_ordered_and_read_as_they_are_written() {
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().unwrap_err().contains("viewer, operator, admin"));
        assert_eq!(Role::default(), Role::Admin, "a token without a role may do what it always might");
    }
}
