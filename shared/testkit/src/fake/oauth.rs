//! Connecting by a link (RFC 6749, 4.1, and RFC 7636): the page where a person agrees, and the codes that it gives.
//!
//! The page agrees by itself: whoever follows the link is sent back at once. Each platform says by [`Rules`] how it names things, and
//! gives the tokens itself.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use super::{Answer, Ask, lock};

/// What the person does whom a link leads here, and what the app is registered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Consent {
    /// Who is logged in, where the link names nobody (`login_hint`, `account`).
    pub person: String,
    /// The person says no.
    pub denies: bool,
    /// The scopes that the person leaves out.
    pub withholds: Vec<String>,
    /// The redirects that the app is registered with; if there are none, any will do.
    pub redirects: Vec<String>,
}

impl Default for Consent {
    fn default() -> Self {
        Self { person: "main".into(), denies: false, withholds: vec![], redirects: vec![] }
    }
}

/// How a platform's OAuth server names things and what it insists on.
pub(crate) struct Rules {
    /// The path of the page, and of the call that takes codes.
    pub paths: (&'static str, &'static str),
    /// The app's id and secret.
    pub client: (&'static str, &'static str),
    /// What the id is called.
    pub client_name: &'static str,
    /// Where the app shows them.
    pub shown: Shown,
    /// What stands between scopes.
    pub separator: char,
    /// The scopes that there are.
    pub scopes: &'static [&'static str],
    /// Whether a link must have a PKCE challenge.
    pub pkce: bool,
    /// How long a code is good.
    pub life: Duration,
    /// How it refuses a code.
    pub refuses: fn(Refusal) -> Answer,
}

/// Where an app shows its id and secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// In the header.
    Header,
    /// Among the fields.
    Fields,
    /// In either; without a secret, if the link had a PKCE challenge.
    Either,
}

/// Why a code is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The app's id or secret is wrong.
    Client,
    /// The code is unknown, used, or too old.
    Code,
    /// It was given for another redirect.
    Redirect,
    /// It was given for another PKCE challenge.
    Verifier,
}

/// What a person agreed to.
#[derive(Clone, Debug)]
pub(crate) struct Agreed {
    /// Whose account it is.
    pub account: String,
    /// The scopes that were given.
    pub scopes: Vec<String>,
}

struct Given {
    agreed: Agreed,
    redirect: String,
    challenge: Option<String>,
    until: Timestamp,
    used: bool,
}

/// All codes that were given.
#[derive(Default)]
pub(crate) struct Codes(Mutex<HashMap<String, Given>>);

impl Codes {
    /// Answers the two calls; `None` for any other. `give` makes the answer that carries the tokens.
    pub fn answer(
        &self,
        ask: &Ask,
        rules: &Rules,
        consent: &Consent,
        give: impl FnOnce(&Agreed) -> Answer,
    ) -> Option<Answer> {
        let takes_code = ask.field("grant_type") == Some("authorization_code");
        match ask.method.as_str() {
            "GET" if ask.path == rules.paths.0 => Some(self.page(ask, rules, consent)),
            "POST" if ask.path == rules.paths.1 && takes_code => {
                Some(self.take(ask, rules).map_or_else(rules.refuses, |agreed| give(&agreed)))
            }
            _ => None,
        }
    }

    /// An app or a redirect that nobody knows is told to the person: what else is wrong is told to the app.
    fn page(&self, ask: &Ask, rules: &Rules, consent: &Consent) -> Answer {
        let says = |name: &str| ask.param(name).unwrap_or_default();
        let unknown = |what: &str| Answer::text(400, "text/html", format!("<h1>Something went wrong</h1>{what}"));
        if says(rules.client_name) != rules.client.0 {
            return unknown("There is no such app.");
        }
        let redirect = says("redirect_uri");
        let registered = consent.redirects.is_empty() || consent.redirects.iter().any(|known| known == redirect);
        let Some(back) = Url::parse(redirect).ok().filter(|_| registered) else {
            return unknown("The redirect is none that the app is registered with.");
        };
        let go = |fields: &[(&str, &str)]| {
            let mut back = back.clone();
            back.query_pairs_mut().extend_pairs(fields);
            back.query_pairs_mut().extend_pairs(ask.param("state").map(|state| ("state", state)));
            Answer::text(302, "text/html", "").with("location", back)
        };
        match self.agree(ask, rules, consent) {
            Ok(code) => go(&[("code", &code)]),
            Err((error, words)) => go(&[("error", error), ("error_description", words)]),
        }
    }

    fn agree(&self, ask: &Ask, rules: &Rules, consent: &Consent) -> Result<String, (&'static str, &'static str)> {
        let says = |name: &str| ask.param(name).unwrap_or_default();
        if says("response_type") != "code" {
            return Err(("unsupported_response_type", "There are codes only."));
        }
        let scopes: Vec<_> = says("scope").split(rules.separator).filter(|scope| !scope.is_empty()).collect();
        if scopes.is_empty() || scopes.iter().any(|scope| !rules.scopes.contains(scope)) {
            return Err(("invalid_scope", "There is no such scope."));
        }
        let challenge = ask.param("code_challenge").filter(|_| says("code_challenge_method") == "S256");
        if rules.pkce && challenge.is_none_or(|challenge| challenge.len() != 43) {
            return Err(("invalid_request", "A code challenge by S256 is missing."));
        }
        if consent.denies {
            return Err(("access_denied", "The person did not agree."));
        }
        let given = scopes.into_iter().filter(|scope| !consent.withholds.iter().any(|without| without == scope));
        let account = ask.param("login_hint").or_else(|| ask.param("account")).unwrap_or(&consent.person);
        let given = Given {
            agreed: Agreed { account: account.to_owned(), scopes: given.map(str::to_owned).collect() },
            redirect: says("redirect_uri").to_owned(),
            challenge: challenge.map(str::to_owned),
            until: ask.at + rules.life,
            used: false,
        };
        let code = format!("code-{}", Uuid::new_v4().simple());
        lock(&self.0).insert(code.clone(), given);
        Ok(code)
    }

    /// A code is used up by the first who shows it, rightly or not.
    fn take(&self, ask: &Ask, rules: &Rules) -> Result<Agreed, Refusal> {
        let field = |name: &str| ask.field(name).map(str::to_owned);
        let in_header = ask.basic().filter(|_| rules.shown != Shown::Fields);
        let in_fields = || {
            let id = field(rules.client_name).filter(|_| rules.shown != Shown::Header)?;
            Some((id, field("client_secret").unwrap_or_default()))
        };
        let (id, secret) = in_header.or_else(in_fields).ok_or(Refusal::Client)?;
        let is_public = secret.is_empty() && rules.shown == Shown::Either;
        if id != rules.client.0 || !(secret == rules.client.1 || is_public) {
            return Err(Refusal::Client);
        }
        let mut codes = lock(&self.0);
        let given = codes.get_mut(ask.field("code").unwrap_or_default()).ok_or(Refusal::Code)?;
        if std::mem::replace(&mut given.used, true) || given.until <= ask.at {
            return Err(Refusal::Code);
        }
        if ask.field("redirect_uri") != Some(given.redirect.as_str()) {
            return Err(Refusal::Redirect);
        }
        let shown = ask.field("code_verifier").map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)));
        if given.challenge.is_some() && shown != given.challenge || is_public && given.challenge.is_none() {
            return Err(Refusal::Verifier);
        }
        Ok(given.agreed.clone())
    }
}

/// Refusals in the words of RFC 6749, 5.2.
pub(crate) fn refused(refusal: Refusal) -> Answer {
    let (status, error, words) = match refusal {
        Refusal::Client => (401, "invalid_client", "Client authentication failed."),
        Refusal::Code => (400, "invalid_grant", "The code is invalid, expired or was used."),
        Refusal::Redirect => (400, "redirect_uri_mismatch", "The redirect is not that of the link."),
        Refusal::Verifier => (400, "invalid_grant", "Invalid code verifier."),
    };
    Answer::json(status, &serde_json::json!({"error": error, "error_description": words}))
}
