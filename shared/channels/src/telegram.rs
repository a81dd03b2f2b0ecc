//! Publishes to a Telegram channel or group through a bot.
//!
//! Telegram takes no key and a bot cannot read back what it sent, so of an unknown outcome only a person can tell. The bot's token
//! is part of every address: no address is ever shown.

mod format;
mod send;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Part, Receipt, RepeatSafety, Scope};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    About, Account, AccountCard, Answer, Call, Channel, Count, Http, Known, Limit, Limits, Mark, Objection, Offers,
    Published, Row, Standing, Table, Takes, Threads, TokenLife, Told, Unit,
    address::{Address, name, number},
};
use format::Format;

const SEND: &str = "send message";
const WHO: &str = "get bot";
const MEMBER: &str = "get chat member";
const TOKEN: &str = "bot_token";
/// The setting that names the chat, and the handle under which a chat that has moved is kept.
const CHAT: &str = "chat_id";
const MOST_PARTS: u16 = 50;
const MOST_MEDIA: usize = 10;
const TEXT: Count = Count::new(Unit::Utf16, 4096);
const CAPTION: Count = Count::new(Unit::Utf16, 1024);
/// What a post may say of itself, and the values.
const CHOICES: [(&str, &[&str]); 4] = [
    ("parse_mode", &["HTML", "MarkdownV2"]),
    ("link_preview", &["true", "false"]),
    ("disable_notification", &["true", "false"]),
    ("protect_content", &["true", "false"]),
];
const OFFERS: Offers = Offers {
    limits: &[Limit::text("text under media", CAPTION)],
    settings: Known::These(&["parse_mode", "link_preview", "disable_notification", "protect_content"]),
    account_settings: &["message_thread_id", "media", "insecure"],
    ..Offers::media(MOST_MEDIA, MOST_MEDIA)
};

const MIB: u64 = 1024 * 1024;
const TAKES: &[Takes] = &[
    Takes::new(&["image/gif", "video/mp4"], 50 * MIB),
    Takes::new(&["image/jpeg", "image/png", "image/webp", "image/avif", "image/heic"], 10 * MIB),
];

/// What Telegram's answers mean. An answer counts as Telegram's own only if it carries its `error_code`.
pub static TABLE: Table = Table {
    code_at: &["/error_code"],
    text_at: &["/description"],
    told: &[Told::RetryAfter, Told::BodySeconds("/parameters/retry_after")],
    rows: &[
        Row::on(401).coded("401").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        // A token that is none: its place in the address leads nowhere.
        Row::on(404).coded("404").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(403).coded("403").saying("deactivated").fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup),
        Row::on(403).coded("403").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(400).coded("400").saying("rights").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        Row::on(400).coded("400").saying("CHAT_ADMIN_REQUIRED").fix(
            Code::PERMISSION_MISSING,
            Scope::Account,
            Fix::Permission,
        ),
        Row::on(400).coded("400").saying("CHAT_WRITE_FORBIDDEN").fix(
            Code::PERMISSION_MISSING,
            Scope::Account,
            Fix::Permission,
        ),
        Row::on(400).coded("400").saying("upgraded to a supergroup").retry(Code::APP_MISCONFIGURED, Scope::Account),
        Row::on(400).coded("400").saying("chat not found").fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup),
        Row::on(400).coded("400").saying("thread not found").fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup),
        Row::on(400).coded("400").saying("replied").never(Code::REFERENCE_GONE),
        Row::on(400).coded("400").saying("too long").never(Code::CONTENT_REFUSED),
        Row::on(400).coded("400").saying("MEDIA_CAPTION_TOO_LONG").never(Code::CONTENT_REFUSED),
        Row::on(400).coded("400").saying("can't parse entities").never(Code::CONTENT_REFUSED),
        Row::on(400).coded("400").saying("text is empty").never(Code::CONTENT_REFUSED),
        // Telegram fetches the file itself; its address may work the next time.
        Row::on(400).coded("400").saying("failed to get HTTP URL content").retry(Code::MEDIA_UNREACHABLE, Scope::Post),
        Row::on(400).coded("400").saying("WEBPAGE_CURL_FAILED").retry(Code::MEDIA_UNREACHABLE, Scope::Post),
        Row::on(400).coded("400").saying("wrong file identifier").never(Code::MEDIA_REFUSED),
        Row::on(400).coded("400").saying("wrong type of the web page content").never(Code::MEDIA_REFUSED),
        Row::on(400).coded("400").saying("WEBPAGE_MEDIA_EMPTY").never(Code::MEDIA_REFUSED),
        Row::on(400).coded("400").saying("PHOTO_INVALID_DIMENSIONS").never(Code::MEDIA_REFUSED),
        Row::on(400).coded("400").saying("IMAGE_PROCESS_FAILED").never(Code::MEDIA_REFUSED),
        Row::on(413).never(Code::MEDIA_REFUSED),
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    ],
};

/// Telegram.
pub struct Telegram {
    http: Http,
    about: About,
}

impl Telegram {
    /// The channel's name.
    pub const NAME: &str = "telegram";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Telegram",
            repeat: RepeatSafety::Nothing,
            limits: Limits { text: &[TEXT], media: MOST_MEDIA, takes: TAKES },
            threads: Threads::PerPart(MOST_PARTS),
            offers: OFFERS,
            server: Some("https://api.telegram.org"),
            secrets: &[TOKEN],
            settings: &[CHAT],
            tokens: TokenLife::Lasting,
            arms: None,
            oauth: None,
        };
        Self { http, about }
    }

    /// A request whose address holds the token: it goes to the HTTP client and nowhere else.
    fn request(&self, account: &Account, method: &str) -> Result<RequestBuilder, Failure> {
        let token = account.secret(TOKEN)?.reveal();
        if !is_token(token) {
            let why = format!("secret \"{TOKEN}\": it is no bot token such as 123456:ABC-def");
            return Err(Failure::system(Code::CREDENTIALS_MISSING, "open account", why));
        }
        Ok(self.http.request(Method::POST, account.url(&format!("bot{token}/{method}"))))
    }

    async fn ask(&self, step: &'static str, account: &Account, method: &str, body: &Value) -> Result<Value, Failure> {
        let answer = self.http.free(step, self.request(account, method)?.json(body)).await?;
        let result = answer.json::<Value>().filter(|_| answer.is_success()).map(|mut body| body["result"].take());
        result.filter(Value::is_object).ok_or_else(|| judge(&answer, account))
    }

    async fn publish_part(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Receipt, Failure> {
        let account = call.account;
        let message = self.message(call, number, part).await?;
        let request = message.into_request(|method| self.request(account, method))?;
        let point = call.publish_point(SEND, number).await?;
        let answer = self.http.publish(point, request).await?;
        if let Some(receipt) = receipt(&answer) {
            return Ok(receipt);
        }
        let failure = judge(&answer, account);
        if let Some(moved) = moved(&answer).filter(|_| failure.code == Code::APP_MISCONFIGURED) {
            // Refused, so nothing is out; the next try goes to the chat's new place.
            call.keep(CHAT, &moved).await?;
        }
        Err(failure)
    }
}

/// What an answer means. To a token that it does not know Telegram says no more than "Not Found".
fn judge(answer: &Answer, account: &Account) -> Failure {
    let mut failure = TABLE.judge(answer, account);
    if answer.status == 404 && failure.code == Code::TOKEN_REVOKED {
        failure.said.text.push_str(" (Telegram knows no bot with this token)");
    }
    failure
}

#[async_trait]
impl Channel for Telegram {
    fn about(&self) -> &About {
        &self.about
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let format = Format::of(draft);
        let shown = format.shown(draft);
        let mut objections = self.about.limits.check(&shown, MOST_PARTS);
        for (name, known) in CHOICES {
            let value = draft.0.settings.get(name).map(String::as_str);
            if value.is_some_and(|value| !known.contains(&value)) {
                let message = format!("the value of \"{name}\" is none that Telegram knows");
                let remedy = format!("use {}", known.join(" or "));
                objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
            }
        }
        for (n, part) in crate::text::parts(&shown).iter().enumerate().filter(|(_, part)| !part.media.is_empty()) {
            let length = CAPTION.of(&part.text);
            if length > CAPTION.most {
                let path = if n == 0 { "text".to_owned() } else { format!("thread[{}].text", n - 1) };
                let message =
                    format!("under media the text has {length} UTF-16 units; the channel takes {}", CAPTION.most);
                let objection = Objection::new(path, Code::TEXT_TOO_LONG, message, "shorten it, or make it a thread");
                objections.push(objection.with_excess(length, CAPTION.most));
            }
        }
        objections
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        call.account.check_transport()?;
        let parts = Format::of(call.draft).parts(call.draft);
        for (number, part) in (0_u16..).zip(&parts).skip(usize::from(call.next_part())) {
            let receipt = self.publish_part(call, number, part).await?;
            call.out(number, receipt).await?;
        }
        Ok(Published::Out)
    }

    async fn find(&self, _mark: &Mark<'_>) -> Result<Finding, Failure> {
        Ok(Finding::CannotTell("a Telegram bot cannot read what it sent".into()))
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        account.check_transport()?;
        let bot = self.ask(WHO, account, "getMe", &serde_json::json!({})).await?;
        let asked = serde_json::json!({ CHAT: chat(account)?, "user_id": bot["id"] });
        let member = self.ask(MEMBER, account, "getChatMember", &asked).await?;
        let mut standing = Standing::good(bot["username"].as_str().unwrap_or_default());
        if matches!(member["status"].as_str(), Some("left" | "kicked")) {
            standing.missing.push("membership of the chat".into());
        } else if member["can_post_messages"] == false || member["can_send_messages"] == false {
            standing.missing.push("sending messages in the chat".into());
        }
        Ok(standing)
    }

    /// A public chat goes by its name, as in calls.
    fn id_in(&self, address: &str) -> Option<String> {
        let address = Address::at(address, &["t.me", "telegram.me"])?;
        match address.path().as_slice() {
            ["c", chat, .., id] => Some(format!("-100{}/{}", number(chat)?, number(id)?)),
            // A chat of numbers itself, not a message of it.
            ["c", ..] => None,
            ["s", chat, id] | [chat, .., id] => Some(format!("@{}/{}", name(chat)?, number(id)?)),
            _ => None,
        }
    }

    fn is_foreign(&self, address: &str) -> bool {
        self.id_in(address).is_none()
    }

    /// A chat's name says nothing of its number, nor its number of its name; an answer of Telegram's says both.
    fn places(&self, post: &Receipt) -> Vec<String> {
        let ids = [Some(post.id.clone()), post.url.as_deref().and_then(|url| self.id_in(url))];
        let chats = ids.iter().flatten().filter_map(|id| id.split_once('/')).map(|(chat, _)| chat.to_lowercase());
        chats.filter(|chat| chat.starts_with(['@', '-'])).collect()
    }

    fn place_of(&self, card: &AccountCard) -> Option<String> {
        let own = card.setting(CHAT).map(str::to_lowercase)?;
        // A group gets another number when it grows.
        (own.starts_with('@') || own.starts_with("-100")).then_some(own)
    }
}

/// The chat that the account publishes to.
fn chat(account: &Account) -> Result<&str, Failure> {
    account.setting(CHAT).filter(|chat| !chat.is_empty()).ok_or_else(|| {
        Failure::system(
            Code::CREDENTIALS_MISSING,
            "open account",
            format!("setting \"{CHAT}\": the settings name none"),
        )
    })
}

fn is_token(token: &str) -> bool {
    let plain =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    token.split_once(':').is_some_and(|(id, key)| plain(id) && plain(key))
}

/// What we read of a message.
#[derive(Deserialize)]
struct Message {
    message_id: i64,
    chat: Chat,
}

#[derive(Deserialize)]
struct Chat {
    id: i64,
    username: Option<String>,
}

/// One message, or those of an album.
#[derive(Deserialize)]
#[serde(untagged)]
enum Messages {
    One(Message),
    Album(Vec<Message>),
}

#[derive(Deserialize)]
struct Sent {
    ok: bool,
    result: Messages,
}

/// The proof, if the answer is one: the chat's and the message's number, of an album the first one's.
fn receipt(answer: &Answer) -> Option<Receipt> {
    let sent: Sent = answer.json().filter(|_| answer.is_success())?;
    let message = match sent.result {
        Messages::One(message) => message,
        Messages::Album(messages) => messages.into_iter().next()?,
    };
    let Message { message_id, chat } = message;
    let url = match (&chat.username, chat.id.to_string().strip_prefix("-100")) {
        (Some(name), _) => Some(format!("https://t.me/{name}/{message_id}")),
        (None, Some(number)) => Some(format!("https://t.me/c/{number}/{message_id}")),
        (None, None) => None,
    };
    sent.ok.then(|| Receipt { id: format!("{}/{message_id}", chat.id), url })
}

/// Where the chat has moved, if a refusal says so.
fn moved(answer: &Answer) -> Option<String> {
    Some(answer.json::<Value>()?.pointer("/parameters/migrate_to_chat_id")?.as_i64()?.to_string())
}
