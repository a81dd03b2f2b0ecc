//! Publishes to LinkedIn, as a member or for a page.
//!
//! LinkedIn takes no idempotency key, and shows the posts of pages only: what became of a page's post can be looked up, of a
//! member's only a person can tell. LinkedIn refuses a duplicate and names the first post, but nobody knows for how long, and it has
//! been seen to name posts that were not there. So the refusal is taken for proof only where an account says so
//! (`duplicate_guard = "trusted"`), and then only of a text whose repeat it answers with a post made since the first call.

mod little;
mod look;
mod media;
mod repeat;
mod tokens;
mod urn;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Part, Receipt, RepeatSafety, Scope, Worth};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    About, Account, AccountCard, Answer, Call, Channel, Count, ExchangeAsk, FirstComment, Granted, Http, Known, Limits,
    Link, Listed, Mark, OAuth, Objection, Offers, Published, Row, Safety, Standing, Table, Takes, Threads, TokenLife,
    Tokens, Told, Unit, Variant, Wording,
    address::is_short,
    limits::videos_in_company,
    oauth::{self, servers},
};
use media::Asset;

const CREATE: &str = "create post";
const COMMENT: &str = "create comment";
/// What the names of both publish points begin with.
const CREATING: &str = "create";
/// What the names of all steps of an upload begin with.
const UPLOAD: &str = "upload";
const REFRESH: &str = "refresh token";
const TOKEN: &str = "access_token";
/// The setting that says for whom the account writes.
const AUTHOR: &str = "author";
/// The month whose version of the API is spoken, unless the account's `api_version` says another.
const VERSION: &str = "202605";
const MOST_PARTS: u16 = 10;
/// How LinkedIn counts is not known; nothing counts longer than this.
const TEXT: &[Count] = &[Count::new(Unit::Utf16, 3000)];
const MOST_IMAGES: usize = 20;
const VISIBILITIES: [&str; 3] = ["PUBLIC", "CONNECTIONS", "LOGGED_IN"];
/// A token that was never used before this may be so new that LinkedIn does not know it everywhere.
const YOUNG: Duration = Duration::from_secs(60);
const YOUNG_WAIT: Duration = Duration::from_secs(10);
/// How long after its midnight a day's limit surely is a new one.
const NEW_DAY: Duration = Duration::from_secs(5 * 60);
const OFFERS: Offers = Offers {
    link: Link::Attached,
    first_comment: FirstComment::Thread,
    variants: &[
        Variant::new(AUTHOR, "urn:li:organization:ID", "for a page"),
        Variant::new(repeat::GUARD, repeat::TRUSTED, "whose refusal of duplicates is trusted"),
    ],
    settings: Known::These(&["visibility", "link_title"]),
    account_settings: &[
        "author",
        "duplicate_guard",
        "settles_after",
        "sure_after",
        "api_version",
        "auth_url",
        "insecure",
    ],
    ..Offers::media(MOST_IMAGES, 1)
};

const MIB: u64 = 1024 * 1024;
const TAKES: &[Takes] = &[
    Takes::new(&["image/jpeg", "image/png", "image/gif"], 5 * MIB).with_pixels(36_152_319),
    Takes::new(&["video/mp4"], 500 * MIB).of_at_least(75 * 1024).lasting(3, 30 * 60).shaped((5, 12), (12, 5)),
];

/// What LinkedIn's answers mean.
pub static TABLE: Table = Table {
    code_at: &["/errorDetails/inputErrors/0/code", "/code", "/serviceErrorCode", "/error"],
    text_at: &["/message", "/error_description"],
    told: &[Told::RetryAfter],
    rows: &[
        Row::on(400).at(REFRESH).coded("invalid_grant").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(400).at(REFRESH).coded("invalid_client").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(401).at(REFRESH).fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(401).coded("EXPIRED_ACCESS_TOKEN").fix(Code::TOKEN_EXPIRED, Scope::Account, Fix::Reconnect),
        Row::on(401).coded("65602").fix(Code::TOKEN_EXPIRED, Scope::Account, Fix::Reconnect),
        Row::on(401).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        // Only these words: other refusals with 403 come and go.
        Row::on(403).coded("ACCESS_DENIED").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(403).coded("100").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(426).fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(429).saying("application day").retry(Code::RATE_LIMITED_APP, Scope::App),
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        // The text was posted lately, perhaps by the call whose answer was lost.
        Row::on(422).coded("DUPLICATE_POST").in_doubt().retry(Code::DUPLICATE_REFUSED, Scope::Post),
        Row::on(422).coded("MEDIA_ASSET_WAITING_UPLOAD").retry(Code::MEDIA_NOT_READY, Scope::Post),
        Row::on(422).coded("MEDIA_ASSET_PROCESSING_FAILED").never(Code::MEDIA_REFUSED),
        Row::on(422).at(CREATING).saying("field is required").never(Code::CONTENT_REFUSED),
        Row::on(422).at(CREATING).saying("error :: /").never(Code::CONTENT_REFUSED),
        Row::on(400).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(404).at(UPLOAD).retry(Code::MEDIA_NOT_READY, Scope::Post),
        Row::on(413).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(400).coded("VERSION_MISSING").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(400).at(CREATING).coded("ILLEGAL_ARGUMENT").never(Code::CONTENT_REFUSED),
        Row::on(400).at(CREATING).saying("converted to data map").never(Code::CONTENT_REFUSED),
        Row::on(404).at(COMMENT).coded("NOT_FOUND").never(Code::REFERENCE_GONE),
    ],
};

/// LinkedIn.
pub struct LinkedIn {
    http: Http,
    about: About,
    /// Whose token an account holds, by the fingerprint of its credentials.
    members: Mutex<HashMap<[u8; 32], String>>,
    /// When a token was used first in this process, by the same.
    first_used: Mutex<HashMap<[u8; 32], Timestamp>>,
}

impl LinkedIn {
    /// The channel's name.
    pub const NAME: &str = "linkedin";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "LinkedIn",
            repeat: RepeatSafety::Nothing,
            limits: Limits { text: TEXT, media: MOST_IMAGES, takes: TAKES },
            threads: Threads::PerPart(MOST_PARTS),
            offers: OFFERS,
            server: Some("https://api.linkedin.com"),
            secrets: &[TOKEN],
            settings: &[],
            tokens: TokenLife::Refreshed {
                life: Duration::from_secs(60 * 24 * 3600),
                refresh_life: Some(Duration::from_secs(365 * 24 * 3600)),
                repeat: tokens::GRANT.repeat,
            },
            arms: None,
            oauth: Some(&servers::LINKEDIN),
        };
        Self { http, about, members: Mutex::default(), first_used: Mutex::default() }
    }

    /// A request to the versioned API, `path` with its query.
    fn request(&self, method: Method, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        let version = account.setting("api_version").unwrap_or(VERSION);
        let mut request = self.bare(method, account, &format!("rest/{path}"))?;
        request = request.header("linkedin-version", version).header("x-restli-protocol-version", "2.0.0");
        Ok(request)
    }

    /// A request with the account's token.
    fn bare(&self, method: Method, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        let token = account.secret(TOKEN)?;
        let now = self.http.runtime().now();
        let mut first_used = self.first_used.lock().unwrap_or_else(PoisonError::into_inner);
        first_used.entry(account.fingerprint()).or_insert(now);
        Ok(self.http.request(method, account.url(path)).bearer_auth(token.reveal()))
    }

    /// What an answer means by the table, and by what stands outside of it: how new the token is, and when the day ends.
    fn judge(&self, answer: &Answer, account: &Account) -> Failure {
        let mut failure = TABLE.judge(answer, account);
        let later = |span| answer.at.checked_add(span).ok();
        if answer.status == 401 && matches!(failure.said.code.as_deref(), Some("REVOKED_ACCESS_TOKEN" | "65601")) {
            let first_used = self.first_used.lock().unwrap_or_else(PoisonError::into_inner);
            let first = first_used.get(&account.fingerprint()).copied();
            if first.and_then(|first| first.checked_add(YOUNG).ok()).is_some_and(|grown| answer.at < grown) {
                failure.worth = Worth::Retry { not_before: later(YOUNG_WAIT) };
            }
        }
        if failure.is_rate_limit()
            && failure.not_before().is_none()
            && failure.said.text.to_uppercase().contains(" DAY ")
        {
            failure.worth = Worth::Retry { not_before: next_day(answer.at) };
        }
        failure
    }

    /// What the answer to a free step holds.
    async fn free(&self, step: &'static str, account: &Account, request: RequestBuilder) -> Result<Value, Failure> {
        let answer = self.http.free(step, request).await?;
        let body: Option<Value> = answer.json().filter(|_| answer.is_success());
        body.filter(Value::is_object).ok_or_else(|| self.judge(&answer, account))
    }

    async fn publish_post(&self, call: &mut Call<'_>, part: &Part, author: &str) -> Result<Receipt, Failure> {
        let account = call.account;
        let again = repeat::check(call, 0, part)?;
        let assets = self.assets(call, part, author).await?;
        let body = post(call.draft, part, author, &assets);
        let request = self.request(Method::POST, account, "posts")?.json(&body);
        let point = call.publish_point(CREATE, 0).await?;
        let answer = self.http.publish(point, request).await?;
        let urn = answer.header("x-restli-id").filter(|urn| answer.is_success() && urn.starts_with("urn:li:"));
        if let Some(urn) = urn {
            return Ok(receipt(urn, urn));
        }
        let failure = self.judge(&answer, account);
        match failure.code {
            Code::DUPLICATE_REFUSED if again => repeat::named(call, failure).await,
            Code::MEDIA_REFUSED => {
                // The next try, after a person's, begins anew.
                media::forget(call, part).await?;
                Err(failure)
            }
            _ => Err(failure),
        }
    }

    async fn publish_comment(
        &self,
        call: &mut Call<'_>,
        number: u16,
        part: &Part,
        author: &str,
    ) -> Result<Receipt, Failure> {
        let account = call.account;
        repeat::check(call, number, part)?;
        let post = call.receipt(0).map(|out| out.id.clone()).unwrap_or_default();
        let body = json!({ "actor": author, "object": post, "message": { "text": part.text } });
        let request = self.request(Method::POST, account, &format!("socialActions/{}/comments", escaped(&post)))?;
        let point = call.publish_point(COMMENT, number).await?;
        let answer = self.http.publish(point, request.json(&body)).await?;
        let made: Option<Value> = answer.json().filter(|_| answer.is_success());
        let urn = made.as_ref().and_then(|made| made["commentUrn"].as_str().or_else(|| made["id"].as_str()));
        let receipt = urn.map(|urn| receipt(urn, &post)).filter(Receipt::is_proof);
        receipt.ok_or_else(|| self.judge(&answer, account))
    }
}

/// Why nothing is told of a person's own posts.
const MEMBERS: &str = "LinkedIn does not show the posts of members";

fn oauth_of(account: &Account) -> &'static OAuth {
    if repeat::is_page(account.setting(AUTHOR)) { &servers::LINKEDIN_PAGE } else { &servers::LINKEDIN }
}

#[async_trait]
impl Channel for LinkedIn {
    fn about(&self) -> &About {
        &self.about
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        Safety { repeat: repeat::safety(account), arms: None }
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = repeat::check_account(account);
        account.check_auth(tokens::AUTH, &mut wrong);
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = self.about.limits.check(draft, MOST_PARTS);
        objections.extend(videos_in_company(draft));
        for (n, part) in draft.0.thread.iter().enumerate().filter(|(_, part)| !part.media.is_empty()) {
            let (path, most) = (format!("thread[{n}].media"), part.media.len());
            let message = format!("there are {most} media; a comment takes none");
            let objection = Objection::new(path, Code::TOO_MANY_MEDIA, message, "put them into the first part");
            objections.push(objection.with_excess(most, 0));
        }
        if draft.0.settings.get("visibility").is_some_and(|value| !VISIBILITIES.contains(&value.as_str())) {
            let remedy = format!("use {}", VISIBILITIES.join(", "));
            let message = "the value of \"visibility\" is none that LinkedIn knows";
            objections.push(Objection::new("settings.visibility", Code::BAD_SETTING, message, remedy));
        }
        objections
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        let author = self.author(call.account).await?;
        for (number, part) in (0_u16..).zip(&parts(call.draft)).skip(usize::from(call.next_part())) {
            let receipt = match number {
                0 => self.publish_post(call, part, &author).await?,
                _ => self.publish_comment(call, number, part, &author).await?,
            };
            call.out(number, receipt).await?;
        }
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        if !repeat::is_page(mark.account.setting(AUTHOR)) {
            return Ok(Finding::CannotTell(MEMBERS.into()));
        }
        self.look(mark).await
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        if !repeat::is_page(account.setting(AUTHOR)) {
            return Ok(Listed::cannot_tell(MEMBERS));
        }
        self.listed(account, since).await
    }

    /// What follows the first part are comments.
    fn is_listed(&self, _draft: &Draft, _account: &Account, part: u16) -> bool {
        part == 0
    }

    fn wording(&self, draft: &Draft, _account: &Account, part: u16) -> Wording {
        parts(draft).get(usize::from(part)).map(|part| Wording::of(&part.text)).unwrap_or_default()
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        self.standing(account).await
    }

    fn can_renew(&self, account: &Account) -> bool {
        tokens::can_renew(account)
    }

    /// A page takes other scopes than a member.
    fn oauth(&self, account: &Account) -> Option<&'static OAuth> {
        Some(oauth_of(account))
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        oauth::exchange(&self.http, oauth_of(ask.account), ask).await
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        account.check_transport()?;
        self.renew(account).await
    }

    fn id_in(&self, address: &str) -> Option<String> {
        urn::in_address(address)
    }

    fn named_in(&self, said: &str) -> Option<Receipt> {
        repeat::urn_in(said).map(|urn| receipt(urn, urn))
    }

    fn is_foreign(&self, address: &str) -> bool {
        self.id_in(address).is_none() && !is_short(address, &["lnkd.in"])
    }
}

/// The post, and the comments under it. A link goes with the post by itself, unless there are media.
fn parts(draft: &Draft) -> Vec<Part> {
    if link(draft).is_some() { draft.parts() } else { crate::text::parts(draft) }
}

/// The link that the post carries as an article.
fn link(draft: &Draft) -> Option<&str> {
    draft.0.link.as_deref().filter(|link| draft.0.media.is_empty() && !draft.0.text.contains(link))
}

fn post(draft: &Draft, part: &Part, author: &str, assets: &[Asset]) -> Value {
    let setting = |name: &str| draft.0.settings.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let mut body = json!({
        "author": author,
        "commentary": little::write(&part.text),
        "visibility": setting("visibility").unwrap_or("PUBLIC"),
        "distribution": {
            "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": false,
    });
    if let Some(link) = link(draft) {
        let host = url::Url::parse(link).ok().and_then(|url| url.host_str().map(str::to_owned));
        let title = setting("link_title").map(str::to_owned).or(host).unwrap_or_else(|| link.to_owned());
        body["content"] = json!({ "article": { "source": link, "title": title } });
    }
    match assets {
        [] => {}
        [one] => body["content"] = json!({ "media": one.named() }),
        several => {
            let images: Vec<Value> = several.iter().map(Asset::named).collect();
            body["content"] = json!({ "multiImage": { "images": images } });
        }
    }
    body
}

/// The proof of a post or comment, with the address of the post.
fn receipt(id: &str, post: &str) -> Receipt {
    Receipt { id: id.to_owned(), url: Some(format!("https://www.linkedin.com/feed/update/{post}")) }
}

/// A URN as part of a path.
fn escaped(urn: &str) -> String {
    url::form_urlencoded::byte_serialize(urn.as_bytes()).collect()
}

/// Days are counted from midnight to midnight, UTC.
fn next_day(now: Timestamp) -> Option<Timestamp> {
    let midnight = Timestamp::from_second((now.as_second().div_euclid(86_400) + 1) * 86_400).ok()?;
    midnight.checked_add(NEW_DAY).ok()
}
