//! Credentials: how long a channel's tokens live, whether an account's are good, and how they are renewed.
//!
//! Nothing here publishes. Whoever keeps credentials decides when to ask; a channel only knows how.

use std::{fmt, time::Duration};

use jiff::Timestamp;

use crate::Secret;

/// How long an account's access token lives, and what renews it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenLife {
    /// It has no end of its own: it is good until somebody revokes it.
    Lasting,
    /// The channel makes short-lived tokens by itself, from a secret that lasts.
    MadeByUs,
    /// The token is exchanged for a new one while it is still good, once it is old enough.
    RenewsItself {
        /// How long a token is good.
        life: Duration,
        /// How old a token must be to be exchanged.
        not_before: Duration,
    },
    /// A refresh token gives a new access token.
    Refreshed {
        /// How long an access token is good.
        life: Duration,
        /// A refresh token is good once and is replaced by the answer: it must be stored before it is used.
        rotates: bool,
        /// How long a refresh token is good; `None` if it has no end of its own.
        refresh_life: Option<Duration>,
    },
    /// Only a person can give a new one.
    Reconnected {
        /// How long a token is good.
        life: Duration,
    },
}

/// What the platform says of an account's credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whose they are, as the platform names the account; empty if it does not say.
    pub who: String,
    /// Permissions that publishing needs and that were not given.
    pub missing: Vec<String>,
    /// When the access token ends, if the platform says so.
    pub expires_at: Option<Timestamp>,
    /// The platform cannot be asked: nothing is known until something is published.
    pub unknown: bool,
}

impl Standing {
    /// Of a platform that cannot be asked.
    pub fn unknown() -> Self {
        Self { unknown: true, ..Self::default() }
    }

    /// Good, and whose.
    pub fn good(who: impl Into<String>) -> Self {
        Self { who: who.into(), ..Self::default() }
    }
}

/// New tokens, as a platform handed them out. What is `None` was not in the answer and must not replace what is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access: Secret,
    /// The refresh token, if the answer holds one that is not empty.
    pub refresh: Option<Secret>,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token ends.
    pub refresh_expires_at: Option<Timestamp>,
    /// The permissions that were given.
    pub scopes: Option<Vec<String>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires_at", &self.expires_at)
            .field("refresh_expires_at", &self.refresh_expires_at)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_show_no_secret() {
        let tokens = Tokens {
            access: Secret::new("hush-access"),
            refresh: Some(Secret::new("hush-refresh")),
            expires_at: None,
            refresh_expires_at: None,
            scopes: None,
        };
        assert!(!format!("{tokens:?}").contains("hush"));
    }
}
