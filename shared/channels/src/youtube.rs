//! Publishes videos to YouTube by its Data API.
//!
//! A video is uploaded as a private one, in a session that says itself how far it got, and then made public by a call that may be
//! repeated without harm: the publish point. YouTube goes on to work on it and may still refuse it; until it has decided, the video
//! counts as accepted and not as published.

mod check;
mod extras;
mod look;
mod session;
mod upload;
mod video;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Receipt, RepeatSafety, Scope};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    About, Account, AccountCard, Call, Channel, Count, ExchangeAsk, Granted, Http, Known, Limits, Listed, Mark,
    Objection, Offers, Published, Row, Standing, Table, Takes, Threads, Tokens, Unit, Verdict, Wording,
    address::{Address, name},
    article::{Article, option},
    caps,
    google::{self, Google, errors, failure, tokens},
    oauth::{self, servers},
};
use video::{State, Video};

const BEGIN: &str = "begin upload";
/// What the names of both steps of an upload that has begun start with.
const SESSION: &str = "upload:";
const SEND: &str = "upload: send bytes";
const ASK: &str = "upload: ask how far";
const SHOW: &str = "read video";
const LIST: &str = "list uploads";
const THUMBNAIL: &str = "set thumbnail";
const PLAYLIST: &str = "add to playlist";
const PUBLISH: &str = "make public";
const WHO: &str = "read channel";
const VERSION: &str = "v3";
/// The handle of the video, as soon as it is there.
const VIDEO: &str = "video";
const UPLOAD: &str = "upload";
const THUMBNAIL_DONE: &str = "thumbnail";
const PLAYLIST_DONE: &str = "playlist";
/// Longer than YouTube works on a change. One that is made twice does no harm.
const SETTLED: Duration = Duration::from_secs(30);
/// People and blogs, which YouTube itself takes where nothing is said.
const CATEGORY: &str = "22";
const TEXT: &[Count] = &[Count::new(Unit::Bytes, 5000)];
const TAKES: &[Takes] =
    &[Takes::new(&["video/mp4", "video/quicktime", "video/webm"], 274_877_906_944).lasting(0, 12 * 3600)];
/// Either of these may do all that publishing takes.
const SCOPES: [&str; 3] = [
    "https://www.googleapis.com/auth/youtube",
    "https://www.googleapis.com/auth/youtube.force-ssl",
    "https://www.googleapis.com/auth/youtubepartner",
];

/// YouTube's own answers, then those of all of Google.
static ROWS: [Row; 46] = errors::with_shared([
    Row::on(0).coded("youtubeSignupRequired").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    // The channel's own cap, over all ways of uploading.
    Row::on(400).coded("uploadLimitExceeded").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    Row::on(403).coded("uploadLimitExceeded").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    Row::on(400).coded("invalidTitle").never(Code::CONTENT_REFUSED),
    Row::on(400).coded("invalidDescription").never(Code::CONTENT_REFUSED),
    Row::on(400).coded("invalidTags").never(Code::CONTENT_REFUSED),
    Row::on(400).coded("invalidCategoryId").never(Code::CONTENT_REFUSED),
    Row::on(400).coded("invalidPublishAt").never(Code::CONTENT_REFUSED),
    Row::on(400).coded("invalidRecordingDetails").never(Code::CONTENT_REFUSED),
    Row::on(400).coded("invalidVideoMetadata").never(Code::CONTENT_REFUSED),
    Row::on(400).coded("defaultLanguageNotSet").never(Code::CONTENT_REFUSED),
    Row::on(400).coded("invalidFilename").never(Code::MEDIA_REFUSED),
    Row::on(400).coded("mediaBodyRequired").never(Code::MEDIA_REFUSED),
    Row::on(400).at(THUMBNAIL).never(Code::MEDIA_REFUSED),
    Row::on(413).never(Code::MEDIA_REFUSED),
    Row::on(403).coded("forbiddenPrivacySetting").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(403).coded("forbiddenLicenseSetting").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(403).coded("authenticatedUserAccount*").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(403).coded("authenticatedUserNotChannel").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(403).coded("channelClosed").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(403).coded("channelSuspended").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(403).coded("accountDelegationForbidden").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(404).coded("videoNotFound").never(Code::REFERENCE_GONE),
    Row::on(404).coded("playlistNotFound").never(Code::REFERENCE_GONE),
    // The session has ended: another one is begun.
    Row::on(404).at(SESSION).retry(Code::MEDIA_NOT_READY, Scope::Post),
    Row::on(410).at(SESSION).retry(Code::MEDIA_NOT_READY, Scope::Post),
    // Seen at times, for no reason that anybody knows, and over by the next try.
    Row::on(409).at(BEGIN).retry(Code::OUT_OF_ORDER, Scope::Channel),
    Row::on(400).at(BEGIN).coded("badContent").never(Code::MEDIA_REFUSED),
]);

const OFFERS: Offers = Offers {
    text_alone: false,
    decides_later: true,
    settings: Known::These(&[
        "title",
        "privacy",
        "tags",
        "category",
        "made_for_kids",
        "made_with_ai",
        "notify_subscribers",
        "thumbnail",
        "playlist",
    ]),
    addresses: &["thumbnail"],
    account_settings: &[
        "auth_url",
        "privacy",
        "made_for_kids",
        "made_with_ai",
        "notify_subscribers",
        "category",
        "tags",
        "playlist",
        "api_version",
        "insecure",
    ],
    caps: caps::YOUTUBE,
    ..Offers::media(0, 1)
};

/// What YouTube's answers mean.
pub static TABLE: Table = Table { code_at: errors::CODE_AT, text_at: errors::TEXT_AT, told: errors::TOLD, rows: &ROWS };

/// YouTube.
pub struct YouTube {
    about: About,
    google: Google,
}

#[derive(Deserialize)]
struct List<T> {
    #[serde(default = "Vec::new")]
    items: Vec<T>,
    #[serde(rename = "nextPageToken")]
    next: Option<String>,
}

impl YouTube {
    /// The channel's name.
    pub const NAME: &str = "youtube";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "YouTube",
            repeat: RepeatSafety::Handle { settles_after: SETTLED },
            limits: Limits { text: TEXT, media: 1, takes: TAKES },
            threads: Threads::None,
            offers: OFFERS,
            server: Some("https://www.googleapis.com"),
            secrets: &[google::TOKEN],
            settings: &[],
            tokens: tokens::LIFE,
            arms: None,
            oauth: Some(&servers::YOUTUBE),
        };
        Self { about, google: Google { http, table: &TABLE, version: VERSION } }
    }

    fn request(&self, method: Method, account: &Account, path: &str) -> Result<reqwest::RequestBuilder, Failure> {
        self.google.request(method, account, &format!("youtube/{}/{path}", self.google.version(account)))
    }

    /// The video of this id; `None` if YouTube knows none.
    async fn read(&self, account: &Account, id: &str) -> Result<Option<Video>, Failure> {
        let query = [("part", "snippet,status,processingDetails"), ("id", id)];
        let request = self.request(Method::GET, account, "videos")?.query(&query);
        let list: List<Video> = self.google.ask(SHOW, account, request).await?;
        Ok(list.items.into_iter().find(|video| video.id == id))
    }

    /// A video that an earlier attempt has uploaded: whether there is still something to be done. `None`: all of it.
    async fn resumed(&self, call: &mut Call<'_>, id: &str, wanted: &str) -> Result<Option<State>, Failure> {
        let verdict = match self.read(call.account, id).await? {
            Some(video) => match video.state(wanted, &mark(&call.key(0))) {
                Ok(state) => return Ok(Some(state)),
                Err(verdict) => verdict,
            },
            None if upload::is_young(call, self.google.http.runtime().now()) => return Err(video::not_known_yet()),
            None => video::gone(),
        };
        // It can never be published. Whoever sends the post again, knowing that, means another upload.
        let was_known = call.target.last_failure.as_ref().is_some_and(|last| last.code == verdict.code);
        forget(call).await?;
        if was_known { Ok(None) } else { Err(verdict) }
    }

    /// Gives the video its final words and makes it public.
    async fn make_public(&self, call: &mut Call<'_>, id: &str, wanted: &str) -> Result<Published, Failure> {
        let account = call.account;
        let mut body = contents(call.draft, account, wanted, None);
        body["id"] = json!(id);
        let request = self.request(Method::PUT, account, "videos")?.query(&[("part", "snippet,status")]).json(&body);
        let point = call.publish_point(PUBLISH, 0).await?;
        let answer = self.google.http.publish(point, request).await?;
        let Some(video) = video::changed(&answer, id) else {
            let failure = self.google.judge(&answer, account);
            if failure.code == Code::REFERENCE_GONE {
                forget(call).await?;
            }
            return Err(failure);
        };
        match video.state(wanted, &mark(&call.key(0)))? {
            State::Out => self.out(call, id).await,
            State::Working => Ok(Published::Processing),
            State::Hidden => Err(video::locked(PUBLISH)),
        }
    }

    async fn out(&self, call: &mut Call<'_>, id: &str) -> Result<Published, Failure> {
        call.out(0, receipt(id)).await?;
        Ok(Published::Out)
    }
}

#[async_trait]
impl Channel for YouTube {
    fn about(&self) -> &About {
        &self.about
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = google::check_account(account);
        account.check_choice("privacy", &check::PRIVACY, &mut wrong);
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        check::draft(&self.about.limits, draft)
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        if call.receipt(0).is_some() {
            return Ok(Published::Out);
        }
        let wanted = privacy(call.draft, call.account);
        if let Some(id) = call.handle(VIDEO).map(str::to_owned) {
            match self.resumed(call, &id, wanted).await? {
                Some(State::Out) => return self.out(call, &id).await,
                Some(State::Working) => return Ok(Published::Processing),
                Some(State::Hidden) | None => {}
            }
        }
        let id = self.uploaded(call).await?;
        self.dress(call, &id).await?;
        self.make_public(call, &id, wanted).await
    }

    async fn find(&self, mark_of: &Mark<'_>) -> Result<Finding, Failure> {
        mark_of.account.check_transport()?;
        let Some(id) = mark_of.handle(VIDEO) else {
            return Ok(Finding::CannotTell("the video's id is not among the handles".into()));
        };
        let Some(video) = self.read(mark_of.account, id).await? else {
            return Ok(Finding::CannotTell("YouTube does not know the video, or somebody has deleted it".into()));
        };
        let wanted = privacy(mark_of.draft, mark_of.account);
        Ok(match video.state(wanted, &mark(&mark_of.key())) {
            Ok(State::Out) => Finding::Found(receipt(id)),
            // Private still, or public and still worked on, or refused: to be taken up again, which makes nothing twice and
            // leads to the verdict.
            _ => Finding::Absent,
        })
    }

    async fn poll(&self, mark_of: &Mark<'_>) -> Result<Verdict, Failure> {
        mark_of.account.check_transport()?;
        let Some(id) = mark_of.handle(VIDEO) else { return Ok(Verdict::Still) };
        let wanted = privacy(mark_of.draft, mark_of.account);
        let video = self.read(mark_of.account, id).await?;
        let state = video.map(|video| video.state(wanted, &mark(&mark_of.key())));
        let young = mark_of.is_young(upload::KNOWN_AFTER, self.google.http.runtime().now());
        Ok(match state {
            Some(Ok(State::Out)) => Verdict::Out(receipt(id)),
            Some(Ok(State::Working)) => Verdict::Still,
            // What was done a moment ago is not seen on every server.
            None | Some(Ok(State::Hidden)) if young => Verdict::Still,
            Some(Ok(State::Hidden)) => Verdict::Refused(video::locked(SHOW)),
            Some(Err(refusal)) => Verdict::Refused(refusal),
            None => Verdict::Refused(video::gone()),
        })
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        self.listed(account, since).await
    }

    fn wording(&self, draft: &Draft, _account: &Account, _part: u16) -> Wording {
        Wording::of(&Article::of(draft).title)
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        let granted = self.google.granted(account).await?;
        let channel = self.channel(account).await?;
        let may = granted.scopes.iter().any(|scope| SCOPES.contains(&scope.as_str()));
        let missing = if may { vec![] } else { vec![SCOPES[0].to_owned()] };
        Ok(Standing { missing, expires_at: granted.until, ..Standing::good(channel.snippet.title) })
    }

    fn can_renew(&self, account: &Account) -> bool {
        google::tokens::can_renew(account)
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        oauth::exchange(&self.google.http, &servers::YOUTUBE, ask).await
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        account.check_transport()?;
        self.google.renew(account).await
    }

    fn id_in(&self, address: &str) -> Option<String> {
        let address = Address::at(address, &["youtube.com", "youtu.be"])?;
        match address.path().as_slice() {
            ["watch"] => name(&address.query("v")?).map(str::to_owned),
            ["shorts" | "live", id] => name(id).map(str::to_owned),
            [id] if address.is_at("youtu.be") => name(id).map(str::to_owned),
            _ => None,
        }
    }

    fn is_foreign(&self, address: &str) -> bool {
        self.id_in(address).is_none()
    }
}

/// The next try uploads the video anew, with all that goes with it.
async fn forget(call: &mut Call<'_>) -> Result<(), Failure> {
    for handle in [VIDEO, UPLOAD, THUMBNAIL_DONE, PLAYLIST_DONE] {
        if call.handle(handle).is_some() {
            call.forget(handle).await?;
        }
    }
    Ok(())
}

/// What the video is to be in the end.
fn privacy<'a>(draft: &'a Draft, account: &'a Account) -> &'a str {
    option(draft, account, "privacy").unwrap_or("public")
}

/// The tag by which we know our upload while it is private: nobody else's, and the same on every try.
fn mark(key: &str) -> String {
    format!("oncepost-{key}")
}

/// What a video is made of. What is left out of a change, YouTube sets back to its default.
fn contents(draft: &Draft, account: &Account, privacy: &str, mark: Option<String>) -> Value {
    let article = Article::with_link(draft);
    let tags: Vec<String> = check::tags(option(draft, account, "tags").unwrap_or_default()).chain(mark).collect();
    let mut body = json!({
        "snippet": {
            "title": article.title,
            "description": article.sections.first().map(|section| section.text.as_str()).unwrap_or_default(),
            "tags": tags,
            "categoryId": option(draft, account, "category").unwrap_or(CATEGORY),
        },
        "status": { "privacyStatus": privacy },
    });
    for (setting, field) in [("made_for_kids", "selfDeclaredMadeForKids"), ("made_with_ai", "containsSyntheticMedia")] {
        if let Some(value) = option(draft, account, setting) {
            body["status"][field] = json!(value == "true");
        }
    }
    body
}

fn receipt(id: &str) -> Receipt {
    Receipt { id: id.to_owned(), url: Some(format!("https://www.youtube.com/watch?v={id}")) }
}
