//! Publishes notes to Nostr relays.
//!
//! An event's id is the hash of what it says, so a note is signed once, and the signed event is kept before it is used: whoever gets it
//! again has it already. Several relays are given it at once, and it is out when as many have it as the account wants.

mod account;
mod event;
mod message;
mod quorum;
mod relay;

use std::time::Duration;

use ::nostr::{event::Event, key::Keys, nips::nip19::ToBech32};
use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Landed, LookUp, Part, Receipt, RepeatSafety, Scope};
use futures::future::join_all;
use reqwest::{Method, header::ACCEPT};
use serde_json::Value;
use url::Url;

use crate::{
    About, Account, AccountCard, Call, Channel, Count, Http, Known, Limits, Mark, Objection, Offers, Published, Row,
    Standing, Table, Takes, Threads, TokenLife, Unit, limits,
    media::{named, public},
    text,
};
use account::{over_http, relays, wanted};
use event::Shown;
use relay::Relay;

/// The publish point.
const SEND: &str = "send event";
const ASK: &str = "ask for event";
const ABOUT: &str = "read relay";
const SECRET: &str = "secret_key";
/// An id is a hash: it means the same event for ever.
const KEPT_FOR: Duration = Duration::from_secs(10 * 365 * 86_400);
const LOOK_UP: LookUp = LookUp { settles_after: Duration::from_secs(10), sure_after: Duration::from_secs(60) };
const MOST_PARTS: u16 = 50;
const MOST_MEDIA: usize = 20;
/// What a relay takes is its own choice: most take events of 64 KiB, some far less.
const TEXT: Count = Count::new(Unit::Bytes, 48_000);

const OFFERS: Offers = Offers {
    settings: Known::These(&["content_warning"]),
    account_settings: &["relays", "quorum", "insecure"],
    ..Offers::media(MOST_MEDIA, MOST_MEDIA)
};

/// What relays' refusals mean. Their code is the word before the colon.
pub static TABLE: Table = Table {
    code_at: &["/code"],
    text_at: &["/text"],
    told: &[],
    rows: &[
        Row::on(0).coded("rate-limited").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(0).coded("auth-required").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(0).coded("restricted").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(0).coded("blocked").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(0).coded("pow").fix(Code::APP_MISCONFIGURED, Scope::Account, Fix::Setup),
        // The event was signed long ago: a new one is made, if it surely is nowhere.
        Row::on(0).coded("invalid").saying("too old").retry(Code::CONTENT_REFUSED, Scope::Post),
        Row::on(0).coded("invalid").never(Code::CONTENT_REFUSED),
        // Something went wrong with the relay, and nobody says when.
        Row::on(0).coded("error").in_doubt().retry(Code::OUT_OF_ORDER, Scope::Channel),
    ],
};

/// Nostr.
pub struct Nostr {
    http: Http,
    about: About,
}

impl Nostr {
    /// The channel's name.
    pub const NAME: &str = "nostr";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Nostr",
            repeat: RepeatSafety::PlatformKey {
                kept_for: KEPT_FOR,
                settles_after: LOOK_UP.settles_after,
                afterwards: Some(LOOK_UP),
            },
            limits: Limits { text: &[TEXT], media: MOST_MEDIA, takes: Takes::ANY },
            threads: Threads::PerPart(MOST_PARTS),
            offers: OFFERS,
            server: None,
            secrets: &[SECRET],
            settings: &[],
            tokens: TokenLife::Lasting,
            arms: None,
            oauth: None,
        };
        Self { http, about }
    }

    async fn publish_part(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Receipt, Failure> {
        let account = call.account;
        let (keys, relays) = (event::keys(account)?, relays(account)?);
        let wanted = wanted(account, relays.len());
        let (event, json) = self.signed(call, number, part, &relays).await?;
        let connected = self.connect(SEND, account, &keys, &relays).await;
        let reached = connected.iter().filter(|(_, relay)| relay.is_ok()).count();
        let unreached = connected.iter().find_map(|(_, relay)| relay.as_ref().err());
        // Too few can be reached: better nowhere than in too few places.
        if let Some(failure) = unreached.filter(|_| reached < wanted) {
            return Err(failure.clone());
        }
        let point = call.publish_point(SEND, number).await?;
        let answered = self.http.over_sockets(point, async {
            join_all(connected.into_iter().map(async |(url, relay)| match relay {
                Ok(mut relay) => (url, relay.offer(&event, &json).await),
                Err(failure) => (url, Err(failure)),
            }))
            .await
        });
        let verdict = quorum::verdict(answered.await, wanted);
        if let Err(failure) = &verdict
            && is_too_old(failure)
            && !call.is_repeat(number)
        {
            call.forget(&handle(number)).await?;
        }
        verdict.map(|()| event::receipt(event.id))
    }

    /// The part's event: signed once, stored, the same on every try.
    async fn signed(
        &self,
        call: &mut Call<'_>,
        number: u16,
        part: &Part,
        relays: &[Url],
    ) -> Result<(Event, String), Failure> {
        let handle = handle(number);
        if let Some(kept) = call.handle(&handle)
            && let Ok(event) = serde_json::from_str(kept)
        {
            return Ok((event, kept.to_owned()));
        }
        let mut files = Vec::new();
        for media in &part.media {
            files.push(self.shown(call.draft, media).await?);
        }
        let hint = relays.first().unwrap_or(&call.account.base_url);
        let event = event::note(call, number, part, &files, hint)?;
        let json = serde_json::to_string(&event).map_err(|error| {
            Failure::system(Code::OWN_HICCUP, SEND, format!("the event cannot be written: {error}"))
        })?;
        call.keep(&handle, &json).await?;
        Ok((event, json))
    }

    /// What a note tells of a file. The file stays where it is; that it is there is seen before anybody is told of it.
    async fn shown(&self, draft: &Draft, media: &domain::Media) -> Result<Shown, Failure> {
        let url = public(draft, media)?;
        let file = self.http.media().fetch(url).await.map_err(|failure| named(draft, media, failure))?;
        let pixels = file.picture.map(|picture| (picture.width, picture.height));
        Ok(Shown {
            url: url.to_owned(),
            mime: file.kind.mime,
            sha256: file.sha256.to_string(),
            size: file.size,
            pixels: pixels.or(file.video.map(|video| (video.width, video.height))),
            alt: media.alt.clone(),
        })
    }

    /// Connects to all relays at once.
    async fn connect<'a>(
        &'a self,
        step: &'static str,
        account: &'a Account,
        keys: &'a Keys,
        relays: &'a [Url],
    ) -> Vec<(String, Result<Relay<'a>, Failure>)> {
        join_all(relays.iter().map(async |url| {
            let name = format!("{}{}", url.host_str().unwrap_or_default(), url.path().trim_end_matches('/'));
            (name, Relay::open(step, &self.http, account, keys, url).await)
        }))
        .await
    }
}

#[async_trait]
impl Channel for Nostr {
    fn about(&self) -> &About {
        &self.about
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        account::check(account)
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = self.about.limits.check(draft, MOST_PARTS);
        objections.extend(limits::in_buckets(draft, "who reads the note", |_| true));
        objections
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        let parts = text::parts(call.draft);
        for (number, part) in (0_u16..).zip(&parts).skip(usize::from(call.next_part())) {
            let receipt = self.publish_part(call, number, part).await?;
            call.out(number, receipt).await?;
        }
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        let account = mark.account;
        let (keys, relays) = (event::keys(account)?, relays(account)?);
        let Some(kept) = mark.handle(&handle(mark.part)) else {
            return Ok(Finding::CannotTell("the signed event is not among the handles".into()));
        };
        let Ok(event) = serde_json::from_str::<Event>(kept) else {
            return Ok(Finding::CannotTell("the event among the handles cannot be read".into()));
        };
        let connected = self.connect(ASK, account, &keys, &relays).await;
        let asked = join_all(connected.into_iter().map(async |(_, relay)| relay?.has(event.id).await)).await;
        let have = asked.iter().filter(|has| matches!(has, Ok(true))).count();
        let wanted = wanted(account, relays.len());
        if have >= wanted {
            return Ok(Finding::Found(event::receipt(event.id)));
        }
        if have > 0 {
            let why = format!("{have} of {} relays have it, {wanted} are wanted", relays.len());
            return Ok(Finding::CannotTell(why));
        }
        let failed = asked.into_iter().find_map(Result::err);
        failed.map_or(Ok(Finding::Absent), Err)
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        let (keys, relays) = (event::keys(account)?, relays(account)?);
        let mut standing = Standing::good(keys.public_key().to_bech32().unwrap_or_default());
        for relay in relays {
            let host = relay.host_str().unwrap_or_default().to_owned();
            let request = self.http.request(Method::GET, over_http(relay)).header(ACCEPT, "application/nostr+json");
            let answer = self.http.free(ABOUT, request).await?;
            let about: Value = answer.json().filter(|_| answer.is_success()).unwrap_or_default();
            standing.missing.extend(wants(&about).into_iter().map(|want| format!("{want}, which {host} wants")));
        }
        Ok(standing)
    }

    fn id_in(&self, address: &str) -> Option<String> {
        event::event_id(address).map(|id| id.to_hex())
    }

    fn is_foreign(&self, address: &str) -> bool {
        self.id_in(address).is_none()
    }
}

/// What a relay wants of those who write that we do not do, by what it says of itself.
fn wants(about: &Value) -> Vec<String> {
    let limitation = &about["limitation"];
    let payment = (limitation["payment_required"] == true).then(|| "a payment".to_owned());
    let bits = limitation["min_pow_difficulty"].as_u64().filter(|bits| *bits > 0);
    payment.into_iter().chain(bits.map(|bits| format!("a proof of work of {bits} bits"))).collect()
}

fn handle(number: u16) -> String {
    format!("event.{number}")
}

/// Nowhere, and not to be taken anywhere as it is.
fn is_too_old(failure: &Failure) -> bool {
    failure.landed == Landed::No && failure.code == Code::CONTENT_REFUSED && failure.said.text.contains("too old")
}
