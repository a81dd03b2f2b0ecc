//! What an account is called: `tenant/channel/account`.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    str::FromStr,
};

use channels::AccountCard;
use domain::{AccountId, ChannelName, PauseScope, TenantId};

/// An account's full name, written `acme/mastodon/main`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName {
    /// Whose it is.
    pub tenant: TenantId,
    /// The channel it is on.
    pub channel: ChannelName,
    /// Its name in schedule requests.
    pub account: AccountId,
}

impl AccountName {
    /// A name of its parts.
    pub fn new(tenant: &TenantId, channel: &ChannelName, account: &AccountId) -> Self {
        Self { tenant: tenant.clone(), channel: channel.clone(), account: account.clone() }
    }

    /// What holds everything on this account back.
    pub fn pause_scope(&self) -> PauseScope {
        let Self { tenant, channel, account } = self.clone();
        PauseScope::Account { tenant, channel, account }
    }

    /// A number in `0.0..1.0` that is always the same for an account, so that what was begun together does not stay together.
    pub fn draw(&self) -> f64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        // 53 bits fill a double's mantissa exactly.
        (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// What a secret of this account is sealed for.
    pub(crate) fn context(&self) -> String {
        format!("account/{self}")
    }
}

impl From<&AccountCard> for AccountName {
    fn from(card: &AccountCard) -> Self {
        Self::new(&card.tenant, &card.channel, &card.id)
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.channel, self.account)
    }
}

impl FromStr for AccountName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<_> = text.split('/').collect();
        let [tenant, channel, account] = parts.as_slice() else {
            return Err(format!("\"{text}\" is not written TENANT/CHANNEL/ACCOUNT"));
        };
        let wrong = |error: domain::InvalidName| error.to_string();
        Ok(Self {
            tenant: TenantId::new(*tenant).map_err(wrong)?,
            channel: ChannelName::new(*channel).map_err(wrong)?,
            account: AccountId::new(*account).map_err(wrong)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let name: AccountName = "acme/mastodon/main".parse().unwrap();
        assert_eq!(name.to_string(), "acme/mastodon/main");
        assert_eq!(name.pause_scope().to_string(), "account:acme/mastodon/main");
        assert!("acme/mastodon".parse::<AccountName>().unwrap_err().contains("TENANT/CHANNEL/ACCOUNT"));
        assert!("a/b/c/d".parse::<AccountName>().is_err() && "//".parse::<AccountName>().is_err());
    }
}
