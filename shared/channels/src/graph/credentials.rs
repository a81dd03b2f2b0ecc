//! Tokens that are exchanged for longer ones, and what an account may do.

use domain::{Code, Failure};

use super::{Graph, TOKEN};
use crate::{
    Account, RefreshRepeat, Secret, Tokens,
    granted::{DAY, Grant},
};

pub(crate) const RENEW: &str = "renew token";
pub(crate) const QUOTA: &str = "check quota";

/// What is exchanged stays good until its own end.
const GRANT: Grant = Grant {
    step: RENEW,
    longest: DAY.saturating_mul(90),
    longest_refresh: DAY.saturating_mul(90),
    repeat: RefreshRepeat::Harmless,
};

impl Graph {
    /// Exchanges the account's token for one that lives longer: `grant` at `path`, as `ig_refresh_token` at
    /// `refresh_access_token`, with whatever else the grant wants.
    pub async fn exchange(
        &self,
        account: &Account,
        path: &str,
        grant: &str,
        more: &[(&str, &str)],
    ) -> Result<Tokens, Failure> {
        let request = self.read(account, path, &[("grant_type", grant)])?.query(more);
        GRANT.ask(&self.http, request, |answer| self.judge(answer, account)).await
    }

    /// Whether the account may publish: `edge` tells how much of its quota is used, to those only who may.
    pub async fn may_publish(&self, account: &Account, edge: &str) -> Result<bool, Failure> {
        let request = self.get(account, &super::edge(account, edge), &[("fields", "quota_usage,config")])?;
        match self.ask::<serde_json::Value>(QUOTA, account, request).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.code == Code::PERMISSION_MISSING => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}

/// The same account with another token. What the platform says of a call by it is to be judged with this one: then the token is taken
/// out of its words.
pub(crate) fn with_token(account: &Account, token: &Secret) -> Account {
    let mut other = account.clone();
    other.secrets.insert(TOKEN.into(), token.clone());
    other
}
