//! A code for tokens: one call, and what its answer means.
//!
//! A code is good once and for moments. Without an answer nobody knows whether it is used up, and with one that cannot be understood
//! neither: then a person begins again.

use std::{collections::BTreeMap, time::Duration};

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::{CONNECT, ClientAuth, ExchangeAsk, Granted, OAuth, refusals::TABLE};
use crate::{
    Account, Answer, Http, Tokens,
    credentials::{CLIENT_ID, CLIENT_SECRET},
    granted::{DAY, tokens, unless_unsent},
};

/// No token lives longer: a longer life is a mistake, and is not believed.
const LONGEST: Duration = DAY.saturating_mul(2 * 365);

/// What an exchange gave.
pub(crate) struct Traded {
    /// The tokens.
    pub tokens: Tokens,
    /// Whose they are, as far as the answer says.
    pub who: String,
}

impl Traded {
    /// As it is what the consent came to.
    pub fn granted(self, oauth: &OAuth) -> Granted {
        let missing = self.tokens.scopes.as_deref().map(|given| oauth.missing(given)).unwrap_or_default();
        Granted { tokens: self.tokens, settings: BTreeMap::new(), who: self.who, missing }
    }
}

/// A code for tokens, where the platform's answer holds all there is to know.
pub(crate) async fn exchange(http: &Http, oauth: &OAuth, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
    Ok(trade(http, oauth, ask, |request| request).await?.granted(oauth))
}

/// A code for tokens, once. `dress` adds what a platform wants of every call.
pub(crate) async fn trade(
    http: &Http,
    oauth: &OAuth,
    ask: &ExchangeAsk<'_>,
    dress: impl FnOnce(RequestBuilder) -> RequestBuilder,
) -> Result<Traded, Failure> {
    ask.account.check_transport()?;
    let url = oauth.token.url(oauth, ask.account)?;
    let id = ask.account.secret(CLIENT_ID)?.reveal();
    // Only with PKCE an app may have no secret.
    let secret = match ask.account.secrets.get(CLIENT_SECRET) {
        None if oauth.pkce => None,
        _ => Some(ask.account.secret(CLIENT_SECRET)?.reveal()),
    };
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", ask.code.reveal()),
        ("redirect_uri", ask.redirect.as_str()),
    ];
    form.extend(ask.verifier.filter(|_| oauth.pkce).map(|verifier| ("code_verifier", verifier.reveal())));
    form.extend(oauth.token_extra);
    let request = http.request(Method::POST, url);
    let request = match (oauth.client_auth, secret) {
        (ClientAuth::Basic, Some(secret)) => request.basic_auth(id, Some(secret)),
        _ => {
            form.push((oauth.client_id_name, id));
            form.extend(secret.map(|secret| (CLIENT_SECRET, secret)));
            request
        }
    };
    let answer = http.free(CONNECT, dress(request).form(&form)).await;
    let answer = answer.map_err(|failure| unless_unsent(failure, lost))?;
    traded(&answer, oauth).ok_or_else(|| judge(&answer, ask))
}

fn traded(answer: &Answer, oauth: &OAuth) -> Option<Traded> {
    let body: Value = answer.json().filter(|_| answer.is_success())?;
    // Instagram's newer answers are a list of one.
    let body = body.pointer("/data/0").unwrap_or(&body);
    let plain =
        |value: &Value| value.as_str().map_or_else(|| value.as_u64().map(|n| n.to_string()), |t| Some(t.into()));
    let who = oauth.who_at.iter().find_map(|at| plain(body.pointer(at)?)).unwrap_or_default();
    Some(Traded { tokens: tokens(body, answer.at, [LONGEST; 2])?, who })
}

/// Why a code was refused, and what to do about it.
fn judge(answer: &Answer, ask: &ExchangeAsk<'_>) -> Failure {
    let known = with_what_was_sent(ask);
    let failure = TABLE.judge(answer, &known);
    if TABLE.row_of(answer, &known).is_none() {
        return lost(failure);
    }
    let (code, words) = (failure.said.code.as_deref().unwrap_or_default(), failure.said.text.to_lowercase());
    let is_redirect = code.contains("redirect") || code.starts_with("191") || words.contains("redirect");
    match failure.code {
        Code::TOKEN_REVOKED => begin_again(failure),
        Code::APP_MISCONFIGURED if is_redirect => {
            // What stands behind the path is nobody's business.
            let mut redirect = ask.redirect.clone();
            redirect.set_query(None);
            advise(failure, &format!("register the redirect {redirect} with the app, letter by letter"))
        }
        Code::APP_MISCONFIGURED => advise(failure, "mend the app's id and secret here or its registration there"),
        _ => failure,
    }
}

/// The account with all that must not be repeated from an answer.
fn with_what_was_sent(ask: &ExchangeAsk<'_>) -> Account {
    let mut account = ask.account.clone();
    account.secrets.insert("code".into(), ask.code.clone());
    account.secrets.extend(ask.verifier.map(|verifier| ("code_verifier".into(), verifier.clone())));
    account
}

/// The code may be used up without our learning what it gave.
fn lost(failure: Failure) -> Failure {
    begin_again(Failure { landed: Landed::Unknown, ..failure })
}

/// The code is gone, whatever the failure's cause: only a person gets a new one.
pub(crate) fn begin_again(failure: Failure) -> Failure {
    let fixed = matches!(failure.worth, Worth::AfterFix { fix } if fix != Fix::Reconnect);
    let failure = match fixed {
        true => failure,
        false => Failure { worth: Worth::AfterFix { fix: Fix::Reconnect }, scope: Scope::Account, ..failure },
    };
    advise(failure, "begin again with a new link, because a code is good once and for moments")
}

fn advise(failure: Failure, advice: &str) -> Failure {
    let said = PlatformWords::text(format!("{advice}: {}", failure.said.text));
    Failure { said: PlatformWords { text: said.text, ..failure.said }, ..failure }
}

#[cfg(test)]
mod tests {
    use super::{super::servers::*, *};
    use crate::words::tests::answer;

    fn read(oauth: &OAuth, body: &str) -> Option<Granted> {
        traded(&answer(false, 200, &[], body), oauth).map(|traded| traded.granted(oauth))
    }

    #[test]
    fn what_was_given_and_what_was_not_is_read_however_it_is_written() {
        let tiktok = read(&TIKTOK, r#"{"access_token":"a","refresh_token":"r","open_id":"o-1","scope":"user.info.basic, video.publish","expires_in":7200,"refresh_expires_in":90}"#).unwrap();
        assert_eq!(
            (tiktok.who.as_str(), tiktok.missing),
            ("o-1", vec!["video.upload".to_owned(), "video.list".into()])
        );
        let ends = [tiktok.tokens.expires_at, tiktok.tokens.refresh_expires_at].map(|at| at.unwrap().as_second());
        assert_eq!((ends, tiktok.tokens.refresh.unwrap().reveal()), ([7200, 90], "r"));
        let listed =
            r#"{"data":[{"access_token":"a","user_id":17841400000000001,"permissions":"instagram_business_basic"}]}"#;
        let instagram = read(&INSTAGRAM, listed).unwrap();
        assert_eq!((instagram.who.as_str(), instagram.missing.len()), ("17841400000000001", 2));
        let flat = r#"{"access_token":"a","user_id":"7","permissions":["instagram_business_basic","x"]}"#;
        assert_eq!(read(&INSTAGRAM, flat).unwrap().missing.len(), 2);
        let slack = r#"{"ok":true,"access_token":"xoxb-1","scope":"chat:write,channels:history,files:write,files:read","team":{"name":"acme"}}"#;
        let slack = read(&SLACK, slack).unwrap();
        assert_eq!((slack.who.as_str(), slack.missing, slack.tokens.refresh), ("acme", vec![], None));
        assert_eq!(read(&THREADS, r#"{"access_token":"a"}"#).unwrap().missing, [""; 0], "nothing is said of scopes");
    }

    #[test]
    fn a_success_without_a_token_is_none_and_an_end_in_31_years_is_not_believed() {
        for body in [r#"{"access_token":""}"#, r#"{"ok":false,"access_token":"a"}"#, "{}", "[]", "<html>"] {
            assert!(read(&X, body).is_none(), "{body}");
        }
        let in_31_years =
            r#"{"access_token":"a","refresh_token":" ","expires_in":978307200,"refresh_token_expires_at":978307200}"#;
        let tokens = read(&PINTEREST, in_31_years).unwrap().tokens;
        assert_eq!((tokens.expires_at, tokens.refresh_expires_at, tokens.refresh), (None, None, None));
        let in_texts = r#"{"access_token":" a\n","expires_in":"3600","refresh_token_expires_in":"7200"}"#;
        let tokens = read(&X, in_texts).unwrap().tokens;
        let ends = [tokens.expires_at, tokens.refresh_expires_at].map(|at| at.unwrap().as_second());
        assert_eq!((tokens.access.reveal(), ends), ("a", [3600, 7200]), "as a renewal's answer is read");
    }
}
