//! Publishes to X by its API version 2.
//!
//! X takes no idempotency key: a doubt is settled by looking through the account's own posts. X also refuses a text that it has seen
//! lately, without saying where: that tells of a duplicate, but not whose it is, so it is a reason to look and never a proof.

mod look;
mod media;
mod tokens;

use std::{collections::HashMap, sync::Mutex, time::Duration};

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, LookUp, Part, Receipt, RepeatSafety, Scope};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    About, Account, AccountCard, Answer, Call, Channel, Count, ExchangeAsk, Granted, Http, Known, Limit, Limits,
    Listed, Mark, Objection, Offers, Published, Row, Safety, Standing, Table, Takes, Threads, TokenLife, Tokens, Told,
    Unit,
    address::{Address, number},
    caps,
    limits::videos_in_company,
    oauth::{self, servers},
    text,
};

const CREATE: &str = "create post";
/// What the names of all steps of an upload begin with.
const UPLOAD: &str = "upload";
const REFRESH: &str = "refresh token";
const TOKEN: &str = "access_token";
/// The version of the API that is spoken, unless the account's `api_version` says another.
const VERSION: &str = "2";
const MOST_PARTS: u16 = 50;
const TEXT: &[Count] = &[Count::new(Unit::Weighted, 280)];
/// For accounts that pay: the setting `long` of a post.
const LONG_TEXT: &[Count] = &[Count::new(Unit::Weighted, 25_000)];
const REPLY_SETTINGS: [&str; 4] = ["following", "mentionedUsers", "subscribers", "verified"];
const LOOK_UP: LookUp = LookUp {
    // Longer than X works on a request.
    settles_after: Duration::from_secs(60),
    // How far its listings lag is not known; this is far more than was ever seen.
    sure_after: Duration::from_secs(10 * 60),
};
const OFFERS: Offers = Offers {
    limits: &[Limit::text("text (setting `long`)", LONG_TEXT[0])],
    settings: Known::These(&["reply_settings", "made_with_ai", "long"]),
    account_settings: &["auth_url", "settles_after", "sure_after", "api_version", "insecure"],
    caps: caps::X,
    ..Offers::media(4, 1)
};

const MIB: u64 = 1024 * 1024;
const PICTURES: Takes = Takes::new(&["image/jpeg", "image/png", "image/webp"], 5 * MIB);
const ANIMATIONS: Takes = Takes::new(&["image/gif"], 15 * MIB).across(0, 1280).down(0, 1080);
const VIDEOS: Takes = Takes::new(&["video/mp4", "video/quicktime"], 512 * MIB)
    .across(32, u32::MAX)
    .down(32, u32::MAX)
    .shaped((1, 3), (3, 1));
/// X gives accounts that may write long texts more time as well.
const TAKES: &[Takes] = &[PICTURES, ANIMATIONS, VIDEOS.lasting(0, 140)];
const LONG_TAKES: &[Takes] = &[PICTURES, ANIMATIONS, VIDEOS.lasting(0, 4 * 3600)];

/// What X's answers mean.
pub static TABLE: Table = Table {
    code_at: &["/errors/0/code", "/type", "/error"],
    text_at: &["/errors/0/message", "/detail", "/error_description", "/title"],
    told: &[
        Told::RetryAfter,
        Told::Epoch("x-rate-limit-reset"),
        Told::EpochIfSpent { reset: "x-user-limit-24hour-reset", remaining: "x-user-limit-24hour-remaining" },
        Told::EpochIfSpent { reset: "x-app-limit-24hour-reset", remaining: "x-app-limit-24hour-remaining" },
    ],
    rows: &[
        // A refresh: a dead refresh token, and an app that is not the one it should be.
        Row::on(400).at(REFRESH).coded("invalid_request").saying("token").fix(
            Code::TOKEN_REVOKED,
            Scope::Account,
            Fix::Reconnect,
        ),
        Row::on(400).at(REFRESH).coded("invalid_grant").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(400).at(REFRESH).coded("invalid_client").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(401).at(REFRESH).fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(401).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        // Credits and the month's usage are the app's: waiting does not bring them back.
        Row::on(402).fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(429).coded("usage-capped").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(403).coded("185").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        // The text was posted lately, perhaps by the call whose answer was lost.
        Row::on(403).at(CREATE).saying("duplicate content").in_doubt().retry(Code::DUPLICATE_REFUSED, Scope::Post),
        Row::on(403).at(CREATE).coded("187").in_doubt().retry(Code::DUPLICATE_REFUSED, Scope::Post),
        Row::on(403).coded("unsupported-authentication").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(403).coded("client-forbidden").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(403).coded("oauth1-permissions").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(403).coded("261").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(403).coded("64").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(403).coded("326").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(403).coded("226").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(403).saying("suspended").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(403).saying("not permitted").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(403).at(CREATE).saying("cashtag").never(Code::CONTENT_REFUSED),
        Row::on(403).at(CREATE).saying("invalid url").never(Code::CONTENT_REFUSED),
        Row::on(403).at(CREATE).saying("maximum of 4 items").never(Code::MEDIA_REFUSED),
        Row::on(403).at(CREATE).saying("post a video longer").never(Code::MEDIA_REFUSED),
        Row::on(403).at(CREATE).coded("186").never(Code::CONTENT_REFUSED),
        Row::on(403).at(CREATE).coded("433").never(Code::CONTENT_REFUSED),
        Row::on(403).at(CREATE).coded("385").never(Code::REFERENCE_GONE),
        Row::on(404).at(CREATE).coded("resource-not-found").never(Code::REFERENCE_GONE),
        Row::on(404).at(CREATE).coded("144").never(Code::REFERENCE_GONE),
        Row::on(404).at(UPLOAD).retry(Code::MEDIA_NOT_READY, Scope::Post),
        Row::on(400).at(CREATE).saying("media ids are invalid").retry(Code::MEDIA_NOT_READY, Scope::Post),
        Row::on(400).at(CREATE).coded("324").retry(Code::MEDIA_NOT_READY, Scope::Post),
        Row::on(400).at(CREATE).coded("invalid-request").never(Code::CONTENT_REFUSED),
        Row::on(400).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(413).at(UPLOAD).never(Code::MEDIA_REFUSED),
    ],
};

/// X.
pub struct X {
    http: Http,
    about: About,
    /// User ids by the fingerprint of their account's credentials.
    ids: Mutex<HashMap<[u8; 32], String>>,
}

/// An answer of success: everything that is asked for stands in `data`.
#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

impl X {
    /// The channel's name.
    pub const NAME: &str = "x";

    /// What X takes of this draft.
    fn limits(&self, draft: &Draft) -> Limits {
        if is_on(draft, "long") {
            Limits { text: LONG_TEXT, takes: LONG_TAKES, ..self.about.limits }
        } else {
            self.about.limits.clone()
        }
    }

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "X",
            repeat: RepeatSafety::LookUp(LOOK_UP),
            limits: Limits { text: TEXT, media: 4, takes: TAKES },
            threads: Threads::PerPart(MOST_PARTS),
            offers: OFFERS,
            server: Some("https://api.x.com"),
            secrets: &[TOKEN],
            settings: &[],
            tokens: TokenLife::Refreshed {
                life: Duration::from_secs(2 * 3600),
                refresh_life: Some(Duration::from_secs(180 * 24 * 3600)),
                repeat: tokens::GRANT.repeat,
            },
            arms: None,
            oauth: Some(&servers::X),
        };
        Self { http, about, ids: Mutex::default() }
    }

    fn request(&self, method: Method, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        let token = account.secret(TOKEN)?;
        let version = account.setting("api_version").unwrap_or(VERSION);
        Ok(self.http.request(method, account.url(&format!("{version}/{path}"))).bearer_auth(token.reveal()))
    }

    /// What stands in `data` of the answer to a free step.
    async fn free<T: serde::de::DeserializeOwned>(
        &self,
        step: &'static str,
        account: &Account,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let answer = self.http.free(step, request).await?;
        let data: Option<Data<T>> = answer.json().filter(|_| answer.is_success());
        data.map(|data| data.data).ok_or_else(|| judge(&answer, account))
    }

    async fn publish_part(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Receipt, Failure> {
        #[derive(Deserialize)]
        struct Created {
            id: String,
        }
        let account = call.account;
        let media = self.media_ids(call, number, part).await?;
        let parent = number.checked_sub(1).and_then(|before| call.receipt(before)).map(|out| out.id.clone());
        let body = body(call.draft, part, &media, parent.as_deref());
        let request = self.request(Method::POST, account, "tweets")?.json(&body);
        let point = call.publish_point(CREATE, number).await?;
        let answer = self.http.publish(point, request).await?;
        let created: Option<Data<Created>> = answer.json().filter(|_| answer.is_success());
        if let Some(receipt) = created.map(|created| receipt(created.data.id)).filter(Receipt::is_proof) {
            return Ok(receipt);
        }
        let failure = judge(&answer, account);
        if failure.code == Code::MEDIA_NOT_READY {
            self.forget_media(call, number, part).await?;
        }
        Err(failure)
    }
}

#[async_trait]
impl Channel for X {
    fn about(&self) -> &About {
        &self.about
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        Safety { repeat: RepeatSafety::LookUp(account.look_up(LOOK_UP)), arms: None }
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = Vec::new();
        account.check_look_up(LOOK_UP, &mut wrong);
        servers::X.check_account(account, &mut wrong);
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = self.limits(draft).check(draft, MOST_PARTS);
        objections.extend(videos_in_company(draft));
        let mut choice = |name: &str, known: &[&str]| {
            if draft.0.settings.get(name).is_some_and(|value| !known.contains(&value.as_str())) {
                let message = format!("the value of \"{name}\" is none that X knows");
                let remedy = format!("use {}", known.join(", "));
                objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
            }
        };
        choice("reply_settings", &REPLY_SETTINGS);
        choice("made_with_ai", &["true", "false"]);
        choice("long", &["true", "false"]);
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
        self.look(mark).await
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        self.listed(account, since).await
    }

    fn charges_for_listing(&self) -> bool {
        true
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        Ok(Standing::good(self.who(account).await?.username))
    }

    fn can_renew(&self, account: &Account) -> bool {
        tokens::can_renew(account)
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        oauth::exchange(&self.http, &servers::X, ask).await
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        account.check_transport()?;
        self.renew(account).await
    }

    fn id_in(&self, address: &str) -> Option<String> {
        let address = Address::at(address, &["x.com", "twitter.com"])?;
        number(address.behind("status")?).map(str::to_owned)
    }

    fn is_foreign(&self, address: &str) -> bool {
        self.id_in(address).is_none()
    }

    /// `x.com/i/status/…` is whose it is.
    fn account_in(&self, address: &str) -> Option<String> {
        match Address::at(address, &["x.com", "twitter.com"])?.path().as_slice() {
            [named, "status", ..] if *named != "i" => Some((*named).to_owned()),
            _ => None,
        }
    }
}

/// What a post is made of. X refuses fields that it does not know, so none is sent empty.
fn body(draft: &Draft, part: &Part, media: &[String], parent: Option<&str>) -> Value {
    let mut body = json!({});
    if !part.text.is_empty() {
        body["text"] = json!(part.text);
    }
    if !media.is_empty() {
        body["media"] = json!({ "media_ids": media });
    }
    match parent {
        Some(parent) => body["reply"] = json!({ "in_reply_to_tweet_id": parent }),
        // Who may answer is said once, at the thread's start.
        None => {
            if let Some(who) = draft.0.settings.get("reply_settings") {
                body["reply_settings"] = json!(who);
            }
        }
    }
    if is_on(draft, "made_with_ai") {
        body["made_with_ai"] = json!(true);
    }
    body
}

fn is_on(draft: &Draft, name: &str) -> bool {
    draft.0.settings.get(name).is_some_and(|value| value == "true")
}

/// The proof of a post, with an address that needs no name.
fn receipt(id: String) -> Receipt {
    let url = format!("https://x.com/i/web/status/{id}");
    Receipt { id, url: Some(url) }
}

/// What an answer means by the table, and by what stands outside of it: whose limit is spent, and whether a token can be renewed.
fn judge(answer: &Answer, account: &Account) -> Failure {
    let mut failure = TABLE.judge(answer, account);
    let app_is_spent = answer.header("x-app-limit-24hour-remaining").is_some_and(|left| left.trim() == "0");
    if failure.code == Code::RATE_LIMITED_ACCOUNT && app_is_spent {
        (failure.code, failure.scope) = (Code::RATE_LIMITED_APP, Scope::App);
    }
    // X does not say why it refuses a token; where there is another to renew it by, it has most likely just ended.
    if failure.code == Code::TOKEN_REVOKED && answer.step != REFRESH && tokens::can_renew(account) {
        failure.code = Code::TOKEN_EXPIRED;
    }
    failure
}
