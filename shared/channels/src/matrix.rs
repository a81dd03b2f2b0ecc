//! Publishes to a room of a Matrix server.
//!
//! A server gives whoever repeats a transaction the event that it made already; but it remembers that for one login only, and for a
//! while. So each event bears a mark of ours, by which every repeat looks for it first, and by which it is found later on.

mod event;
mod look;
mod media;
mod room;
mod tokens;

use std::{collections::HashMap, sync::Mutex, time::Duration};

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Landed, LookUp, PlatformWords, Receipt, RepeatSafety, Scope, Worth};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use url::Url;

use crate::{
    About, Account, AccountCard, Answer, Call, Channel, Count, Http, Known, Limits, Listed, Mark, Objection, Offers,
    Published, Row, Standing, Table, Takes, Threads, Tokens, Told, Unit, Wording, address::Address,
};
use event::Event;
use room::Login;

/// The publish point.
const SEND: &str = "send event";
const UPLOAD: &str = "upload media";
const RESOLVE: &str = "resolve alias";
const REFRESH: &str = "refresh token";
const TOKEN: &str = "access_token";
const VERSION: &str = "v3";
/// How long a server surely remembers a transaction. Synapse keeps it for a day, others for half an hour and in memory only.
const KEPT_FOR: Duration = Duration::from_secs(30 * 60);
const LOOK_UP: LookUp = LookUp {
    // Longer than a server works on a request: a repeat that overtakes the first may make a second event.
    settles_after: Duration::from_secs(75),
    sure_after: Duration::from_secs(5 * 60),
};
const MOST_PARTS: u16 = 50;
const MOST_MEDIA: usize = 20;
/// A server takes an event of 65,536 bytes, with all that it adds. The text alone may have this much of them as JSON.
const MOST_CONTENT: usize = 60_000;
const TEXT: Count = Count::new(Unit::Bytes, MOST_CONTENT);
/// What a post may say of itself, and the values.
const CHOICES: [(&str, &[&str]); 2] = [("format", &["plain", "html"]), ("threads", &["thread", "replies"])];

const fn restricted(code: &'static str) -> Row {
    Row::on(403).coded(code).fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account)
}

const OFFERS: Offers = Offers {
    settings: Known::These(&["format", "threads"]),
    account_settings: &["api_version", "insecure"],
    ..Offers::media(MOST_MEDIA, MOST_MEDIA)
};

/// What a server's answers mean. The code of a refused token comes with the server's word whether a renewal helps.
pub static TABLE: Table = Table {
    code_at: &["/errcode /soft_logout"],
    text_at: &["/error"],
    told: &[Told::RetryAfter, Told::BodyMillis("/retry_after_ms")],
    rows: &[
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(401).at(REFRESH).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(403).at(REFRESH).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(401).coded("M_UNKNOWN_TOKEN/true").fix(Code::TOKEN_EXPIRED, Scope::Account, Fix::Reconnect),
        Row::on(401).coded("M_UNKNOWN_TOKEN/").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(401).coded("M_MISSING_TOKEN").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(401).coded("M_USER_LOCKED/").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        restricted("M_USER_DEACTIVATED"),
        restricted("M_USER_SUSPENDED"),
        restricted("M_CONSENT_NOT_GIVEN"),
        restricted("M_RESOURCE_LIMIT_EXCEEDED"),
        Row::on(403).coded("M_GUEST_ACCESS_FORBIDDEN").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(403).coded("M_FORBIDDEN").at(SEND).saying("spam").never(Code::CONTENT_REFUSED),
        Row::on(403).coded("M_FORBIDDEN").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(404).coded("M_NOT_FOUND").fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup),
        Row::on(400).coded("M_INVALID_PARAM").at(RESOLVE).fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup),
        Row::on(4).coded("M_UNRECOGNIZED").fix(Code::APP_MISCONFIGURED, Scope::Account, Fix::Setup),
        Row::on(413).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(413).never(Code::CONTENT_REFUSED),
        Row::on(400).coded("M_UNKNOWN").saying("threads from an event").never(Code::REFERENCE_GONE),
        Row::on(400).coded("M_UNKNOWN").saying("not in content").never(Code::CONTENT_REFUSED),
        Row::on(400).coded("M_BAD_JSON").never(Code::CONTENT_REFUSED),
        Row::on(400).coded("M_NOT_JSON").never(Code::CONTENT_REFUSED),
    ],
};

/// Matrix.
pub struct Matrix {
    http: Http,
    about: About,
    /// Whose tokens are, by the fingerprint of the account's credentials.
    logins: Mutex<HashMap<[u8; 32], Login>>,
}

impl Matrix {
    /// The channel's name.
    pub const NAME: &str = "matrix";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Matrix",
            repeat: RepeatSafety::PlatformKey {
                kept_for: KEPT_FOR,
                settles_after: LOOK_UP.settles_after,
                afterwards: Some(LOOK_UP),
            },
            limits: Limits { text: &[TEXT], media: MOST_MEDIA, takes: Takes::ANY },
            threads: Threads::PerPart(MOST_PARTS),
            offers: OFFERS,
            server: None,
            secrets: &[TOKEN],
            settings: &[room::ROOM],
            tokens: tokens::LIFE,
            arms: None,
            oauth: None,
        };
        Self { http, about, logins: Mutex::default() }
    }

    /// A request to the client API, below its version.
    fn request(&self, method: Method, account: &Account, path: &[&str]) -> Result<RequestBuilder, Failure> {
        let version = account.setting("api_version").unwrap_or(VERSION);
        self.bare(method, account, &[&["client", version], path].concat())
    }

    fn bare(&self, method: Method, account: &Account, path: &[&str]) -> Result<RequestBuilder, Failure> {
        let token = account.secret(TOKEN)?;
        Ok(self.http.request(method, address(account, path)).bearer_auth(token.reveal()))
    }

    async fn ask<T: for<'a> Deserialize<'a>>(
        &self,
        step: &'static str,
        account: &Account,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let answer = self.http.free(step, request).await?;
        answer.json().filter(|_| answer.is_success()).ok_or_else(|| TABLE.judge(&answer, account))
    }

    async fn publish_event(&self, call: &mut Call<'_>, number: u16, event: &Event) -> Result<Receipt, Failure> {
        let account = call.account;
        let room = self.room(call).await?;
        let device = format!("device.{number}");
        let login = self.login(account).await?;
        if call.is_repeat(number) {
            if let Finding::Found(receipt) = self.look(&call.mark(number)).await? {
                return Ok(receipt);
            }
            // Another login's transaction is another transaction: here the same call would make a second event.
            if login.device.is_empty() || call.handle(&device) != Some(&login.device) {
                return Err(logged_in_anew());
            }
        }
        let media = self.upload(call, number, event).await?;
        let content = event.content(call, number, media.as_ref());
        if call.handle(&device) != Some(&login.device) {
            call.keep(&device, &login.device).await?;
        }
        let key = call.key(number);
        let path = ["rooms", room.as_str(), "send", "m.room.message", key.as_str()];
        let request = self.request(Method::PUT, account, &path)?.json(&content);
        let point = call.publish_point(SEND, number).await?;
        let answer = self.http.publish(point, request).await?;
        made(&answer).map(|id| receipt(&room, id)).ok_or_else(|| TABLE.judge(&answer, account))
    }
}

#[async_trait]
impl Channel for Matrix {
    fn about(&self) -> &About {
        &self.about
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = self.about.limits.check(draft, MOST_PARTS);
        for (name, known) in CHOICES {
            let value = draft.0.settings.get(name).map(String::as_str);
            if value.is_some_and(|value| !known.contains(&value)) {
                let message = format!("the value of \"{name}\" is none that this channel knows");
                let remedy = format!("use {}", known.join(" or "));
                objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
            }
        }
        let longest =
            event::events(draft).iter().map(|event| event.words().to_string().len()).max().unwrap_or_default();
        if longest > MOST_CONTENT && objections.is_empty() {
            let message = format!("written as an event the text has {longest} bytes; the channel takes {MOST_CONTENT}");
            objections.push(Objection::new("text", Code::TEXT_TOO_LONG, message, "shorten it, or make it a thread"));
        }
        objections
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        let events = event::events(call.draft);
        let next = usize::from(call.next_part());
        if next < events.len() {
            let room = self.room(call).await?;
            self.refuse_encrypted(call.account, &room).await?;
        }
        for (number, event) in (0_u16..).zip(&events).skip(next) {
            let receipt = self.publish_event(call, number, event).await?;
            call.out(number, receipt).await?;
        }
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        self.look(mark).await
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        self.listed(account, since).await
    }

    /// The name of a file without words is made up: it tells nothing.
    fn wording(&self, draft: &Draft, _account: &Account, part: u16) -> Wording {
        event::events(draft).get(usize::from(part)).map(|event| Wording::of(&event.body())).unwrap_or_default()
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        self.standing(account).await
    }

    fn can_renew(&self, account: &Account) -> bool {
        tokens::can_renew(account)
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        account.check_transport()?;
        self.renew(account).await
    }

    /// An event holds one file: each picture after a part's first is an event of its own.
    fn parts(&self, draft: &Draft) -> u16 {
        u16::try_from(event::events(draft).len()).unwrap_or(u16::MAX)
    }

    /// Addresses name the room and the event behind their `#`.
    fn id_in(&self, address: &str) -> Option<String> {
        let place = Address::read(address)?.fragment()?;
        let (_, event) = place.split_once("/$")?;
        let id = event.split('?').next().filter(|id| !id.is_empty())?;
        Some(format!("${id}"))
    }

    fn is_foreign(&self, address: &str) -> bool {
        self.id_in(address).is_none()
    }

    /// A room has one id, and any number of aliases.
    fn places(&self, post: &Receipt) -> Vec<String> {
        let place =
            post.url.as_deref().and_then(Address::read).and_then(|address| address.fragment()).unwrap_or_default();
        let named = place.trim_start_matches('/').split('/').next().filter(|room| room.starts_with('!'));
        named.map(str::to_owned).into_iter().collect()
    }

    fn place_of(&self, card: &AccountCard) -> Option<String> {
        card.setting(room::ROOM).filter(|room| room.starts_with('!')).map(str::to_owned)
    }
}

/// An address of the server: room ids, aliases and keys stand in it as they are, and are written so that they stay one segment each.
fn address(account: &Account, path: &[&str]) -> Url {
    let mut url = account.url("_matrix");
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(path);
    }
    url
}

/// The event that was made, if the answer says so.
fn made(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Made {
        event_id: String,
    }
    let made: Made = answer.json().filter(|_| answer.is_success())?;
    made.event_id.starts_with('$').then_some(made.event_id)
}

fn receipt(room: &str, id: String) -> Receipt {
    Receipt { url: Some(format!("https://matrix.to/#/{room}/{id}")), id }
}

/// Surely not sent, and not to be sent like this: only a look tells what became of the first call.
fn logged_in_anew() -> Failure {
    Failure {
        code: Code::LOOK_FAILED,
        landed: Landed::No,
        worth: Worth::Never,
        scope: Scope::Post,
        step: SEND.into(),
        said: PlatformWords::text("the account has been logged in anew since the first call, so its key does not hold"),
    }
}
