//! Google Business Profile's API, version 4: the local posts of locations, from its documentation and what clients saw.
//!
//! An account is NAME with the token [`GoogleBusiness::token`], the refresh token [`GoogleBusiness::refresh_token`] and one location,
//! [`GoogleBusiness::location`]; it needs no making. Reproduced with care: posts that are live at once, that are looked at first, or that
//! are rejected, in the answer itself or later; what events and offers need; the project's quota of a minute. Not there: reviews,
//! insights, alerts, and the fetching of pictures.

mod connect;
mod posts;

use std::{
    sync::{Mutex, atomic::AtomicU64},
    time::Duration,
};

use posts::Record;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    fake::{Answer, Ask, Codes, Consent, Limiter, Platform, Stage, lock},
    google::{Access, rpc_error},
};

const MINUTE: Duration = Duration::from_secs(60);
const SCOPES: &str = "https://www.googleapis.com/auth/business.manage";

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// How long a renewed access token is good, seconds.
    pub token_life_s: u64,
    /// How long a post is looked at before it is live, seconds.
    pub processing_s: u64,
    /// Posts are rejected once they were looked at.
    pub rejects: bool,
    /// Calls of the project in a minute.
    pub calls_per_minute: u64,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self { token_life_s: 3599, processing_s: 0, rejects: false, calls_per_minute: 300, consent: Consent::default() }
    }
}

/// The platform. Run it with `Fake::<GoogleBusiness>::start()`.
#[derive(Default)]
pub struct GoogleBusiness {
    codes: Codes,
    knobs: Mutex<Knobs>,
    access: Access,
    ids: AtomicU64,
    records: Mutex<Vec<Record>>,
    minute: Limiter,
}

impl GoogleBusiness {
    /// The app's id and secret.
    pub const CLIENT: (&str, &str) = crate::google::CLIENT;

    /// A token of an account that lasts until it is expired or revoked.
    pub fn token(name: &str) -> String {
        crate::google::token(name)
    }

    /// The refresh token of an account.
    pub fn refresh_token(name: &str) -> String {
        crate::google::refresh_token(name)
    }

    /// The account's one location, as `accounts/1/locations/2`.
    pub fn location(name: &str) -> String {
        let hash = Sha256::digest(name);
        let number = |from: usize| hash[from..from + 6].iter().fold(1_u64, |id, byte| id << 8 | u64::from(*byte));
        format!("accounts/{}/locations/{}", number(0), number(6))
    }

    /// The account's person withdraws the app's access.
    pub fn revoke(&self, name: &str) {
        self.access.revoke(name);
    }

    /// The account has granted these scopes only, with spaces between.
    pub fn grant(&self, name: &str, scopes: &str) {
        self.access.grant(name, scopes);
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        let account = self.access.check(ask).ok_or_else(unauthorized)?;
        if !self.access.may(&account, SCOPES, &["business.manage", "plus.business.manage"]) {
            return Err(rpc_error(403, "Request had insufficient authentication scopes."));
        }
        let most = lock(&self.knobs).calls_per_minute;
        if self.minute.count("", 1, most, MINUTE, ask.at).over {
            return Err(over_quota("Requests per minute"));
        }
        self.judge_posts(ask, stage);
        let path = ask.segments();
        let ["v4", "accounts", a, "locations", l, "localPosts", rest @ ..] = path.as_slice() else {
            return Err(rpc_error(404, "Requested entity was not found."));
        };
        if format!("accounts/{a}/locations/{l}") != Self::location(&account) {
            return Err(rpc_error(403, "The caller does not have permission"));
        }
        match (ask.method.as_str(), rest) {
            ("POST", []) => self.create(ask, &account, stage),
            ("GET", []) => Ok(self.list(ask, &account, stage)),
            ("GET", [id]) => self.show(&format!("accounts/{a}/locations/{l}/localPosts/{id}")),
            ("DELETE", [id]) => self.remove(&format!("accounts/{a}/locations/{l}/localPosts/{id}"), stage),
            _ => Err(rpc_error(404, "Requested entity was not found.")),
        }
    }
}

impl Platform for GoogleBusiness {
    const NAME: &'static str = "google-business";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "POST" && ask.path.ends_with("/localPosts")
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        self.access.owner(ask)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let life_s = lock(&self.knobs).token_life_s;
        if let Some(answer) = self.connect(&ask) {
            return answer;
        }
        if let Some(answer) = self.access.answer(&ask, SCOPES, life_s) {
            return answer;
        }
        self.route(&ask, stage).unwrap_or_else(|refusal| refusal)
    }

    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        over_quota("Requests per minute per user").with("retry-after", seconds)
    }

    fn expire(&self, account: &str) {
        self.access.expire(account);
    }

    fn restore(&self, account: &str) {
        self.access.restore(account);
    }
}

fn unauthorized() -> Answer {
    let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
                   authentication credential.";
    rpc_error(401, message)
}

fn over_quota(limit: &str) -> Answer {
    let message = format!(
        "Quota exceeded for quota metric 'Requests' and limit '{limit}' of service 'mybusiness.googleapis.com' for consumer \
         'project_number:17'."
    );
    rpc_error(429, &message)
}
