//! Tokens that are exchanged for longer ones, and what an account may do.

use domain::{Code, Failure, Landed};
use jiff::SignedDuration;
use serde::Deserialize;

use super::{Graph, failure};
use crate::{Account, Secret, Tokens};

pub(crate) const RENEW: &str = "renew token";
pub(crate) const QUOTA: &str = "check quota";

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<i64>,
}

impl Graph {
    /// Exchanges the account's token for one that lives longer: `grant` at `path`, as `ig_refresh_token` at
    /// `refresh_access_token`, with whatever else the grant wants. The old token stays good until its own end.
    pub async fn exchange(
        &self,
        account: &Account,
        path: &str,
        grant: &str,
        more: &[(&str, &str)],
    ) -> Result<Tokens, Failure> {
        let request = self.read(account, path, &[("grant_type", grant)])?.query(more);
        let answer = self.http.free(RENEW, request).await.map_err(unsure)?;
        let granted: Option<Granted> = answer.json().filter(|_| answer.is_success());
        let granted = granted.ok_or_else(|| unsure(self.judge(&answer, account)))?;
        if granted.access_token.trim().is_empty() {
            return Err(unsure(failure(Code::STRANGE_ANSWER, RENEW, "the answer holds no token")));
        }
        let life = granted.expires_in.filter(|seconds| *seconds > 0).map(SignedDuration::from_secs);
        Ok(Tokens {
            access: Secret::new(granted.access_token),
            refresh: None,
            expires_at: life.and_then(|life| answer.at.checked_add(life).ok()),
            refresh_expires_at: None,
            scopes: None,
        })
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

/// Without an answer that can be understood the platform may have made a new token all the same.
fn unsure(failure: Failure) -> Failure {
    let lost = matches!(failure.code, Code::OUT_OF_ORDER | Code::STRANGE_ANSWER);
    Failure { landed: if lost { Landed::Unknown } else { failure.landed }, ..failure }
}
