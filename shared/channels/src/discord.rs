//! Publishes to a Discord channel: through a bot, or through a webhook.
//!
//! For a few minutes Discord gives a bot that repeats a nonce the message it has made already; two of them are taken for sure. After that
//! the channel is read. A webhook has no nonce and reads nothing: of an unknown outcome there only a person can tell.

mod look;
mod message;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, LookUp, Part, Receipt, RepeatSafety, Scope, Worth};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    About, Account, AccountCard, Answer, Call, Channel, Count, Http, Kind, Known, Limits, Listed, Mark, Objection,
    Offers, Published, Row, Safety, Standing, Table, Takes, Threads, TokenLife, Told, Unit, Variant,
    address::{Address, number},
    text,
};

/// Publish points.
const POST: &str = "create message";
const HOOK: &str = "execute webhook";
const WHO: &str = "get user";
const WHERE: &str = "get channel";
const TOKEN: &str = "bot_token";
const ADDRESS: &str = "webhook_url";
const CHANNEL: &str = "channel_id";
const THREAD: &str = "thread_id";
const VERSION: &str = "10";
/// The setting that says by which door the account publishes, and its values.
const VIA: &str = "via";
const BOT: &str = "bot";
const WEBHOOK: &str = "webhook";
/// The setting that says whether the bot may read the channel, and its values.
const LOOK_UP: &str = "look_up";
const HISTORY: &str = "history";
const NONE: &str = "none";
/// "The past few minutes": what is safe to take of it.
const KEPT_FOR: Duration = Duration::from_secs(120);
const SETTLED: Duration = Duration::from_secs(15);
/// Later than any listing is: unconfirmed, so it is generous.
const LISTED: LookUp = LookUp { settles_after: SETTLED, sure_after: Duration::from_secs(5 * 60) };
/// What an address is held for that Discord's edge has shut out: as long as it counts what it does not like.
const SHUT_OUT: Duration = Duration::from_secs(600);
const MOST_PARTS: u16 = 50;
const MOST_MEDIA: usize = 10;
/// Discord counts characters, it seems. UTF-16 units are never fewer.
const TEXT: Count = Count::new(Unit::Utf16, 2000);
const CHOICES: [(&str, &[&str]); 3] =
    [("mentions", &["none", "all"]), ("link_preview", &["true", "false"]), ("silent", &["true", "false"])];
const OFFERS: Offers = Offers {
    variants: &[
        Variant::new(LOOK_UP, NONE, "where the bot may not read"),
        Variant::new(VIA, WEBHOOK, "through a webhook"),
    ],
    settings: Known::These(&["mentions", "link_preview", "silent"]),
    account_settings: &["via", "channel_id", "thread_id", "guild_id", "look_up", "api_version", "insecure"],
    ..Offers::media(MOST_MEDIA, MOST_MEDIA)
};

const fn forbidden(code: &'static str) -> Row {
    Row::on(403).coded(code).fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission)
}

const fn gone(status: u16, code: &'static str) -> Row {
    Row::on(status).coded(code).fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup)
}

const fn refused(code: &'static str) -> Row {
    Row::on(400).coded(code).never(Code::CONTENT_REFUSED)
}

/// What every server takes; boosted ones take more.
const MOST_FILE_BYTES: u64 = 10 * 1024 * 1024;
const TAKES: &[Takes] = &[Takes::new(Kind::PICTURES, MOST_FILE_BYTES), Takes::new(Kind::VIDEOS, MOST_FILE_BYTES)];

/// What Discord's answers mean. Of a refusal that holds the account nothing is tried again by itself: ten thousand refusals in ten
/// minutes shut an address out. Whom a rate limit concerns, header fields say.
pub static TABLE: Table = Table {
    code_at: &["/code"],
    text_at: &["/errors/message_reference/_errors/0/message", "/errors/content/_errors/0/message", "/message"],
    told: &[Told::RetryAfter, Told::BodySeconds("/retry_after")],
    rows: &[
        Row::on(401).coded("0").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(401).coded("50027").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        forbidden("50001"),
        forbidden("50013"),
        forbidden("50007"),
        forbidden("40001"),
        forbidden("40333"),
        forbidden("160005"),
        Row::on(403).coded("40002").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
        gone(404, "10003"),
        gone(404, "10015"),
        gone(400, "50083"),
        gone(400, "50008"),
        Row::on(404).coded("10008").never(Code::REFERENCE_GONE),
        Row::on(400).coded("50035").saying("unknown message").never(Code::REFERENCE_GONE),
        refused("50035"),
        refused("50006"),
        refused("200000"),
        refused("200001"),
        Row::on(413).never(Code::MEDIA_REFUSED),
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    ],
};

/// What an answer means, with whom a rate limit concerns.
fn judge(answer: &Answer, account: &Account) -> Failure {
    let failure = TABLE.judge(answer, account);
    if failure.code != Code::RATE_LIMITED_ACCOUNT {
        return failure;
    }
    let Some(body) = answer.json::<Value>().filter(Value::is_object) else {
        // Not the API's own: the edge in front of it has shut us out, whatever we ask for.
        let at_least = answer.at.checked_add(SHUT_OUT).unwrap_or(Timestamp::MAX);
        let not_before = Some(failure.not_before().map_or(at_least, |told| told.max(at_least)));
        return concerning_all(Failure { worth: Worth::Retry { not_before }, ..failure }, account);
    };
    // A bot has one count for everything it does. What several bots share is their channel's, which is the account.
    let global = body["global"] == true || answer.header("x-ratelimit-scope") == Some("global");
    if global { concerning_all(failure, account) } else { failure }
}

/// Holds everything that goes through the account's app, where it names one.
fn concerning_all(failure: Failure, account: &Account) -> Failure {
    match account.app {
        Some(_) => Failure { code: Code::RATE_LIMITED_APP, scope: Scope::App, ..failure },
        None => failure,
    }
}

/// Discord.
pub struct Discord {
    http: Http,
    about: About,
}

/// What we read of a message that was made.
#[derive(Deserialize)]
struct Made {
    id: String,
    channel_id: String,
}

impl Discord {
    /// The channel's name.
    pub const NAME: &str = "discord";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Discord",
            repeat: by_nonce(Some(LISTED)),
            limits: Limits { text: &[TEXT], media: MOST_MEDIA, takes: TAKES },
            threads: Threads::PerPart(MOST_PARTS),
            offers: OFFERS,
            server: Some("https://discord.com"),
            secrets: &[TOKEN],
            settings: &[],
            tokens: TokenLife::Lasting,
            arms: None,
            oauth: None,
        };
        Self { http, about }
    }

    fn request(&self, method: Method, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        let token = account.secret(TOKEN)?.reveal();
        let url = account.url(&format!("api/v{}/{path}", version(account)));
        Ok(self.http.request(method, url).header("authorization", format!("Bot {token}")))
    }

    /// A request to the webhook: its id and token stand in its address, and the version is ours.
    fn hook(&self, method: Method, account: &Account) -> Result<RequestBuilder, Failure> {
        let address = account.secret_address(ADDRESS)?;
        let path = address.path().rsplit_once("webhooks/").map(|(_, path)| path).filter(|path| path.contains('/'));
        let path = path.ok_or_else(|| {
            let why = format!("secret \"{ADDRESS}\": it is no address of a Discord webhook");
            Failure::system(Code::CREDENTIALS_MISSING, "open account", why)
        })?;
        Ok(self.http.request(method, account.url(&format!("api/v{}/webhooks/{path}", version(account)))))
    }

    async fn ask<T: for<'a> Deserialize<'a>>(
        &self,
        step: &'static str,
        account: &Account,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let answer = self.http.free(step, request).await?;
        answer.json().filter(|_| answer.is_success()).ok_or_else(|| judge(&answer, account))
    }

    async fn publish_part(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Receipt, Failure> {
        let account = call.account;
        let by_hook = is_hook(account);
        let message = self.message(call, number, part).await?;
        let (step, request) = if by_hook {
            let thread = account.setting(THREAD).map(|id| (THREAD, id));
            let query = [Some(("wait", "true")), thread].into_iter().flatten().collect::<Vec<_>>();
            (HOOK, self.hook(Method::POST, account)?.query(&query))
        } else {
            let path = format!("channels/{}/messages", channel(account)?);
            (POST, self.request(Method::POST, account, &path)?)
        };
        let request = message.into_request(request)?;
        let point = call.publish_point(step, number).await?;
        let answer = self.http.publish(point, request).await?;
        let made: Option<Made> = answer.json().filter(|_| answer.is_success());
        let receipt = made.map(|made| receipt(account, &made.channel_id, made.id)).filter(Receipt::is_proof);
        receipt.ok_or_else(|| judge(&answer, account))
    }
}

#[async_trait]
impl Channel for Discord {
    fn about(&self) -> &About {
        &self.about
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        let bot = account.is_as_strong_as(VIA, BOT);
        let listed = account.is_as_strong_as(LOOK_UP, HISTORY).then_some(LISTED);
        Safety { repeat: if bot { by_nonce(listed) } else { RepeatSafety::Nothing }, arms: None }
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = Vec::new();
        account.check_choice(VIA, &[BOT, WEBHOOK], &mut wrong);
        account.check_choice(LOOK_UP, &[HISTORY, NONE], &mut wrong);
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = self.about.limits.check(draft, MOST_PARTS);
        for (name, known) in CHOICES {
            let value = draft.0.settings.get(name).map(String::as_str);
            if value.is_some_and(|value| !known.contains(&value)) {
                let message = format!("the value of \"{name}\" is none that Discord knows");
                let remedy = format!("use {}", known.join(" or "));
                objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
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
        if self.safety(&mark.account.card()).repeat != self.about.repeat {
            return Ok(Finding::CannotTell(UNREAD.into()));
        }
        self.look(mark).await
    }
    async fn list(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        account.check_transport()?;
        if self.safety(&account.card()).repeat != self.about.repeat {
            return Ok(Listed::cannot_tell(UNREAD));
        }
        self.listed(account, since).await
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        if is_hook(account) {
            let hook: Value = self.ask(WHO, account, self.hook(Method::GET, account)?).await?;
            return Ok(Standing::good(hook["name"].as_str().unwrap_or_default()));
        }
        let bot: Value = self.ask(WHO, account, self.request(Method::GET, account, "users/@me")?).await?;
        let path = format!("channels/{}", channel(account)?);
        self.ask::<Value>(WHERE, account, self.request(Method::GET, account, &path)?).await?;
        Ok(Standing::good(bot["username"].as_str().unwrap_or_default()))
    }

    fn id_in(&self, address: &str) -> Option<String> {
        let address = Address::at(address, &["discord.com", "discordapp.com"])?;
        match address.path().as_slice() {
            ["channels", _, _, id] => number(id).map(str::to_owned),
            _ => None,
        }
    }

    fn is_foreign(&self, address: &str) -> bool {
        self.id_in(address).is_none()
    }

    /// A thread is addressed as a channel is.
    fn places(&self, post: &Receipt) -> Vec<String> {
        let Some(address) = post.url.as_deref().and_then(Address::read) else { return Vec::new() };
        match address.path().as_slice() {
            ["channels", _, channel, _] => vec![(*channel).to_owned()],
            _ => Vec::new(),
        }
    }

    fn place_of(&self, card: &AccountCard) -> Option<String> {
        card.setting(THREAD).or_else(|| card.setting(CHANNEL)).map(str::to_owned)
    }
}

/// Why nothing is told of some accounts.
const UNREAD: &str = "the account may not read the channel";

const fn by_nonce(afterwards: Option<LookUp>) -> RepeatSafety {
    RepeatSafety::PlatformKey { kept_for: KEPT_FOR, settles_after: SETTLED, afterwards }
}

fn is_hook(account: &Account) -> bool {
    account.setting(VIA) == Some(WEBHOOK)
}

/// The version of the API, a number.
fn version(account: &Account) -> &str {
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    account.setting("api_version").filter(is_number).unwrap_or(VERSION)
}

/// The channel that the account publishes to.
fn channel(account: &Account) -> Result<&str, Failure> {
    account.setting(CHANNEL).filter(|channel| !channel.is_empty()).ok_or_else(|| {
        let why = format!("setting \"{CHANNEL}\": the settings name none");
        Failure::system(Code::CREDENTIALS_MISSING, "open account", why)
    })
}

/// The proof of a message. Its address needs the server's id, which the account may name.
fn receipt(account: &Account, channel: &str, id: String) -> Receipt {
    let address = |guild: &str| format!("https://discord.com/channels/{guild}/{channel}/{id}");
    Receipt { url: account.setting("guild_id").map(address), id }
}
