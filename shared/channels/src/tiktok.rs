//! Publishes to TikTok by its Content Posting API.
//!
//! A video is uploaded in chunks and goes out by itself once its last byte is there: the last chunk is the publish point, and all
//! before it may be repeated. What became of it is told by its publish id, which is stored before the first byte is sent, and its
//! upload makes one post however often the last chunk is sent. Pictures are fetched by TikTok and go out with the request for them:
//! if the answer to that is lost, there is no publish id, and all that is left is the listing of what is public.

mod check;
mod creator;
mod look;
mod photos;
mod status;
mod tokens;
mod upload;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Landed, LookUp, PlatformWords, RepeatSafety, Scope, Worth};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    About, Account, AccountCard, Answer, Call, Channel, ExchangeAsk, Granted, Http, Known, Limits, Listed, Mark,
    Objection, Offers, Published, Row, Standing, Table, Threads, TokenLife, Tokens, Told, Verdict,
    address::{Address, is_short, number},
    caps,
    oauth::{self, servers},
};
use status::Progress;
use upload::Upload;

const CREATOR: &str = "ask creator";
const BEGIN: &str = "begin upload";
const CHUNK: &str = "upload chunk";
const LAST_CHUNK: &str = "upload last chunk";
/// What the names of both steps that carry bytes begin with.
const UPLOAD: &str = "upload";
const POST: &str = "post pictures";
const STATUS: &str = "ask status";
const REFRESH: &str = "refresh token";
const TOKEN: &str = "access_token";
/// The version of the API that is spoken, unless the account's `api_version` says another.
const VERSION: &str = "v2";
const AGAIN: Worth = Worth::Retry { not_before: None };
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Caps that count the last 24 hours. They have no header field that says when there is room again.
const DAILY: [&str; 3] = ["spam_risk_too_many_posts", "spam_risk_too_many_pending_share", "reached_active_user_cap"];
const LOOK_UP: LookUp = LookUp {
    // Longer than TikTok works on a request.
    settles_after: Duration::from_secs(60),
    // How far the status lags behind the upload is not known; this is far more than was ever seen.
    sure_after: Duration::from_secs(10 * 60),
};

const OFFERS: Offers = Offers {
    text_alone: false,
    decides_later: true,
    settings: Known::These(&[
        "privacy_level",
        "disable_comment",
        "brand_content_toggle",
        "brand_organic_toggle",
        "disable_duet",
        "disable_stitch",
        "is_aigc",
        "video_cover_timestamp_ms",
        "auto_add_music",
        "photo_cover_index",
        "title",
    ]),
    account_settings: &["auth_url", "privacy_level", "audited", "api_version", "insecure"],
    caps: caps::TIKTOK,
    ..Offers::media(check::MOST_PICTURES, 1)
};

/// What TikTok's answers mean.
pub static TABLE: Table = Table {
    // Errors of tokens are flat.
    code_at: &["/error/code", "/error"],
    text_at: &["/error/message", "/error_description", "/message"],
    told: &[Told::RetryAfter],
    rows: &[
        // Bytes: what a refusal of the last ones proves is not known, for an earlier call may have brought them.
        Row::on(400).at(UPLOAD).in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
        Row::on(403).at(UPLOAD).in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
        Row::on(404).at(UPLOAD).in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
        Row::on(416).at(UPLOAD).in_doubt().retry(Code::MEDIA_NOT_READY, Scope::Post),
        Row::on(429).at(UPLOAD).in_doubt().retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(0).at(REFRESH).coded("invalid_grant").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(0).at(REFRESH).coded("invalid_client").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(0).at(REFRESH).coded("invalid_request").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(4).coded("access_token_invalid").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(4).coded("scope_not_authorized").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(4).coded("scope_permission_missed").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(4).coded("spam_risk_too_many_posts").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(4).coded("spam_risk_too_many_pending_share").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(4).coded("spam_risk_user_banned_from_posting").fix(
            Code::ACCOUNT_RESTRICTED,
            Scope::Account,
            Fix::Account,
        ),
        // How many different creators may post through the app: everything waits, and no account is to blame.
        Row::on(4).coded("reached_active_user_cap").retry(Code::RATE_LIMITED_APP, Scope::App),
        Row::on(4).coded("unaudited_client_can_only_post_to_private_accounts").fix(
            Code::APP_MISCONFIGURED,
            Scope::App,
            Fix::Setup,
        ),
        // It is about one address; others may be verified.
        Row::on(4).coded("url_ownership_unverified").fix(Code::APP_MISCONFIGURED, Scope::Post, Fix::Setup),
        Row::on(4).coded("privacy_level_option_mismatch").fix(Code::BAD_SETTING, Scope::Post, Fix::Content),
        Row::on(4).coded("spam_risk*").never(Code::CONTENT_REFUSED),
        Row::on(4).coded("invalid_file_upload").never(Code::MEDIA_REFUSED),
        Row::on(4).at(STATUS).coded("invalid_publish_id").never(Code::REFERENCE_GONE),
        Row::on(4).at(STATUS).coded("token_not_authorized_for_specified_publish_id").never(Code::REFERENCE_GONE),
        Row::on(4).coded("rate_limit_exceeded").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(4).coded("invalid_param*").never(Code::CONTENT_REFUSED),
    ],
};

/// TikTok.
pub struct TikTok {
    http: Http,
    about: About,
}

impl TikTok {
    /// The channel's name.
    pub const NAME: &str = "tiktok";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "TikTok",
            repeat: RepeatSafety::LookUp(LOOK_UP),
            limits: Limits { text: check::CAPTION, media: check::MOST_PICTURES, takes: check::TAKES },
            threads: Threads::None,
            offers: OFFERS,
            server: Some("https://open.tiktokapis.com"),
            secrets: &[TOKEN],
            settings: &[],
            tokens: TokenLife::Refreshed {
                life: 2 * HOUR,
                refresh_life: Some(180 * DAY),
                repeat: tokens::GRANT.repeat,
            },
            arms: None,
            oauth: Some(&servers::TIKTOK),
        };
        Self { http, about }
    }

    fn request(&self, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        let token = account.secret(TOKEN)?;
        let version = account.setting("api_version").unwrap_or(VERSION);
        Ok(self.http.request(Method::POST, account.url(&format!("{version}/{path}"))).bearer_auth(token.reveal()))
    }

    /// What stands in `data` of the answer to a free step.
    async fn free<T: DeserializeOwned>(
        &self,
        step: &'static str,
        account: &Account,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let answer = self.http.free(step, request).await?;
        data(&answer).ok_or_else(|| judge(&answer, account))
    }

    /// Goes on with what an earlier attempt began. `None`: nothing of it is of use, and nothing of it is out.
    async fn go_on(&self, call: &mut Call<'_>, upload: Upload) -> Result<Option<Published>, Failure> {
        let progress = match self.progress(call.account, &upload).await {
            Err(failure) if failure.code == Code::REFERENCE_GONE => {
                upload::forget(call).await?;
                return Ok(None);
            }
            progress => progress?,
        };
        match progress {
            Progress::Uploading(have) if upload.is_short_of(have) => match upload.resumed(have, self.now()) {
                Some(upload) => self.send(call, upload).await,
                None => upload::forget(call).await.map(|()| None),
            },
            Progress::Failed(reason) => {
                let last = call.target.last_failure.as_ref();
                let told = last.is_some_and(|last| last.step == STATUS && last.landed == Landed::No);
                upload::forget(call).await?;
                let failure = status::verdict(&reason, self.now());
                // A person who sends it again has read the verdict.
                if told || matches!(failure.worth, Worth::Retry { .. }) { Ok(None) } else { Err(failure) }
            }
            progress => self.settle(call, &upload, progress).await.map(Some),
        }
    }

    /// What is told of something that is whole.
    async fn settle(&self, call: &mut Call<'_>, upload: &Upload, progress: Progress) -> Result<Published, Failure> {
        match progress {
            Progress::Failed(reason) => {
                upload::forget(call).await?;
                Err(status::verdict(&reason, self.now()))
            }
            progress => match progress.receipt(upload, self.now()) {
                Some(receipt) => call.out(0, receipt).await.map(|()| Published::Out),
                None => Ok(Published::Processing),
            },
        }
    }

    /// Accepted: asked about once, then by polls.
    async fn accepted(&self, call: &mut Call<'_>, upload: &Upload) -> Result<Published, Failure> {
        match self.progress(call.account, upload).await {
            Ok(progress) => self.settle(call, upload, progress).await,
            Err(_) => Ok(Published::Processing),
        }
    }

    fn now(&self) -> Timestamp {
        self.http.runtime().now()
    }
}

#[async_trait]
impl Channel for TikTok {
    fn about(&self) -> &About {
        &self.about
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = check::account(account);
        servers::TIKTOK.check_account(account, &mut wrong);
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        check::draft(draft)
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        if call.receipt(0).is_some() {
            return Ok(Published::Out);
        }
        let begun = Upload::kept(call.handle(upload::HANDLE)).filter(Upload::is_named);
        if let Some(upload) = begun
            && let Some(published) = self.go_on(call, upload).await?
        {
            return Ok(published);
        }
        self.begin(call).await
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        match Upload::kept(mark.handle(upload::HANDLE)) {
            Some(upload) if upload.is_named() => self.find_by_id(mark, &upload).await,
            Some(upload) => self.look(mark, &upload).await,
            // Whatever makes something visible is written down before.
            None => Ok(Finding::Absent),
        }
    }

    async fn poll(&self, mark: &Mark<'_>) -> Result<Verdict, Failure> {
        mark.account.check_transport()?;
        let Some(upload) = Upload::kept(mark.handle(upload::HANDLE)) else { return Ok(Verdict::Still) };
        match self.progress(mark.account, &upload).await? {
            Progress::Failed(reason) => {
                let failure = status::verdict(&reason, self.now());
                let again = matches!(failure.worth, Worth::Retry { .. });
                Ok(if again { Verdict::NotOut(failure) } else { Verdict::Refused(failure) })
            }
            progress => Ok(progress.receipt(&upload, self.now()).map_or(Verdict::Still, Verdict::Out)),
        }
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        self.listed(account, since).await
    }

    /// What is not public, or still moderated, is not listed: absence means nothing.
    fn is_listed(&self, _draft: &Draft, _account: &Account, _part: u16) -> bool {
        false
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        self.standing(account).await
    }

    fn can_renew(&self, account: &Account) -> bool {
        tokens::can_renew(account)
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        oauth::exchange(&self.http, &servers::TIKTOK, ask).await
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        account.check_transport()?;
        self.renew(account).await
    }

    fn id_in(&self, address: &str) -> Option<String> {
        let address = Address::at(address, &["tiktok.com"])?;
        let id = address.behind("video").or_else(|| address.behind("photo"))?;
        number(id).map(str::to_owned)
    }

    fn is_foreign(&self, address: &str) -> bool {
        let is_shared = || Address::at(address, &["tiktok.com"]).is_some_and(|address| address.behind("t").is_some());
        self.id_in(address).is_none() && !is_short(address, &["vm.tiktok.com", "vt.tiktok.com"]) && !is_shared()
    }

    fn account_in(&self, address: &str) -> Option<String> {
        let address = Address::at(address, &["tiktok.com"])?;
        address.path().first()?.strip_prefix('@').filter(|named| !named.is_empty()).map(str::to_owned)
    }
}

/// What stands in `data` of an answer that says that all is well.
fn data<T: DeserializeOwned>(answer: &Answer) -> Option<T> {
    #[derive(Deserialize)]
    struct Envelope<T> {
        data: T,
        error: Word,
    }
    #[derive(Deserialize)]
    struct Word {
        code: String,
    }
    let envelope: Envelope<T> = answer.json().filter(|_| answer.is_success())?;
    (envelope.error.code == "ok").then_some(envelope.data)
}

/// What an answer means by the table, and by what stands outside of it: whether a token can be renewed, and when there may be room
/// again under a limit whose end TikTok does not tell.
fn judge(answer: &Answer, account: &Account) -> Failure {
    // A refusal may come with a status of success. At a publish point that proves nothing.
    let refused = (!answer.point && answer.is_success()).then(|| Answer { status: 400, ..answer.clone() });
    let mut failure = TABLE.judge(refused.as_ref().unwrap_or(answer), account);
    failure.said.status = Some(answer.status);
    // TikTok does not say why it refuses a token; where there is another to renew it by, it has most likely just ended.
    if failure.code == Code::TOKEN_REVOKED && answer.step != REFRESH && tokens::can_renew(account) {
        failure.code = Code::TOKEN_EXPIRED;
    }
    once_there_is_room(failure, answer.at)
}

/// A failure by a limit whose end TikTok did not tell, with the time after `at` when there may be room again.
fn once_there_is_room(failure: Failure, at: Timestamp) -> Failure {
    if !failure.is_rate_limit() || failure.not_before().is_some() {
        return failure;
    }
    let daily = failure.said.code.as_deref().is_some_and(|code| DAILY.contains(&code));
    let (window, wait) = if daily { ("24 hours", HOUR) } else { ("minute", MINUTE) };
    let at = at.checked_add(wait).ok();
    let when = at.map_or_else(String::new, |at| at.strftime(", next at %Y-%m-%d %H:%M UTC").to_string());
    let said = format!("{} (counted over the last {window}; tried again then{when})", failure.said.text);
    let said = PlatformWords { text: PlatformWords::text(said).text, ..failure.said };
    Failure { said, worth: Worth::Retry { not_before: at }, ..failure }
}

/// A failure of this post before anything was published.
fn failure(code: Code, step: &str, worth: Worth, said: impl AsRef<str>) -> Failure {
    Failure { code, landed: Landed::No, worth, scope: Scope::Post, step: step.into(), said: PlatformWords::text(said) }
}

/// One that a person mends by changing the post.
fn wrong(code: Code, step: &str, said: impl AsRef<str>) -> Failure {
    failure(code, step, Worth::AfterFix { fix: Fix::Content }, said)
}
