//! Publishes to a Slack conversation: through a bot, or through an incoming webhook.
//!
//! Slack promises nothing for a repeated call, and says most refusals with status 200. Every message of a bot carries a mark of ours in
//! its metadata, by which it is found again. An incoming webhook names nothing that it made: of an unknown outcome there only a person
//! can tell.

mod files;
mod hook;
mod look;
mod message;
mod refresh;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, LookUp, Part, Receipt, RepeatSafety, Scope};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    About, Account, AccountCard, Answer, Call, Channel, Count, ExchangeAsk, Granted, Http, Known, Limit, Limits,
    Listed, Mark, Objection, Offers, Published, Row, Safety, Standing, Table, Takes, Threads, Tokens, Told, Unit,
    Variant, Wording,
    address::{Address, number},
    oauth::{self, servers},
    text,
};

/// Publish points. Their names begin alike: the rows about answers that prove nothing hold for all three.
const POST: &str = "post message";
const SHARE: &str = "post files";
const HOOK: &str = "post to webhook";
const POINTS: &str = "post ";
const TICKET: &str = "get upload address";
const UPLOAD: &str = "upload file";
const COMPLETE: &str = "complete upload";
const WHO: &str = "test credentials";
const TOKEN: &str = "bot_token";
const CHANNEL: &str = "channel";
/// The setting that says by which door the account publishes, and its values.
const VIA: &str = "via";
const BOT: &str = "bot";
const WEBHOOK: &str = "webhook";
/// The setting that says whether the bot may read the conversation, and its values.
const LOOK_UP: &str = "look_up";
const HISTORY: &str = "history";
const NONE: &str = "none";
/// The setting by which an account takes Slack's `ok` for proof.
const PROOF: &str = "proof";
const OK: &str = "ok";
/// Longer than Slack works on a request, and later than any history is: unconfirmed, so both are generous.
const LISTED: LookUp = LookUp { settles_after: Duration::from_secs(60), sure_after: Duration::from_secs(5 * 60) };
const MOST_PARTS: u16 = 50;
const MOST_MEDIA: usize = 10;
/// Slack cuts longer texts off or into pieces.
const TEXT: Count = Count::new(Unit::Chars, 4000);
/// What a block beside pictures takes.
const SECTION: Count = Count::new(Unit::Chars, 3000);
const CHOICES: [(&str, &[&str]); 3] =
    [("format", &["plain", "mrkdwn"]), ("unfurl_links", &["true", "false"]), ("unfurl_media", &["true", "false"])];
const OFFERS: Offers = Offers {
    limits: &[Limit::text("text with pictures", SECTION)],
    variants: &[
        Variant::new(LOOK_UP, NONE, "where the bot may not read"),
        Variant::new(VIA, WEBHOOK, "through an incoming webhook"),
    ],
    settings: Known::These(&["format", "unfurl_links", "unfurl_media"]),
    account_settings: &["auth_url", "via", "channel", "workspace", "look_up", "proof", "insecure"],
    ..Offers::media(MOST_MEDIA, MOST_MEDIA)
};

const fn dead(code: &'static str) -> Row {
    Row::on(200).coded(code).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect)
}

const fn forbidden(code: &'static str) -> Row {
    Row::on(200).coded(code).fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission)
}

const fn gone(code: &'static str) -> Row {
    Row::on(200).coded(code).fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup)
}

const fn refused(code: &'static str) -> Row {
    Row::on(200).coded(code).never(Code::CONTENT_REFUSED)
}

const fn limited(code: &'static str) -> Row {
    Row::on(200).coded(code).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account)
}

/// Slack itself says that a part of it may have been done.
const fn half_done(code: &'static str) -> Row {
    Row::on(200).coded(code).at(POINTS).in_doubt().retry(Code::ERROR_AFTER_SEND, Scope::Channel)
}

/// What Slack's answers mean. Those of an incoming webhook are plain texts.
pub static TABLE: Table = Table {
    code_at: &["/error"],
    text_at: &["/response_metadata/messages/0", "/errors/0", "/needed", "/error"],
    told: &[Told::RetryAfter],
    rows: &[
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        limited("ratelimited"),
        limited("rate_limited"),
        limited("message_limit_exceeded"),
        Row::on(200).coded("token_expired").fix(Code::TOKEN_EXPIRED, Scope::Account, Fix::Reconnect),
        dead("invalid_auth"),
        dead("token_revoked"),
        dead("account_inactive"),
        dead("not_authed"),
        dead("invalid_refresh_token"),
        Row::on(200).coded("bad_client_secret").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        Row::on(200).coded("invalid_client_id").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
        forbidden("missing_scope"),
        forbidden("no_permission"),
        forbidden("not_in_channel"),
        forbidden("restricted_action"),
        forbidden("restricted_action_read_only_channel"),
        forbidden("restricted_action_thread_only_channel"),
        forbidden("restricted_action_non_threadable_channel"),
        forbidden("ekm_access_denied"),
        forbidden("access_denied"),
        gone("channel_not_found"),
        gone("is_archived"),
        gone("team_not_found"),
        Row::on(200).coded("thread_not_found").never(Code::REFERENCE_GONE),
        Row::on(200).coded("invalid_blocks").saying("slack file").retry(Code::MEDIA_NOT_READY, Scope::Post),
        Row::on(200).coded("file_not_found").retry(Code::MEDIA_NOT_READY, Scope::Post),
        refused("msg_too_long"),
        refused("msg_blocks_too_long"),
        refused("no_text"),
        refused("invalid_blocks"),
        refused("invalid_blocks_format"),
        refused("too_many_attachments"),
        refused("invalid_arguments"),
        Row::on(200).coded("file_upload_size_restricted").never(Code::MEDIA_REFUSED),
        Row::on(413).at(UPLOAD).never(Code::MEDIA_REFUSED),
        half_done("internal_error"),
        half_done("fatal_error"),
        half_done("service_unavailable"),
        half_done("request_timeout"),
        Row::on(400).at(HOOK).saying("invalid_payload").never(Code::CONTENT_REFUSED),
        Row::on(400).at(HOOK).saying("invalid_blocks").never(Code::CONTENT_REFUSED),
        Row::on(400).at(HOOK).saying("no_text").never(Code::CONTENT_REFUSED),
        Row::on(403).at(HOOK).saying("invalid_token").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(403).at(HOOK).saying("action_prohibited").fix(
            Code::PERMISSION_MISSING,
            Scope::Account,
            Fix::Permission,
        ),
        Row::on(404).at(HOOK).saying("channel_not_found").fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup),
        Row::on(404).at(HOOK).saying("no_service").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(410).at(HOOK).saying("channel_is_archived").fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup),
    ],
};

/// Slack.
pub struct Slack {
    http: Http,
    about: About,
}

/// What we read of a message that was made.
#[derive(Deserialize)]
struct Posted {
    ok: bool,
    channel: String,
    ts: String,
}

impl Slack {
    /// The channel's name.
    pub const NAME: &str = "slack";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Slack",
            repeat: RepeatSafety::LookUp(LISTED),
            limits: Limits { text: &[TEXT], media: MOST_MEDIA, takes: Takes::ANY },
            threads: Threads::PerPart(MOST_PARTS),
            offers: OFFERS,
            server: None,
            secrets: &[TOKEN],
            settings: &[],
            tokens: refresh::LIFE,
            arms: None,
            oauth: Some(&servers::SLACK),
        };
        Self { http, about }
    }

    /// A call of the Web API.
    fn request(&self, account: &Account, method: &str) -> Result<RequestBuilder, Failure> {
        let token = account.secret(TOKEN)?;
        Ok(self.http.request(Method::POST, account.url(&format!("api/{method}"))).bearer_auth(token.reveal()))
    }

    /// Calls a free step of the Web API. Success is `"ok": true`, whatever the status says.
    async fn ask<T: for<'a> Deserialize<'a>>(
        &self,
        step: &'static str,
        account: &Account,
        method: &str,
        fields: &[(&str, String)],
    ) -> Result<T, Failure> {
        let answer = self.http.free(step, self.request(account, method)?.form(fields)).await?;
        let is_ok = answer.json::<Value>().is_some_and(|body| body["ok"] == true);
        answer.json().filter(|_| answer.is_success() && is_ok).ok_or_else(|| TABLE.judge(&answer, account))
    }

    async fn publish_part(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Receipt, Failure> {
        let files = self.files(call, number, part).await?;
        if files.iter().any(|file| !file.is_image()) {
            return self.share(call, number, part, &files).await;
        }
        let account = call.account;
        let request = self.request(account, "chat.postMessage")?.json(&message::of(call, number, part, &files)?);
        let point = call.publish_point(POST, number).await?;
        let answer = self.http.publish(point, request).await?;
        let posted: Option<Posted> = answer.json().filter(|posted: &Posted| answer.is_success() && posted.ok);
        let receipt = posted.map(|posted| receipt(account, &posted.channel, &posted.ts)).filter(Receipt::is_proof);
        receipt.ok_or_else(|| TABLE.judge(&answer, account))
    }
}

#[async_trait]
impl Channel for Slack {
    fn about(&self) -> &About {
        &self.about
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        let listed = account.is_as_strong_as(VIA, BOT) && account.is_as_strong_as(LOOK_UP, HISTORY);
        Safety { repeat: if listed { RepeatSafety::LookUp(LISTED) } else { RepeatSafety::Nothing }, arms: None }
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = Vec::new();
        account.check_choice(VIA, &[BOT, WEBHOOK], &mut wrong);
        account.check_choice(LOOK_UP, &[HISTORY, NONE], &mut wrong);
        servers::SLACK.check_account(account, &mut wrong);
        if account.setting(VIA) == Some(WEBHOOK) && account.setting(PROOF) != Some(OK) {
            let why = "an incoming webhook gives no id, so every post would wait for a person";
            wrong.push(format!("settings.{PROOF} is not \"{OK}\": {why}; write {OK} to take Slack's \"ok\" for proof"));
        }
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let written = message::written(draft);
        let mut objections = self.about.limits.check(&written, MOST_PARTS);
        for (n, part) in text::parts(&written).iter().enumerate().filter(|(_, part)| !part.media.is_empty()) {
            let length = SECTION.of(&part.text);
            if length > SECTION.most && length <= TEXT.most {
                let path = if n == 0 { "text".to_owned() } else { format!("thread[{}].text", n - 1) };
                let message =
                    format!("beside media the text has {length} characters; the channel takes {}", SECTION.most);
                let objection = Objection::new(path, Code::TEXT_TOO_LONG, message, "shorten it, or make it a thread");
                objections.push(objection.with_excess(length, SECTION.most));
            }
        }
        for (name, known) in CHOICES {
            let value = draft.0.settings.get(name).map(String::as_str);
            if value.is_some_and(|value| !known.contains(&value)) {
                let message = format!("the value of \"{name}\" is none that Slack knows");
                let remedy = format!("use {}", known.join(" or "));
                objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
            }
        }
        objections
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        let by_hook = call.account.setting(VIA) == Some(WEBHOOK);
        let parts = text::parts(&message::written(call.draft));
        for (number, part) in (0_u16..).zip(&parts).skip(usize::from(call.next_part())) {
            let receipt = match by_hook {
                true => self.publish_by_hook(call, number, part).await?,
                false => self.publish_part(call, number, part).await?,
            };
            call.out(number, receipt).await?;
        }
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        mark.account.check_transport()?;
        if !matches!(self.safety(&mark.account.card()).repeat, RepeatSafety::LookUp(_)) {
            return Ok(Finding::CannotTell(UNREAD.into()));
        }
        self.look(mark).await
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        if !matches!(self.safety(&account.card()).repeat, RepeatSafety::LookUp(_)) {
            return Ok(Listed::cannot_tell(UNREAD));
        }
        self.listed(account, since).await
    }

    /// What follows the first part stands in its thread.
    fn is_listed(&self, _draft: &Draft, _account: &Account, part: u16) -> bool {
        part == 0
    }

    fn wording(&self, draft: &Draft, _account: &Account, part: u16) -> Wording {
        let parts = text::parts(&message::written(draft));
        parts.get(usize::from(part)).map(|part| Wording::of(&message::shown(&part.text))).unwrap_or_default()
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        if account.setting(VIA) == Some(WEBHOOK) {
            return Ok(Standing::unknown());
        }
        let answer = self.http.free(WHO, self.request(account, "auth.test")?).await?;
        self.standing(account, &answer)
    }

    fn can_renew(&self, account: &Account) -> bool {
        account.setting(VIA) != Some(WEBHOOK) && refresh::can_renew(account)
    }

    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        oauth::exchange(&self.http, &servers::SLACK, ask).await
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        account.check_transport()?;
        self.renew(account).await
    }

    fn id_in(&self, address: &str) -> Option<String> {
        let address = Address::at(address, &["slack.com", "slack-gov.com"])?;
        match address.path().as_slice() {
            ["archives", _, id] => {
                number(id.strip_prefix('p')?)?;
                Some(message::stamp(id)).filter(|stamp| stamp.contains('.'))
            }
            _ => None,
        }
    }

    fn is_foreign(&self, address: &str) -> bool {
        self.id_in(address).is_none()
    }

    fn places(&self, post: &Receipt) -> Vec<String> {
        let address = post.url.as_deref().and_then(Address::read);
        address.as_ref().and_then(|address| address.behind("archives")).map(str::to_owned).into_iter().collect()
    }

    /// A conversation may be named in the settings; an address holds its id.
    fn place_of(&self, card: &AccountCard) -> Option<String> {
        let is_id = |text: &&str| {
            text.starts_with(['C', 'D', 'G'])
                && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        };
        card.setting(CHANNEL).filter(is_id).map(str::to_owned)
    }
}

impl Slack {
    fn standing(&self, account: &Account, answer: &Answer) -> Result<Standing, Failure> {
        let body: Value =
            answer.json().filter(|body: &Value| body["ok"] == true).ok_or_else(|| TABLE.judge(answer, account))?;
        let mut standing = Standing::good(body["user"].as_str().unwrap_or_default());
        // Slack names the scopes in a header field. Without it nothing is known of them.
        let Some(scopes) = answer.header("x-oauth-scopes") else { return Ok(standing) };
        let has = |fits: &dyn Fn(&str) -> bool| scopes.split(',').any(|scope| fits(scope.trim()));
        if !has(&|scope| scope == "chat:write") {
            standing.missing.push("chat:write".into());
        }
        let looks = matches!(self.safety(&account.card()).repeat, RepeatSafety::LookUp(_));
        if looks && !has(&|scope| scope.ends_with(":history")) {
            standing.missing.push("channels:history".into());
        }
        // What pictures and videos take.
        for wanted in ["files:write", "files:read"] {
            if !has(&|scope| scope == wanted) {
                standing.missing.push(wanted.into());
            }
        }
        Ok(standing)
    }
}

/// Why nothing is told of some accounts.
const UNREAD: &str = "the account may not read the conversation";

/// The conversation that the account publishes to.
fn conversation(account: &Account) -> Result<&str, Failure> {
    account.setting(CHANNEL).filter(|channel| !channel.is_empty()).ok_or_else(|| {
        let why = format!("setting \"{CHANNEL}\": the settings name none");
        Failure::system(Code::CREDENTIALS_MISSING, "open account", why)
    })
}

/// The proof of a message. Its address needs the workspace's, which the account may name.
fn receipt(account: &Account, channel: &str, ts: &str) -> Receipt {
    let address =
        |workspace: &str| format!("{}/archives/{channel}/p{}", workspace.trim_end_matches('/'), ts.replace('.', ""));
    Receipt { id: ts.into(), url: account.setting("workspace").map(address) }
}
