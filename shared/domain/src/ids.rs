//! Names and ids, each a type of its own so that one cannot be passed for another.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

uuid_id!(
    /// A post: what an upstream service asked to publish.
    PostId
);
uuid_id!(
    /// A target: one post on one account of one channel. A UUIDv7, so later targets sort later.
    TargetId
);
uuid_id!(
    /// An event. Derived from what it reports, so a repeated event carries the same id.
    EventId
);

/// A name that is empty, too long, or has a character that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be 1 to {longest} characters of {allowed}")]
pub struct InvalidName {
    what: &'static str,
    longest: usize,
    allowed: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $longest:literal, $allowed:literal, $fits:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps a name.
            ///
            /// # Errors
            /// The name is empty, too long or has a forbidden character.
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
                let name = name.into();
                let fits: fn(char) -> bool = $fits;
                if name.is_empty() || name.len() > $longest || !name.chars().all(fits) {
                    return Err(InvalidName { what: $what, longest: $longest, allowed: $allowed });
                }
                Ok(Self(name))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '@')
}

name!(
    /// A kind of platform: `mastodon`, `bluesky`, `webhook`…
    ChannelName, "a channel name", 32, "a-z, 0-9 and '-'",
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
);
name!(
    /// A tenant: whose posts and accounts these are.
    TenantId, "a tenant id", 64, "letters, digits and -_.:@", plain
);
name!(
    /// A tenant's account on a channel, by the name given in the settings.
    AccountId, "an account id", 128, "letters, digits and -_.:@", plain
);
name!(
    /// Our registration with a platform.
    AppId, "an app id", 64, "letters, digits and -_.:@", plain
);
name!(
    /// A worker process, as it shows itself to operators.
    WorkerName, "a worker name", 128, "letters, digits and -_.:@", plain
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(ChannelName::new("mastodon").is_ok());
        assert!(ChannelName::new("Mastodon").is_err());
        assert!(TenantId::new("").is_err());
        assert!(AccountId::new("a\nb").is_err());
    }
}
