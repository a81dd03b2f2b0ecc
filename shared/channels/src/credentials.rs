//! Credentials: how long a channel's tokens live, whether an account's are good, and how they are renewed.
//!
//! Nothing here publishes. Whoever keeps credentials decides when to ask; a channel only knows how.

use std::{collections::BTreeMap, fmt, time::Duration};

use jiff::Timestamp;

use crate::{About, Secret};

/// The secrets that a renewal takes, by their names in an account.
pub(crate) const REFRESH_TOKEN: &str = "refresh_token";
pub(crate) const CLIENT_ID: &str = "client_id";
pub(crate) const CLIENT_SECRET: &str = "client_secret";

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
        /// How long a refresh token is good; `None` if it has no end of its own.
        refresh_life: Option<Duration>,
        /// What a repeat of the same refresh token does, after an answer that was lost.
        repeat: RefreshRepeat,
    },
    /// Only a person can give a new one.
    Reconnected {
        /// How long a token is good.
        life: Duration,
    },
}

impl TokenLife {
    /// What a repeat of the same renewal does, after an answer that was lost.
    pub fn repeat(self) -> RefreshRepeat {
        match self {
            TokenLife::Refreshed { repeat, .. } => repeat,
            // What is exchanged stays good until its own end.
            _ => RefreshRepeat::Harmless,
        }
    }

    /// A renewal replaces what it is made by: the answer must be stored before it is used.
    pub fn rotates(self) -> bool {
        self.repeat().rotates()
    }
}

/// What a repeat of the same refresh token does, after an answer that was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshRepeat {
    /// It gives tokens again: a refresh token is not replaced by its use.
    Harmless,
    /// It gives tokens again for so long, or until what the lost answer held is used; [`Duration::MAX`] if only that ends it.
    Within(Duration),
    /// It takes the account's whole connection with it: a refresh token is good once.
    Kills,
    /// It is refused, and nothing more is lost: a refresh token is good once.
    Refused,
}

impl RefreshRepeat {
    /// A refresh token is replaced by its use.
    pub fn rotates(self) -> bool {
        self != RefreshRepeat::Harmless
    }

    /// Whether a repeat gives tokens, so long after the call whose answer was lost.
    pub fn works_after(self, span: Duration) -> bool {
        match self {
            RefreshRepeat::Harmless => true,
            RefreshRepeat::Within(longest) => span <= longest,
            RefreshRepeat::Kills | RefreshRepeat::Refused => false,
        }
    }

    /// In a word: `harmless`, `within`, `kills`, `refused`.
    pub fn name(self) -> &'static str {
        match self {
            RefreshRepeat::Harmless => "harmless",
            RefreshRepeat::Within(_) => "within",
            RefreshRepeat::Kills => "kills",
            RefreshRepeat::Refused => "refused",
        }
    }
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

impl Tokens {
    /// These tokens over the `old` secrets of an account of the channel. What they do not bring stays as it was.
    #[must_use]
    pub fn into_secrets(self, about: &About, old: &BTreeMap<String, Secret>) -> BTreeMap<String, Secret> {
        let mut secrets = old.clone();
        for (name, secret) in [(about.token(), Some(self.access)), (Some(REFRESH_TOKEN), self.refresh)] {
            if let (Some(name), Some(secret)) = (name, secret)
                && !secret.reveal().trim().is_empty()
            {
                secrets.insert(name.to_owned(), secret);
            }
        }
        secrets
    }
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
