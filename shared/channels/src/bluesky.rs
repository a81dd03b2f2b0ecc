//! Publishes to Bluesky, or any AT Protocol server.
//!
//! We choose each post's record key and time, store both, and write with "only if nothing is there": the same write again changes
//! nothing, and whether a post is out is one question by its key.

mod listing;
mod record;
mod session;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Landed, Part, PlatformWords, RepeatSafety, Scope, Worth};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    About, Account, Answer, Call, Channel, Count, Http, Kind, Known, Limits, Listed, Mark, Objection, Offers,
    Published, Row, Standing, Table, Takes, Threads, TokenLife, Told, Unit,
    address::{Address, name},
    caps, text,
};
use record::{COLLECTION, Place};
use session::Sessions;

const PUT: &str = "put record";
const GET: &str = "get record";
const UPLOAD: &str = "upload blob";
const LOG_IN: &str = "create session";
const WHO: &str = "get session";
const PASSWORD: &str = "app_password";
const MOST_PARTS: u16 = 50;
const TEXT: &[Count] = &[Count::new(Unit::Graphemes, 300), Count::new(Unit::Bytes, 3000)];
const OFFERS: Offers = Offers {
    settings: Known::These(&["language"]),
    account_settings: &["insecure"],
    caps: caps::BLUESKY,
    ..Offers::media(4, 0)
};

const TAKES: &[Takes] = &[Takes::new(Kind::PICTURES, 1_000_000)];

/// What a server's answers mean.
pub static TABLE: Table = Table {
    code_at: &["/error"],
    text_at: &["/message"],
    told: &[Told::RetryAfter, Told::Epoch("ratelimit-reset")],
    rows: &[
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(401).coded("AccountTakedown").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(401).at(LOG_IN).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        // The session is over: a login decides whether the password still works.
        Row::on(401).at(session::RENEW).retry(Code::TOKEN_EXPIRED, Scope::Account),
        // A token of ours has ended: the next session settles whether the account's password still works.
        Row::on(401).coded("AuthMissing").retry(Code::TOKEN_EXPIRED, Scope::Account),
        Row::on(400).coded("ExpiredToken").retry(Code::TOKEN_EXPIRED, Scope::Account),
        Row::on(400).coded("InvalidToken").retry(Code::TOKEN_EXPIRED, Scope::Account),
        // The server measured says 400; a proxy or a later version may say 401. Either way nothing was written.
        Row::on(401).coded("ExpiredToken").retry(Code::TOKEN_EXPIRED, Scope::Account),
        Row::on(401).coded("InvalidToken").retry(Code::TOKEN_EXPIRED, Scope::Account),
        Row::on(403).coded("AccountNotFound").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(400).coded("InvalidSwap").in_doubt().retry(Code::DUPLICATE_REFUSED, Scope::Post),
        Row::on(400).coded("BlobNotFound").retry(Code::MEDIA_NOT_READY, Scope::Post),
        Row::on(400).coded("BlobTooLarge").never(Code::MEDIA_REFUSED),
        Row::on(413).never(Code::MEDIA_REFUSED),
        Row::on(400).coded("RecordNotFound").never(Code::REFERENCE_GONE),
        Row::on(400).coded("InvalidRequest").at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(400).coded("InvalidRequest").at(PUT).never(Code::CONTENT_REFUSED),
    ],
};

/// Bluesky.
pub struct Bluesky {
    http: Http,
    about: About,
    sessions: Sessions,
}

/// Where a written record is, and which version of it.
#[derive(Debug, Clone, Deserialize)]
struct Written {
    uri: String,
    cid: String,
}

/// A record as the server shows it.
#[derive(Deserialize)]
struct Shown {
    uri: String,
    cid: String,
    value: Value,
}

impl Bluesky {
    /// The channel's name.
    pub const NAME: &str = "bluesky";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Bluesky",
            repeat: RepeatSafety::Handle { settles_after: Duration::from_secs(15) },
            limits: Limits { text: TEXT, media: 4, takes: TAKES },
            threads: Threads::PerPart(MOST_PARTS),
            offers: OFFERS,
            server: None,
            secrets: &[PASSWORD],
            settings: &["identifier"],
            tokens: TokenLife::MadeByUs,
            arms: None,
            oauth: None,
        };
        Self { sessions: Sessions::new(http.clone()), http, about }
    }

    /// Calls a free step with the account's token. A token that has ended is renewed once on the way.
    async fn free(
        &self,
        step: &'static str,
        account: &Account,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Answer, Failure> {
        let session = self.sessions.open(account).await?;
        let answer = self.http.free(step, request().bearer_auth(session.access.reveal())).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        let failure = TABLE.judge(&answer, account);
        if failure.code != Code::TOKEN_EXPIRED {
            return Err(failure);
        }
        self.sessions.drop_token(account, &session).await;
        let session = self.sessions.open(account).await?;
        let answer = self.http.free(step, request().bearer_auth(session.access.reveal())).await?;
        if answer.is_success() { Ok(answer) } else { Err(TABLE.judge(&answer, account)) }
    }

    async fn publish_part(
        &self,
        call: &mut Call<'_>,
        number: u16,
        part: &Part,
        before: &[Written],
    ) -> Result<Written, Failure> {
        let account = call.account;
        let place = self.place(call, number).await?;
        let blobs = self.blobs(call, number, part).await?;
        let record = record::post(part, call.draft, &place, &blobs, before);
        // Opened before the publish point, so that a token about to end does not end at it.
        let session = self.sessions.open(account).await?;
        let body = json!({
            "repo": place.repo, "collection": COLLECTION, "rkey": place.key, "record": record, "swapRecord": null,
        });
        let request = self
            .http
            .request(Method::POST, account.url("xrpc/com.atproto.repo.putRecord"))
            .bearer_auth(session.access.reveal())
            .json(&body);
        let point = call.publish_point(PUT, number).await?;
        let answer = self.http.publish(point, request).await?;
        let written: Option<Written> = answer.json().filter(|_| answer.is_success());
        if let Some(written) = written.filter(|written| !written.uri.is_empty() && !written.cid.is_empty()) {
            return Ok(written);
        }
        let failure = TABLE.judge(&answer, account);
        match failure.code {
            Code::TOKEN_EXPIRED => self.sessions.drop_token(account, &session).await,
            Code::MEDIA_NOT_READY => self.forget_blobs(call, number, part).await?,
            _ => {}
        }
        Err(failure)
    }

    /// Where the part's record goes: chosen once, stored, the same on every try.
    async fn place(&self, call: &mut Call<'_>, number: u16) -> Result<Place, Failure> {
        let handle = Place::handle(number);
        if let Some(place) = call.handle(&handle).and_then(Place::read) {
            return Ok(place);
        }
        let session = self.sessions.open(call.account).await?;
        let place = Place::choose(&session.did, call.target.id, number, call.now);
        call.keep(&handle, &place.to_string()).await?;
        Ok(place)
    }

    async fn blobs(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Vec<Value>, Failure> {
        let mut blobs = Vec::new();
        for (n, media) in part.media.iter().enumerate() {
            let handle = format!("blob.{number}.{n}");
            if let Some(blob) = call.handle(&handle).and_then(|blob| serde_json::from_str(blob).ok()) {
                blobs.push(blob);
                continue;
            }
            let file = self.http.media().open(call, media, self.about.limits.takes).await?;
            let url = call.account.url("xrpc/com.atproto.repo.uploadBlob");
            let request = || {
                let request = self.http.request(Method::POST, url.clone());
                request.header("content-type", file.kind.mime).body(file.body())
            };
            let answer = self.free(UPLOAD, call.account, request).await?;
            let blob = answer.json::<Value>().and_then(|body| body.get("blob").cloned()).filter(Value::is_object);
            let blob = blob.ok_or_else(|| TABLE.judge(&answer, call.account))?;
            call.keep(&handle, &blob.to_string()).await?;
            blobs.push(blob);
        }
        Ok(blobs)
    }

    /// The server has thrown the pictures away; the next try uploads them again.
    async fn forget_blobs(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<(), Failure> {
        for n in 0..part.media.len() {
            call.forget(&format!("blob.{number}.{n}")).await?;
        }
        Ok(())
    }

    /// Reads a record. Needs no login. `None`: there is none.
    async fn read(&self, account: &Account, place: &Place) -> Result<Option<Shown>, Failure> {
        let request = self.http.request(Method::GET, account.url("xrpc/com.atproto.repo.getRecord")).query(&[
            ("repo", place.repo.as_str()),
            ("collection", COLLECTION),
            ("rkey", place.key.as_str()),
        ]);
        let answer = self.http.free(GET, request).await?;
        if let Some(shown) = answer.json().filter(|_| answer.is_success()) {
            return Ok(Some(shown));
        }
        let failure = TABLE.judge(&answer, account);
        if failure.code == Code::REFERENCE_GONE { Ok(None) } else { Err(failure) }
    }

    /// The parts that are out already, with the versions that replies must name.
    async fn predecessors(&self, call: &Call<'_>) -> Result<Vec<Written>, Failure> {
        let mut before = Vec::new();
        for number in 0..call.next_part() {
            let Some(receipt) = call.receipt(number) else { break };
            let place = Place::of_uri(&receipt.id).ok_or_else(|| record::gone(&receipt.id))?;
            let shown = self.read(call.account, &place).await?.ok_or_else(|| record::gone(&receipt.id))?;
            before.push(Written { uri: shown.uri, cid: shown.cid });
        }
        Ok(before)
    }
}

#[async_trait]
impl Channel for Bluesky {
    fn about(&self) -> &About {
        &self.about
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        self.about.limits.check(draft, MOST_PARTS)
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        let parts = text::parts(call.draft);
        let next = usize::from(call.next_part());
        let mut before = if next < parts.len() { self.predecessors(call).await? } else { Vec::new() };
        for (number, part) in (0_u16..).zip(&parts).skip(next) {
            let written = self.publish_part(call, number, part, &before).await?;
            call.out(number, record::receipt(&written.uri)).await?;
            before.push(written);
        }
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        let Some(place) = mark.handle(&Place::handle(mark.part)).and_then(Place::read) else {
            return Ok(Finding::CannotTell("the record key is not among the handles".into()));
        };
        let Some(shown) = self.read(mark.account, &place).await? else { return Ok(Finding::Absent) };
        let part = text::parts(mark.draft).into_iter().nth(usize::from(mark.part)).unwrap_or_default();
        let is_ours = shown.value["text"] == part.text.as_str() && shown.value["createdAt"] == place.created.as_str();
        if !is_ours {
            return Ok(Finding::CannotTell("there is another post under our record key".into()));
        }
        Ok(Finding::Found(record::receipt(&shown.uri)))
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        self.listed(account, since).await
    }

    /// Logs in, if need be, and asks whose session it is and whether the account is in use.
    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        let url = account.url("xrpc/com.atproto.server.getSession");
        let answer = self.free(WHO, account, || self.http.request(Method::GET, url.clone())).await?;
        let person: Option<Person> = answer.json();
        let person = person.ok_or_else(|| TABLE.judge(&answer, account))?;
        if person.active == Some(false) { Err(inactive(person.status)) } else { Ok(Standing::good(person.handle)) }
    }

    /// The account may be named by its handle: servers take it in place of the permanent id.
    fn id_in(&self, address: &str) -> Option<String> {
        let address = Address::read(address)?;
        match address.path().as_slice() {
            ["profile", account, "post", key, ..] => Some(format!("at://{account}/{COLLECTION}/{}", name(key)?)),
            _ => None,
        }
    }

    fn is_foreign(&self, address: &str) -> bool {
        self.id_in(address).is_none()
    }

    /// An account's DID does not tell its handle.
    fn account_in(&self, address: &str) -> Option<String> {
        let address = Address::read(address)?;
        address.behind("profile").filter(|named| !named.starts_with("did:")).map(str::to_owned)
    }
}

/// What we read of a session.
#[derive(Deserialize)]
struct Person {
    handle: String,
    active: Option<bool>,
    status: Option<String>,
}

/// One can log in to an account that is switched off, but not write.
fn inactive(status: Option<String>) -> Failure {
    let said = format!("the account is {}", status.as_deref().unwrap_or("not active"));
    Failure {
        code: Code::ACCOUNT_RESTRICTED,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Account },
        scope: Scope::Account,
        step: WHO.into(),
        said: PlatformWords { code: status, ..PlatformWords::text(said) },
    }
}
