//! Whose the token is, and how it is renewed.

use domain::{Code, Failure};
use reqwest::Method;

use super::{REFRESH, TikTok, VERSION, judge};
use crate::{
    Account, RefreshRepeat, Standing, Tokens,
    credentials::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN},
    granted::{DAY, Grant},
};

const PUBLISH: &str = "video.publish";

/// A refresh token stops working as soon as the next one is given out.
pub(super) const GRANT: Grant =
    Grant { step: REFRESH, longest: DAY, longest_refresh: DAY.saturating_mul(366), repeat: RefreshRepeat::Refused };

/// Whether the account holds what a renewal takes.
pub(super) fn can_renew(account: &Account) -> bool {
    account.holds(&[REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET])
}

impl TikTok {
    /// The creator's word is asked for with the very permission that publishing takes.
    pub(super) async fn standing(&self, account: &Account) -> Result<Standing, Failure> {
        match self.creator(account).await {
            Ok(creator) => Ok(Standing::good(creator.name)),
            Err(failure) if failure.code == Code::PERMISSION_MISSING => {
                Ok(Standing { missing: vec![PUBLISH.to_owned()], ..Standing::default() })
            }
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        let Some(token) = account.secrets.get(REFRESH_TOKEN) else { return Ok(None) };
        let version = account.setting("api_version").unwrap_or(VERSION);
        let request = self.http.request(Method::POST, account.url(&format!("{version}/oauth/token/"))).form(&[
            ("grant_type", REFRESH_TOKEN),
            (REFRESH_TOKEN, token.reveal()),
            // So TikTok calls the app's id.
            ("client_key", account.secret(CLIENT_ID)?.reveal()),
            (CLIENT_SECRET, account.secret(CLIENT_SECRET)?.reveal()),
        ]);
        GRANT.ask(&self.http, request, |answer| judge(answer, account)).await.map(Some)
    }
}
