//! Publishes to Reddit: a post in a subreddit, and further parts as comments under it.
//!
//! Reddit knows no idempotency key, so an unknown outcome is settled by looking through the account's own posts. Links are guarded
//! by the platform besides: with `resubmit=false` a subreddit takes the same link once. A post with a picture is accepted without an id
//! and made later: it is out when the account's listing shows it.

mod account;
mod image;
mod look;
mod submission;

use std::{collections::HashMap, sync::Mutex, time::Duration};

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Landed, LookUp, Part, Receipt, RepeatSafety, Scope, Worth};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use crate::{
    About, Account, AccountCard, Answer, Call, Channel, Count, ExchangeAsk, FirstComment, Granted, Http, Known, Limit,
    Limits, Link, Listed, Mark, Objection, Offers, Published, Row, Standing, Table, Takes, Threads, TokenLife, Tokens,
    Told, Unit, Verdict, Wording,
    address::{Address, name},
    article::{Article, TITLE},
    credentials::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN},
    oauth::servers,
};
use submission::{Kind, Submission};

const SUBMIT: &str = "submit post";
const COMMENT: &str = "submit comment";
const WHO: &str = "read account";
const LEASE: &str = "lease upload";
const UPLOAD: &str = "upload image";
const LIST: &str = "list posts";
const RENEW: &str = "renew token";
const TOKEN: &str = "access_token";
/// Longer than the platform works on a request.
const SETTLED: Duration = Duration::from_secs(60);
/// A post that is not listed by then is not there: listings show texts and links at once, and pictures after minutes.
const SURE: Duration = Duration::from_secs(20 * 60);
/// Told with each token; the shorter of the lives that were seen.
const LIFE: Duration = Duration::from_secs(60 * 60);
const MOST_PARTS: u16 = 50;
const LONGEST_TITLE: Count = Count::new(Unit::Chars, 300);
const LONGEST_TEXT: Count = Count::new(Unit::Chars, 40_000);
const LONGEST_COMMENT: Count = Count::new(Unit::Chars, 10_000);
const OFFERS: Offers = Offers {
    link: Link::Attached,
    first_comment: FirstComment::Thread,
    decides_later: true,
    limits: &[Limit::text("title", LONGEST_TITLE), Limit::text("comment", LONGEST_COMMENT)],
    settings: Known::These(&["title", "subreddit", "kind", "nsfw", "spoiler", "sendreplies", "flair_id", "flair_text"]),
    account_settings: &[
        "subreddit",
        "nsfw",
        "spoiler",
        "sendreplies",
        "flair_id",
        "flair_text",
        "user_agent",
        "auth_url",
        "insecure",
    ],
    ..Offers::media(1, 0)
};

const TAKES: &[Takes] = &[Takes::new(crate::Kind::PICTURES, 20 * 1024 * 1024)];

/// What Reddit's answers mean. A refusal of a post has the status of success.
pub static TABLE: Table = Table {
    code_at: &["/json/errors/0/0", "/reason", "/error"],
    text_at: &["/json/errors/0/1", "/explanation", "/message", "/error_description"],
    told: &[
        Told::RetryAfter,
        Told::BodySeconds("/json/ratelimit"),
        Told::Words("/json/errors/0/1"),
        Told::Spent { left: "x-ratelimit-remaining", reset: "x-ratelimit-reset" },
    ],
    rows: &[
        Row::on(200).coded("RATELIMIT").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(200).coded("SUBREDDIT_RATELIMIT").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        // Whose post it is, ours or another's, the answer does not say.
        Row::on(200).coded("ALREADY_SUB").in_doubt().retry(Code::DUPLICATE_REFUSED, Scope::Post),
        Row::on(200).coded("SUBREDDIT_NOEXIST").never(Code::REFERENCE_GONE),
        // A matter between the account and one subreddit: the account's other posts are not held.
        Row::on(200).coded("SUBREDDIT_NOTALLOWED").fix(Code::PERMISSION_MISSING, Scope::Post, Fix::Permission),
        Row::on(200).coded("SUBREDDIT_NO_ACCESS").fix(Code::PERMISSION_MISSING, Scope::Post, Fix::Permission),
        Row::on(200).coded("BANNED_FROM_SUBREDDIT").fix(Code::PERMISSION_MISSING, Scope::Post, Fix::Permission),
        Row::on(200).coded("SUBMIT_VALIDATION_*").never(Code::CONTENT_REFUSED),
        Row::on(200).coded("NO_SELFS").never(Code::CONTENT_REFUSED),
        Row::on(200).coded("NO_LINKS").never(Code::CONTENT_REFUSED),
        Row::on(200).coded("NO_TEXT").never(Code::CONTENT_REFUSED),
        Row::on(200).coded("NO_URL").never(Code::CONTENT_REFUSED),
        Row::on(200).coded("BAD_URL").never(Code::CONTENT_REFUSED),
        Row::on(200).coded("TOO_LONG").never(Code::CONTENT_REFUSED),
        Row::on(200).coded("TOO_SHORT").never(Code::CONTENT_REFUSED),
        Row::on(200).coded("INVALID_OPTION").never(Code::CONTENT_REFUSED),
        Row::on(200).coded("DOMAIN_BANNED").never(Code::CONTENT_REFUSED),
        Row::on(200).coded("THREAD_LOCKED").never(Code::REFERENCE_GONE),
        Row::on(200).coded("TOO_OLD").never(Code::REFERENCE_GONE),
        Row::on(200).coded("DELETED_*").never(Code::REFERENCE_GONE),
        Row::on(200).coded("IN_TIMEOUT").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(200).coded("VERIFIED_USER_REQUIRED").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(200).coded("BAD_CAPTCHA").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        Row::on(200).coded("USER_REQUIRED").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(0).at(RENEW).coded("invalid_grant").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(401).at(RENEW).fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(400).at(RENEW).fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(401).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(403).coded("private").fix(Code::PERMISSION_MISSING, Scope::Post, Fix::Permission),
        Row::on(403).saying("forbidden").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(404).coded("404").never(Code::REFERENCE_GONE),
        Row::on(413).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(400).at(UPLOAD).never(Code::MEDIA_REFUSED),
        Row::on(400).at(LEASE).never(Code::MEDIA_REFUSED),
        Row::on(429).retry(Code::RATE_LIMITED_APP, Scope::App),
    ],
};

/// Reddit.
pub struct Reddit {
    http: Http,
    about: About,
    /// The accounts' names by the fingerprint of their credentials.
    names: Mutex<HashMap<[u8; 32], String>>,
}

/// The answer to a post: what went wrong, or what was made.
#[derive(Deserialize)]
struct Outcome {
    json: Made,
}

#[derive(Deserialize)]
struct Made {
    #[serde(default)]
    errors: Vec<serde_json::Value>,
    data: Option<Data>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    name: String,
    url: Option<String>,
    things: Vec<Thing>,
    /// Where the account's posts are to be seen, and where the post will be announced: instead of an id.
    user_submitted_page: Option<String>,
    websocket_url: Option<String>,
}

impl Data {
    fn is_made_later(&self) -> bool {
        self.name.is_empty() && (self.user_submitted_page.is_some() || self.websocket_url.is_some())
    }
}

#[derive(Deserialize)]
struct Thing {
    data: look::Listed,
}

/// Whether the answer takes a post that has no id yet.
fn is_accepted(answer: &Answer) -> bool {
    let made = answer.json::<Outcome>().filter(|_| answer.is_success());
    made.is_some_and(|made| made.json.errors.is_empty() && made.json.data.is_some_and(|data| data.is_made_later()))
}

/// The proof in an answer, if it is one.
fn proof(answer: &Answer) -> Option<Receipt> {
    let made = answer.json::<Outcome>().filter(|_| answer.is_success())?.json;
    let data = made.data.filter(|_| made.errors.is_empty())?;
    let receipt = match data.things.into_iter().next() {
        Some(thing) => thing.data.receipt(),
        None => Receipt { id: data.name, url: data.url },
    };
    Some(receipt).filter(Receipt::is_proof)
}

impl Reddit {
    /// The channel's name.
    pub const NAME: &str = "reddit";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Reddit",
            repeat: RepeatSafety::LookUp(LookUp { settles_after: SETTLED, sure_after: SURE }),
            limits: Limits { text: &[LONGEST_TEXT], media: 1, takes: TAKES },
            threads: Threads::PerPart(MOST_PARTS),
            offers: OFFERS,
            server: Some("https://oauth.reddit.com"),
            secrets: &[TOKEN, REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET],
            settings: &[],
            tokens: TokenLife::Refreshed { life: LIFE, refresh_life: None, repeat: account::GRANT.repeat },
            arms: None,
            oauth: Some(&servers::REDDIT),
        };
        Self { http, about, names: Mutex::default() }
    }

    /// The post itself, or a comment under the part before.
    /// `None`: accepted; the post is made later.
    async fn publish_part(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Option<Receipt>, Failure> {
        let account = call.account;
        let image = match part.media.first().filter(|_| number == 0) {
            Some(media) => Some(self.image(call, media).await?),
            None => None,
        };
        let (step, path, form) = match number.checked_sub(1).and_then(|before| call.receipt(before)) {
            Some(parent) => (COMMENT, "api/comment", submission::comment(&parent.id, &part.text)),
            None => {
                (SUBMIT, "api/submit", Submission::of(call.draft, account)?.form(call.draft, account, image.as_deref()))
            }
        };
        let request = self.request(Method::POST, account, path)?.form(&form);
        // Whether an earlier try may have sent it: only then can a duplicate be our own.
        let handle = format!("sent.{number}");
        let may_be_ours = call.handle(&handle).is_some();
        if !may_be_ours {
            call.keep(&handle, &call.now.to_string()).await?;
        }
        let point = call.publish_point(step, number).await?;
        let answer = self.http.publish(point, request).await?;
        if let Some(receipt) = proof(&answer) {
            return Ok(Some(receipt));
        }
        if image.is_some() && is_accepted(&answer) {
            return Ok(None);
        }
        let mut failure = TABLE.judge(&answer, account);
        if failure.code == Code::DUPLICATE_REFUSED {
            if may_be_ours && let Ok(Finding::Found(receipt)) = self.look(&call.mark(number)).await {
                return Ok(Some(receipt));
            }
            if !may_be_ours {
                // It was never sent before: somebody else has posted the link there.
                failure = Failure { landed: Landed::No, worth: Worth::Never, ..failure };
            }
        }
        if failure.landed == Landed::No && !may_be_ours {
            call.forget(&handle).await?;
        }
        Err(failure)
    }
}

#[async_trait]
impl Channel for Reddit {
    fn about(&self) -> &About {
        &self.about
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = Vec::new();
        if account.setting("subreddit").is_some_and(|name| submission::subreddit(name).is_none()) {
            wrong.push("settings.subreddit is no name of a subreddit; write one such as rust".into());
        }
        account.check_auth(account::AUTH, &mut wrong);
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = self.about.limits.check(draft, MOST_PARTS);
        let article = Article::of(draft);
        if objections.is_empty() {
            objections.extend(article.check_title(draft, LONGEST_TITLE));
        }
        for (n, part) in draft.0.thread.iter().enumerate() {
            let length = LONGEST_COMMENT.of(&part.text);
            if length > LONGEST_COMMENT.most {
                let message =
                    format!("the comment has {length} characters; the channel takes {}", LONGEST_COMMENT.most);
                let path = format!("thread[{n}].text");
                let objection = Objection::new(path, Code::TEXT_TOO_LONG, message, "shorten it, or make it two parts");
                objections.push(objection.with_excess(length, LONGEST_COMMENT.most));
            }
        }
        objections.extend(submission::check(draft, &article));
        objections
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        let parts = call.draft.parts();
        for (number, part) in (0_u16..).zip(&parts).skip(usize::from(call.next_part())) {
            match self.publish_part(call, number, part).await? {
                Some(receipt) => call.out(number, receipt).await?,
                None => return Ok(Published::Processing),
            }
        }
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        self.look(mark).await
    }

    async fn poll(&self, mark: &Mark<'_>) -> Result<Verdict, Failure> {
        Ok(match self.find(mark).await? {
            Finding::Found(receipt) => Verdict::Out(receipt),
            _ => Verdict::Still,
        })
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        self.listed(account, since).await
    }

    fn wording(&self, draft: &Draft, account: &Account, part: u16) -> Wording {
        match Submission::of(draft, account) {
            Ok(post) if part == 0 => look::wording(&post.subreddit, &post.title),
            _ => draft.parts().get(usize::from(part)).map(|part| Wording::of(&part.text)).unwrap_or_default(),
        }
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        Ok(Standing::good(self.person(account).await?.name))
    }

    fn can_renew(&self, account: &Account) -> bool {
        account::can_renew(account)
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        self.connect(ask).await
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        self.renew(account).await.map(Some)
    }

    /// The id's kind stands in front: a comment's, where the address goes on behind the post's words.
    fn id_in(&self, address: &str) -> Option<String> {
        let address = Address::at(address, &["reddit.com", "redd.it"])?;
        let path = address.path();
        let place = path.iter().position(|part| *part == "comments").map_or(&path[..], |at| &path[at..]);
        match place {
            ["comments", _, _, comment, ..] => name(comment).map(|id| format!("t1_{id}")),
            ["comments", post, ..] => name(post).map(|id| format!("t3_{id}")),
            [post] if address.is_at("redd.it") => name(post).map(|id| format!("t3_{id}")),
            _ => None,
        }
    }

    fn is_foreign(&self, address: &str) -> bool {
        let is_shared = || Address::at(address, &["reddit.com"]).is_some_and(|address| address.behind("s").is_some());
        self.id_in(address).is_none() && !is_shared()
    }
}
