//! Connecting an account by a link: a person is sent to the platform, agrees there, and comes back with a code, which is exchanged
//! for tokens (RFC 6749, 4.1, with PKCE, RFC 7636, where the platform has it).
//!
//! A channel says as data how its platform's server is asked ([`OAuth`]); few need more than that. Whoever carries the flow out makes
//! the state and the verifier, keeps both until the person is back, and compares the state before anything else.

mod exchange;
mod pkce;
mod refusals;
mod returned;
pub(crate) mod servers;

use std::collections::BTreeMap;

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use url::Url;

use crate::{Account, AccountCard, Secret, Tokens};

pub(crate) use exchange::{begin_again, exchange, trade};
pub use pkce::Pkce;
pub use returned::Returned;

/// The step in which a code becomes tokens.
pub(crate) const CONNECT: &str = "connect";

/// How a platform's OAuth server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OAuth {
    /// Where a person agrees.
    pub authorize: Endpoint,
    /// Where a code becomes tokens.
    pub token: Endpoint,
    /// The version in the paths, where the account's setting `api_version` names none.
    pub version: &'static str,
    /// The permissions that publishing takes.
    pub scopes: &'static [&'static str],
    /// What stands between them in the link.
    pub separator: &'static str,
    /// The platform takes a PKCE challenge, by S256.
    pub pkce: bool,
    /// How the app names itself when it exchanges a code.
    pub client_auth: ClientAuth,
    /// What the platform calls the app's id.
    pub client_id_name: &'static str,
    /// What else stands in the link.
    pub extra: &'static [(&'static str, &'static str)],
    /// What else goes with a code.
    pub token_extra: &'static [(&'static str, &'static str)],
    /// Where the answer says whose the tokens are: JSON pointers, the first that is there.
    pub who_at: &'static [&'static str],
}

/// One address of an OAuth server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// The usual server, in whose place an account may name another (`auth_url`); `None` for the server that the account is on.
    pub server: Option<&'static str>,
    /// The path there; `{version}` stands for the version.
    pub path: &'static str,
}

/// How an app names itself. One without a secret names its id only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// Id and secret in the header, as a name and its password.
    Basic,
    /// Id and secret among the fields.
    Body,
}

/// What a link is made from.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizeAsk<'a> {
    /// The account that is to be connected: its address and settings count, secrets it need not have.
    pub account: &'a Account,
    /// The app's id.
    pub client_id: &'a str,
    /// Where the person is sent back to. The app must be registered with it, letter by letter.
    pub redirect: &'a Url,
    /// Comes back as it is. It must be hard to guess, good once, and compared when the person is back.
    pub state: &'a str,
    /// The PKCE challenge ([`Pkce`]); left out where the platform has none.
    pub challenge: Option<&'a str>,
}

/// What a code is exchanged with.
#[derive(Debug, Clone, Copy)]
pub struct ExchangeAsk<'a> {
    /// The account that is to be connected, with the app's secrets `client_id` and `client_secret`; others it need not have.
    pub account: &'a Account,
    /// What the person came back with. Good once.
    pub code: &'a Secret,
    /// The redirect that stood in the link.
    pub redirect: &'a Url,
    /// The PKCE verifier whose challenge stood in the link; left out where the platform has none.
    pub verifier: Option<&'a Secret>,
}

/// What a person's consent came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The tokens.
    pub tokens: Tokens,
    /// Settings of the account that the flow found out, as a page's number.
    pub settings: BTreeMap<String, String>,
    /// Whose they are, as far as the platform says so here; may be empty. Another than before means that the person was logged in as
    /// somebody else.
    pub who: String,
    /// Permissions that publishing takes and that were not given, as far as the platform says so here.
    pub missing: Vec<String>,
}

/// The failure of a channel whose accounts are not connected by a link.
pub(crate) fn not_by_link(title: &str) -> Failure {
    Failure {
        code: Code::APP_MISCONFIGURED,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Setup },
        scope: Scope::Account,
        step: CONNECT.into(),
        said: PlatformWords::text(format!("accounts on {title} are not connected by a link: hand their secrets over")),
    }
}

impl Endpoint {
    const fn at(server: &'static str, path: &'static str) -> Self {
        Self { server: Some(server), path }
    }

    const fn of_account(path: &'static str) -> Self {
        Self { server: None, path }
    }

    /// The address for this account, encrypted or on this machine.
    fn url(&self, oauth: &OAuth, account: &Account) -> Result<Url, Failure> {
        let version = account.setting("api_version").unwrap_or(oauth.version);
        let path = self.path.replace("{version}", version);
        let Some(server) = self.server else {
            account.check_transport()?;
            return Ok(account.url(&path));
        };
        Ok(account.at_auth(server)?.url(&path))
    }
}

impl OAuth {
    /// The link that a person follows to agree; `None` if the account's address for it cannot be used.
    pub fn link(&self, ask: &AuthorizeAsk<'_>) -> Option<Url> {
        let mut url = self.authorize.url(self, ask.account).ok()?;
        let scopes = self.scopes.join(self.separator);
        let fields = [
            ("response_type", "code"),
            (self.client_id_name, ask.client_id),
            ("redirect_uri", ask.redirect.as_str()),
            ("scope", &scopes),
            ("state", ask.state),
        ];
        let challenge = ask.challenge.filter(|_| self.pkce);
        let pkce = challenge.map(|challenge| [("code_challenge", challenge), ("code_challenge_method", "S256")]);
        url.query_pairs_mut().extend_pairs(fields).extend_pairs(pkce.into_iter().flatten()).extend_pairs(self.extra);
        Some(url)
    }

    /// Complains about an account's own server for consent that is none.
    pub(crate) fn check_account(&self, account: &AccountCard, wrong: &mut Vec<String>) {
        account.check_auth(self.authorize.server.unwrap_or_default(), wrong);
    }

    /// Those of the wanted permissions that are not among `given`.
    pub(crate) fn missing(&self, given: &[String]) -> Vec<String> {
        let lacks = |scope: &&&str| !given.iter().any(|given| given == **scope);
        self.scopes.iter().filter(lacks).map(|scope| (*scope).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{servers::*, *};
    use crate::words::tests::account;

    fn link(oauth: &OAuth, account: &Account) -> Option<String> {
        let ask = AuthorizeAsk {
            account,
            client_id: "app 1",
            redirect: &Url::parse("https://us.example/back?x=1").unwrap(),
            state: "s&t",
            challenge: Some("c-h"),
        };
        oauth.link(&ask).map(String::from)
    }

    #[test]
    fn a_link_says_who_asks_for_what_and_where_to_come_back() {
        let account = account("hush");
        let back = "redirect_uri=https%3A%2F%2Fus.example%2Fback%3Fx%3D1";
        let x = format!(
            "https://x.com/i/oauth2/authorize?response_type=code&client_id=app+1&{back}&scope=tweet.read+tweet.write+users.read\
             +offline.access+media.write&state=s%26t&code_challenge=c-h&code_challenge_method=S256"
        );
        assert_eq!(link(&X, &account), Some(x));
        let tiktok = link(&TIKTOK, &account).unwrap();
        assert!(tiktok.starts_with("https://www.tiktok.com/v2/auth/authorize/?response_type=code&client_key=app+1&"));
        assert!(tiktok.contains("&scope=user.info.basic%2Cvideo.publish%2C") && !tiktok.contains("challenge"));
        let google = link(&YOUTUBE, &account).unwrap();
        assert!(google.ends_with("&access_type=offline&prompt=consent"), "{google}");
    }

    #[test]
    fn a_link_leads_to_the_server_that_the_account_is_on_or_names() {
        let mut account = account("hush");
        assert!(link(&MASTODON, &account).unwrap().starts_with("https://example.org/oauth/authorize?"));
        account.settings.insert("auth_url".into(), "https://gate.example/sub".into());
        account.settings.insert("api_version".into(), "v9.1".into());
        assert!(link(&FACEBOOK, &account).unwrap().starts_with("https://gate.example/sub/v9.1/dialog/oauth?"));
        for unusable in ["somewhere", "http://gate.example"] {
            account.settings.insert("auth_url".into(), unusable.into());
            assert_eq!(link(&FACEBOOK, &account), None, "{unusable}");
        }
    }

    #[test]
    fn what_was_not_given_is_told() {
        assert_eq!(REDDIT.missing(&["submit", "read", "history", "flair"].map(str::to_owned)), ["identity"]);
    }
}
