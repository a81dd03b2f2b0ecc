//! Publishes to Mastodon and servers that speak its API.
//!
//! The server remembers an `Idempotency-Key` for an hour. It writes the key only after the post is stored, so a repeat waits until
//! the first call is surely over, and looks for the post before it sends: a server that died in between has the post, not the key.
//! For a server that speaks the API and ignores the key only the look counts: the account says so.

mod look;
mod media;
mod standing;

use std::{collections::HashMap, sync::Mutex, time::Duration};

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, LookUp, Part, Receipt, RepeatSafety, Scope};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::json;

use crate::{
    About, Account, AccountCard, Call, Channel, Count, ExchangeAsk, Granted, Http, Known, Limits, Listed, Mark,
    Objection, Offers, Published, Row, Safety, Standing, Table, Takes, Threads, TokenLife, Told, Unit, Variant,
    address::{Address, name},
    caps,
    limits::videos_in_company,
    oauth::{self, servers},
    text,
};

const CREATE: &str = "create status";
const UPLOAD: &str = "upload media";
const AWAIT: &str = "await media";
const TOKEN: &str = "access_token";
/// The setting that says what the server does with an idempotency key, and its values.
const KEY: &str = "idempotency_key";
const HONOURED: &str = "honoured";
const IGNORED: &str = "ignored";
/// How long a server remembers a key.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);
const LOOK_UP: LookUp = LookUp {
    // Longer than a server works on a request: a repeat that overtakes the first makes a second post.
    settles_after: Duration::from_secs(75),
    // Listings lag.
    sure_after: Duration::from_secs(5 * 60),
};
const MOST_PARTS: u16 = 50;
const VISIBILITIES: [&str; 4] = ["public", "unlisted", "private", "direct"];
const TEXT: Count = Count::new(Unit::Graphemes, 500).with_urls_as(23).with_short_handles();
const OFFERS: Offers = Offers {
    variants: &[Variant::new(KEY, IGNORED, "on a server that ignores keys")],
    settings: Known::These(&["visibility", "language", "spoiler_text", "sensitive"]),
    account_settings: &[
        "visibility",
        "language",
        "spoiler_text",
        "sensitive",
        "idempotency_key",
        "settles_after",
        "sure_after",
        "insecure",
    ],
    caps: caps::MASTODON,
    ..Offers::media(4, 1)
};

/// What a server's answers mean.
pub static TABLE: Table = Table {
    code_at: &[],
    text_at: &["/error_description", "/error"],
    told: &[Told::RetryAfter, Told::Iso("x-ratelimit-reset")],
    rows: &[
        Row::on(401).saying("expired").fix(Code::TOKEN_EXPIRED, Scope::Account, Fix::Reconnect),
        Row::on(401).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(403).saying("authorized scopes").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(403).saying("not allowed").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(403).saying("disabled").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(403).saying("suspended").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(403).saying("confirm").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(404).at(CREATE).saying("record not found").never(Code::REFERENCE_GONE),
        Row::on(410).at(CREATE).fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(422).saying("finished processing").retry(Code::MEDIA_NOT_READY, Scope::Post),
        // An upload serves once: that it is used up is a sign that the post exists.
        Row::on(422).at(CREATE).saying("already attached").in_doubt().retry(Code::UNCLEAR_ANSWER, Scope::Post),
        Row::on(422).at(CREATE).saying("already been taken").in_doubt().retry(Code::DUPLICATE_REFUSED, Scope::Post),
        Row::on(422).at(CREATE).saying("not unique").in_doubt().retry(Code::DUPLICATE_REFUSED, Scope::Post),
        Row::on(422).at(CREATE).saying("validation failed").never(Code::CONTENT_REFUSED),
        Row::on(422).at(CREATE).saying("character limit").never(Code::CONTENT_REFUSED),
        Row::on(422).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(422).at(AWAIT).never(Code::MEDIA_REFUSED),
        Row::on(413).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(400).at(CREATE).never(Code::CONTENT_REFUSED),
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    ],
};

/// Mastodon.
pub struct Mastodon {
    http: Http,
    about: About,
    /// Account ids by the fingerprint of their credentials.
    ids: Mutex<HashMap<[u8; 32], String>>,
}

impl Mastodon {
    /// The channel's name.
    pub const NAME: &str = "mastodon";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Mastodon",
            repeat: honouring(LOOK_UP),
            limits: Limits { text: &[TEXT], media: 4, takes: Takes::ANY },
            threads: Threads::PerPart(MOST_PARTS),
            offers: OFFERS,
            server: None,
            secrets: &[TOKEN],
            settings: &[],
            tokens: TokenLife::Lasting,
            arms: None,
            oauth: Some(&servers::MASTODON),
        };
        Self { http, about, ids: Mutex::default() }
    }

    fn request(&self, method: Method, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        let token = account.secret(TOKEN)?;
        Ok(self.http.request(method, account.url(path)).bearer_auth(token.reveal()))
    }

    async fn publish_part(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Receipt, Failure> {
        let account = call.account;
        // A twin's post says the same as ours: while the twin may still be given it by its key, only our own key tells.
        if call.is_repeat(number)
            && !call.has_rivals(KEPT_FOR).await?
            && let Finding::Found(receipt) = self.look(&call.mark(number)).await?
        {
            return Ok(receipt);
        }
        let media = self.media_ids(call, number, part).await?;
        let option = |name: &str| option(call.draft, account, name);
        let body = json!({
            "status": part.text,
            "media_ids": media,
            "in_reply_to_id": number.checked_sub(1).and_then(|before| call.receipt(before)).map(|out| text::id_of(&out.id)),
            "visibility": option("visibility"),
            "language": option("language"),
            "spoiler_text": option("spoiler_text"),
            "sensitive": option("sensitive").map(|value| value == "true"),
        });
        let request = self
            .request(Method::POST, account, "api/v1/statuses")?
            .header("idempotency-key", call.key(number))
            .json(&without_nulls(body));
        let point = call.publish_point(CREATE, number).await?;
        let answer = self.http.publish(point, request).await?;
        let status: Option<Status> = answer.json().filter(|_| answer.is_success());
        let receipt = status.map(|status| Receipt { id: status.id, url: status.url }).filter(Receipt::is_proof);
        receipt.ok_or_else(|| TABLE.judge(&answer, account))
    }
}

#[async_trait]
impl Channel for Mastodon {
    fn about(&self) -> &About {
        &self.about
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        let look_up = account.look_up(LOOK_UP);
        let honoured = account.is_as_strong_as(KEY, HONOURED);
        Safety { repeat: if honoured { honouring(look_up) } else { RepeatSafety::LookUp(look_up) }, arms: None }
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = Vec::new();
        account.check_choice(KEY, &[HONOURED, IGNORED], &mut wrong);
        account.check_look_up(LOOK_UP, &mut wrong);
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = self.about.limits.check(draft, MOST_PARTS);
        objections.extend(videos_in_company(draft));
        let setting = |name: &str| draft.0.settings.get(name).map(String::as_str);
        let mut refuse = |name: &str, wanted: &str| {
            let message = format!("the value of \"{name}\" is none that Mastodon knows");
            let remedy = format!("use {wanted}");
            objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
        };
        if setting("visibility").is_some_and(|value| !VISIBILITIES.contains(&value)) {
            refuse("visibility", &VISIBILITIES.join(", "));
        }
        if setting("sensitive").is_some_and(|value| !["true", "false"].contains(&value)) {
            refuse("sensitive", "true or false");
        }
        if setting("language").is_some_and(|value| !is_language(value)) {
            refuse("language", "a code of two or three letters, such as en");
        }
        if let Some(spoiler) = setting("spoiler_text") {
            let together = |part: &Part| TEXT.of(spoiler) + TEXT.of(&part.text);
            let longest = text::parts(draft).iter().map(together).max().unwrap_or_default();
            if longest > TEXT.most && objections.is_empty() {
                let message =
                    format!("with the warning the text has {longest} characters; the channel takes {}", TEXT.most);
                let remedy = "shorten the warning or the text";
                let objection = Objection::new("settings.spoiler_text", Code::TEXT_TOO_LONG, message, remedy);
                objections.push(objection.with_excess(longest, TEXT.most));
            }
        }
        objections
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        let parts = text::parts(call.draft);
        for (number, part) in (0_u16..).zip(&parts).skip(usize::from(call.next_part())) {
            let receipt = self.publish_part(call, number, part).await?;
            call.out(number, receipt).await?;
        }
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        let found = self.look(mark).await?;
        let by_key = matches!(self.safety(&mark.account.card()).repeat, RepeatSafety::PlatformKey { .. });
        if by_key && matches!(found, Finding::Found(_)) && mark.record.rivals(KEPT_FOR).await? {
            let why = "a post with the same content is not settled yet, and what was found may be that one";
            return Ok(Finding::CannotTell(why.into()));
        }
        Ok(found)
    }

    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        self.listed(account, since).await
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        oauth::exchange(&self.http, &servers::MASTODON, ask).await
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        self.standing(account).await
    }

    /// Servers write `/@name/ID`, `/users/name/statuses/ID` or `/notice/ID`. At another server, which names the account with its own,
    /// the post has another id.
    fn id_in(&self, address: &str) -> Option<String> {
        let address = Address::read(address)?;
        let path = address.path();
        let place = if let ["web" | "deck", place @ ..] = path.as_slice() { place } else { path.as_slice() };
        let id = match place {
            [account, id] | [account, "statuses", id] if account.starts_with('@') && !account[1..].contains('@') => id,
            ["users", _, "statuses", id] | ["notice", id] => id,
            _ => return None,
        };
        name(id).filter(|id| id.bytes().any(|byte| byte.is_ascii_digit())).map(str::to_owned)
    }

    /// Seen on another server, it is written with its own, which may be called otherwise than where it is reached.
    fn account_in(&self, address: &str) -> Option<String> {
        let address = Address::read(address)?;
        let path = address.path();
        let named = path.iter().find_map(|part| part.strip_prefix('@')).or_else(|| address.behind("users"))?;
        named.split('@').next().filter(|named| !named.is_empty()).map(str::to_owned)
    }
}

/// What a server offers that remembers keys: the key for its time, and the look after it.
fn honouring(look_up: LookUp) -> RepeatSafety {
    let settles_after = look_up.settles_after;
    RepeatSafety::PlatformKey { kept_for: KEPT_FOR, settles_after, afterwards: Some(look_up) }
}

/// What we read of a status.
#[derive(Deserialize)]
struct Status {
    id: String,
    url: Option<String>,
}

/// A setting of the post, else of the account.
fn option<'a>(draft: &'a Draft, account: &'a Account, name: &str) -> Option<&'a str> {
    draft.0.settings.get(name).map(String::as_str).or_else(|| account.setting(name)).filter(|value| !value.is_empty())
}

fn without_nulls(mut body: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    body
}

fn is_language(value: &str) -> bool {
    let code = value.split('-').next().unwrap_or_default();
    (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase())
}
