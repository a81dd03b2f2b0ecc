//! Who is logged in, told by a sealed cookie: no process keeps anything, and each that has the same keys believes it.
//!
//! A session names the token that it was begun with, or the rule by which a person was let in. If that is taken out of the settings, its
//! sessions end.

use std::{sync::OnceLock, time::Duration};

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use runtime::Runtime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use signon::Pending;
use url::Url;
use vault::Keys;

use crate::{
    Token,
    access::{Caller, Grant},
};

/// How long a session lasts: a shift.
pub(crate) const LIFE: Duration = Duration::from_secs(12 * 3600);
/// How long a login at a provider may take.
pub(crate) const LOGIN_LIFE: Duration = Duration::from_secs(600);
/// The longest text that is handed to the next page.
const LONGEST_NOTE: usize = 1200;

const SESSION: &str = "console session";
const NOTE: &str = "console note";
const LOGIN: &str = "console login";

/// Begins sessions, and knows those that are in force.
pub(crate) struct Sessions {
    keys: Keys,
    runtime: Runtime,
    /// Stands for the session of callers that need none; drawn when it is needed first.
    local: OnceLock<[u8; 16]>,
    secure: bool,
}

/// A person at a browser.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    id: [u8; 16],
    /// Who it is.
    pub caller: Caller,
    /// When they must log in again; none: never.
    pub ends: Option<Timestamp>,
    /// Whether they came by way of a provider.
    pub signed_on: bool,
}

/// A login at a provider, kept by the browser that began it until it comes back.
#[derive(Serialize, Deserialize)]
pub(crate) struct Begun {
    /// What must be known again.
    pub pending: Pending,
    /// The page that was wanted.
    pub next: String,
    /// When it is too late, in seconds since 1970.
    ends: i64,
}

impl Session {
    /// What each form of the session's pages carries, and no other page can know.
    pub fn stamp(&self) -> String {
        let digest = Sha256::new().chain_update(b"oncepost form").chain_update(self.id).finalize();
        BASE64_URL_SAFE_NO_PAD.encode(digest)
    }

    /// Whether a form is of this session's pages. Compared in a time that tells nothing.
    pub fn has_stamped(&self, given: &str) -> bool {
        let [own, given] = [self.stamp().as_str(), given].map(Sha256::digest);
        own.iter().zip(&given).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

impl Sessions {
    /// Sessions sealed by the vault's keys. Without such, by one that is this process's own: they end with it.
    pub fn new(keys: &Keys, runtime: &Runtime, public: Option<&Url>) -> Self {
        let own = || Keys::read([("process", Keys::make(runtime).as_str())]).unwrap_or_default();
        Self {
            keys: if keys.can_seal() { keys.clone() } else { own() },
            runtime: runtime.clone(),
            local: OnceLock::new(),
            secure: public.is_some_and(|url| url.scheme() == "https"),
        }
    }

    /// A new session of whoever has `token`, as a `Set-Cookie`. Each has an id of its own: what a browser had before is not gone on with.
    pub fn begin(&self, token: &Token) -> Option<HeaderValue> {
        let id = self.runtime.bytes();
        self.begun(&id, &tie(TOKEN, &id, token.digest()), "")
    }

    /// A new session of the person `name`, who was let in by `grant`, as a `Set-Cookie`.
    pub fn begin_for(&self, name: &str, grant: &Grant) -> Option<HeaderValue> {
        let id = self.runtime.bytes();
        self.begun(&id, &tie(PERSON, &id, grant.digest()), name)
    }

    fn begun(&self, id: &[u8; 16], tied: &[u8; 32], name: &str) -> Option<HeaderValue> {
        let ends = self.runtime.now().saturating_add(LIFE).ok()?;
        let text = [id.as_slice(), &ends.as_second().to_be_bytes(), tied, name.as_bytes()].concat();
        self.sealed(SESSION, self.name(), &text, LIFE)
    }

    /// The session that a request belongs to, if it is in force and what it was begun with is still one of `tokens` or `grants`.
    pub fn find(&self, headers: &HeaderMap, tokens: &[Token], grants: &[Grant]) -> Option<Session> {
        let text = self.opened(SESSION, headers, self.name())?;
        let (id, rest) = text.split_first_chunk::<16>()?;
        let (ends, rest) = rest.split_first_chunk::<8>()?;
        let (tied, name) = rest.split_first_chunk::<32>()?;
        let ends = Timestamp::from_second(i64::from_be_bytes(*ends)).ok()?;
        let name = std::str::from_utf8(name).ok()?;
        let token = tokens.iter().find(|token| tie(TOKEN, id, token.digest()) == *tied).map(Token::caller);
        let person = || grants.iter().find(|grant| tie(PERSON, id, grant.digest()) == *tied);
        let (caller, signed_on) = match token {
            Some(caller) => (caller, false),
            None => (person()?.caller(name), true),
        };
        (self.runtime.now() < ends).then_some(Session { id: *id, caller, ends: Some(ends), signed_on })
    }

    /// Has the browser keep a login that was begun, and the page that was wanted.
    pub fn hold(&self, pending: Pending, next: &str) -> Option<HeaderValue> {
        let ends = self.runtime.now().saturating_add(LOGIN_LIFE).ok()?.as_second();
        let text = serde_json::to_vec(&Begun { pending, next: next.to_owned(), ends }).ok()?;
        self.sealed(LOGIN, self.login(), &text, LOGIN_LIFE)
    }

    /// The login that this browser has begun, if there is still time for it.
    pub fn held(&self, headers: &HeaderMap) -> Option<Begun> {
        let text = self.opened(LOGIN, headers, self.login())?;
        let begun: Begun = serde_json::from_slice(&text).ok()?;
        (self.runtime.now().as_second() < begun.ends).then_some(begun)
    }

    /// Forgets the login that was begun.
    pub fn let_go(&self) -> Option<HeaderValue> {
        self.cookie(self.login(), "", Duration::ZERO)
    }

    /// The session of callers on this machine, where nobody has to log in.
    pub fn local(&self, caller: Caller) -> Session {
        Session { id: *self.local.get_or_init(|| self.runtime.bytes()), caller, ends: None, signed_on: false }
    }

    /// Forgets the session in the browser.
    pub fn end(&self) -> Option<HeaderValue> {
        self.cookie(self.name(), "", Duration::ZERO)
    }

    /// Hands `text` to the next page of the session.
    pub fn leave(&self, session: &Session, text: &str) -> Option<HeaderValue> {
        let text: String = text.chars().take(LONGEST_NOTE).collect();
        self.sealed(&noted(session), self.note(), text.as_bytes(), Duration::from_secs(60))
    }

    /// What the last page has left for this one.
    pub fn left(&self, session: &Session, headers: &HeaderMap) -> Option<String> {
        String::from_utf8(self.opened(&noted(session), headers, self.note())?).ok()
    }

    /// Takes away what was left.
    pub fn taken(&self) -> Option<HeaderValue> {
        self.cookie(self.note(), "", Duration::ZERO)
    }

    fn name(&self) -> &'static str {
        if self.secure { "__Host-oncepost" } else { "oncepost" }
    }

    fn note(&self) -> &'static str {
        if self.secure { "__Host-oncepost-note" } else { "oncepost-note" }
    }

    fn login(&self) -> &'static str {
        if self.secure { "__Host-oncepost-login" } else { "oncepost-login" }
    }

    /// A cookie that holds `text` sealed for one purpose.
    fn sealed(&self, purpose: &str, name: &str, text: &[u8], life: Duration) -> Option<HeaderValue> {
        let sealed = self.keys.seal(purpose, text, &self.runtime).ok()?;
        self.cookie(name, &BASE64_URL_SAFE_NO_PAD.encode(sealed), life)
    }

    fn opened(&self, purpose: &str, headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(cookie(headers, name)?).ok()?;
        Some(self.keys.open(purpose, &sealed).ok()?.to_vec())
    }

    /// `Lax` and not `Strict`, so that a link in an alert opens the page it names, and a provider sends people back as those who left. What it opens changes nothing: every change is a POST
    /// with the session's stamp.
    fn cookie(&self, name: &str, value: &str, life: Duration) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", life.as_secs());
        HeaderValue::from_str(&text).ok()
    }
}

const TOKEN: &[u8] = b"oncepost session";
const PERSON: &[u8] = b"oncepost person";

/// Ties a session to what it was begun with.
fn tie(kind: &[u8], id: &[u8; 16], digest: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update(kind).chain_update(id).chain_update(digest).finalize().into()
}

fn noted(session: &Session) -> String {
    format!("{NOTE} {}", session.stamp())
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use settings::Role;

    use super::*;
    use crate::access::grants;

    const NOON: &str = "2026-06-01T12:00:00Z";

    fn runtime() -> Runtime {
        Runtime::simulated(7, NOON.parse().unwrap())
    }

    fn keys() -> Keys {
        Keys::read([("k", Keys::make(&Runtime::system()).as_str())]).unwrap()
    }

    fn headers(set: &HeaderValue) -> HeaderMap {
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        [(header::COOKIE, HeaderValue::from_str(&format!("other=1; {pair}")).unwrap())].into_iter().collect()
    }

    fn tokens() -> [Token; 2] {
        [Token::new("olga", Role::Admin, None, "one"), Token::new("acme", Role::Admin, "acme".parse().ok(), "two")]
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_known_to_each_process_with_the_keys_until_it_ends_or_its_token_goes() {
        let (keys, runtime, tokens) = (keys(), runtime(), tokens());
        let begun = Sessions::new(&keys, &runtime, None).begin(&tokens[1]).unwrap();
        let there = Sessions::new(&keys, &runtime, None);
        let found = there.find(&headers(&begun), &tokens, &[]).unwrap();
        assert_eq!(found.caller, tokens[1].caller());
        assert!(there.find(&headers(&begun), &tokens[..1], &[]).is_none(), "its token was taken out of the settings");
        let renamed = [Token::new("acme", Role::Admin, "acme".parse().ok(), "another secret")];
        assert!(there.find(&headers(&begun), &renamed, &[]).is_none(), "its token has a new secret");
        let strangers = Sessions::new(&self::keys(), &runtime, None);
        assert!(strangers.find(&headers(&begun), &tokens, &[]).is_none(), "sealed by other keys");
        runtime.sleep(LIFE - Duration::from_secs(1)).await;
        assert!(there.find(&headers(&begun), &tokens, &[]).is_some());
        runtime.sleep(Duration::from_secs(1)).await;
        assert!(there.find(&headers(&begun), &tokens, &[]).is_none(), "it has ended");
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_is_let_in_by_a_rule_as_long_as_it_stands_and_no_longer_than_a_shift() {
        let (keys, runtime) = (keys(), runtime());
        let rules = [("groups", "ops", Role::Operator), ("groups", "all", Role::Viewer)];
        let sessions = Sessions::new(&keys, &runtime, None);
        let begun = headers(&sessions.begin_for("anna@acme.example", &grants(&rules)[0]).unwrap());
        let found = sessions.find(&begun, &tokens(), &grants(&rules)).unwrap();
        assert_eq!((found.caller, found.signed_on), (Caller::new("anna@acme.example", Role::Operator, None), true));
        assert!(sessions.find(&begun, &tokens(), &grants(&rules[1..])).is_none(), "the rule was taken out");
        let lower = [("groups", "ops", Role::Viewer)];
        assert!(sessions.find(&begun, &tokens(), &grants(&lower)).is_none(), "the rule gives another role");
        runtime.sleep(LIFE).await;
        assert!(sessions.find(&begun, &tokens(), &grants(&rules)).is_none(), "it has ended");
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_that_was_begun_is_good_for_ten_minutes_and_for_nothing_else() {
        let (keys, runtime) = (keys(), runtime());
        let sessions = Sessions::new(&keys, &runtime, None);
        let pending =
            || serde_json::from_value(serde_json::json!({"state": "s", "nonce": "n", "verifier": "v"})).unwrap();
        let set = sessions.hold(pending(), "/posts").unwrap();
        let text = set.to_str().unwrap();
        assert!(text.starts_with("oncepost-login=") && text.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"));
        let begun = sessions.held(&headers(&set)).unwrap();
        assert!(begun.pending.is_of("s") && begun.next == "/posts");
        let as_session: HeaderMap =
            [(header::COOKIE, text.replace("oncepost-login=", "oncepost=").parse().unwrap())].into_iter().collect();
        assert!(sessions.find(&as_session, &tokens(), &[]).is_none(), "it is no session");
        let session = sessions.begin(&tokens()[0]).unwrap().to_str().unwrap().replace("oncepost=", "oncepost-login=");
        assert!(sessions.held(&[(header::COOKIE, session.parse().unwrap())].into_iter().collect()).is_none());
        runtime.sleep(LOGIN_LIFE).await;
        assert!(sessions.held(&headers(&set)).is_none(), "too late");
        let https = Sessions::new(&keys, &runtime, "https://console.example".parse().ok().as_ref());
        let set = https.hold(pending(), "/").unwrap();
        assert!(
            set.to_str().unwrap().starts_with("__Host-oncepost-login=") && set.to_str().unwrap().ends_with("; Secure")
        );
    }

    #[test]
    fn each_login_begins_a_session_of_its_own() {
        let (keys, runtime, tokens) = (keys(), runtime(), tokens());
        let sessions = Sessions::new(&keys, &runtime, None);
        let [one, two] = [0, 1].map(|_| sessions.begin(&tokens[0]).unwrap());
        let [one, two] = [one, two].map(|set| sessions.find(&headers(&set), &tokens, &[]).unwrap());
        assert_ne!(one.stamp(), two.stamp());
        assert!(one.has_stamped(&one.stamp()) && !one.has_stamped(&two.stamp()) && !one.has_stamped(""));
    }

    #[test]
    fn a_note_is_for_the_session_that_it_was_left_for() {
        let (keys, runtime, tokens) = (keys(), runtime(), tokens());
        let sessions = Sessions::new(&keys, &runtime, None);
        let session = |n: usize| sessions.find(&headers(&sessions.begin(&tokens[n]).unwrap()), &tokens, &[]).unwrap();
        let (one, two) = (session(0), session(1));
        let left = headers(&sessions.leave(&one, "done").unwrap());
        assert_eq!(sessions.left(&one, &left).as_deref(), Some("done"));
        assert_eq!(sessions.left(&two, &left), None);
    }

    #[test]
    fn a_cookie_is_out_of_reach_for_scripts_and_other_sites() {
        let (keys, runtime, tokens) = (keys(), runtime(), tokens());
        let set = |public: &str| {
            let sessions = Sessions::new(&keys, &runtime, public.parse().ok().as_ref());
            sessions.begin(&tokens[0]).unwrap().to_str().unwrap().to_owned()
        };
        let open = set("http://console.example");
        assert!(open.starts_with("oncepost=") && open.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"));
        let closed = set("https://console.example");
        assert!(closed.starts_with("__Host-oncepost=") && closed.ends_with("; HttpOnly; SameSite=Lax; Secure"));
        assert!(!open.contains("one;") && !open.contains("olga"));
    }
}
