//! Publishes to any HTTPS endpoint, signed the Standard Webhooks way.
//!
//! The receiver gets the same `webhook-id` on every try and must remember it for a day, so a repeat within the day is harmless;
//! after it nobody but a person can tell. For a receiver that remembers no ids only a person ever can: the account says so.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, Draft, Failure, Finding, Fix, Receipt, RepeatSafety, Scope};
use reqwest::{Method, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    About, Account, AccountCard, Answer, Call, Channel, Http, Known, Limit, Limits, Link, Mark, Objection, Offers,
    Published, Row, Safety, SigningKeys, Table, Threads, TokenLife, Told, Variant,
};

const STEP: &str = "deliver";
const SECRET: &str = "signing_secret";
/// The setting that says whether the receiver remembers ids, and its values.
const REPEATS: &str = "repeats";
const SAFE: &str = "safe";
const UNSAFE: &str = "unsafe";
const MOST_PARTS: u16 = 100;
/// The most a receiver must be ready to take.
const MOST_BYTES: usize = 256 * 1024;
const OFFERS: Offers = Offers {
    link: Link::Attached,
    limits: &[Limit::bytes("whole content", MOST_BYTES)],
    variants: &[Variant::new(REPEATS, UNSAFE, "to a receiver that forgets ids")],
    settings: Known::Any,
    account_settings: &["proof", "repeats", "insecure"],
    ..Offers::media(usize::MAX, usize::MAX)
};

/// What a receiver's answers mean.
pub static TABLE: Table = Table {
    code_at: &["/code", "/error/code"],
    text_at: &["/message", "/error/message", "/error", "/detail"],
    told: &[Told::RetryAfter],
    rows: &[
        Row::on(410).fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup),
        Row::on(301).fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup),
        Row::on(308).fix(Code::ENDPOINT_GONE, Scope::Account, Fix::Setup),
        Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
        Row::on(400).never(Code::CONTENT_REFUSED),
        Row::on(413).never(Code::CONTENT_REFUSED),
        Row::on(422).never(Code::CONTENT_REFUSED),
        Row::on(401).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
        Row::on(403).fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        // Also what a receiver shows for the moments of its own deployment: tried again, within the tries.
        Row::on(404).retry(Code::OUT_OF_ORDER, Scope::Account),
    ],
};

/// A signed webhook.
pub struct Webhook {
    http: Http,
    about: About,
}

impl Webhook {
    /// The channel's name.
    pub const NAME: &str = "webhook";

    /// The channel.
    pub fn new(http: Http) -> Self {
        let about = About {
            name: Self::NAME,
            title: "Webhook",
            repeat: RepeatSafety::PlatformKey {
                kept_for: Duration::from_secs(24 * 3600),
                settles_after: Duration::from_secs(5),
                afterwards: None,
            },
            limits: Limits::NONE,
            threads: Threads::Whole(MOST_PARTS),
            offers: OFFERS,
            server: None,
            secrets: &[SECRET],
            settings: &[],
            tokens: TokenLife::Lasting,
            arms: Some(STEP),
            oauth: None,
        };
        Self { http, about }
    }
}

#[async_trait]
impl Channel for Webhook {
    fn about(&self) -> &About {
        &self.about
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        if account.is_as_strong_as(REPEATS, SAFE) {
            Safety { repeat: self.about.repeat, arms: self.about.arms }
        } else {
            Safety { repeat: RepeatSafety::Nothing, arms: None }
        }
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        let mut wrong = Vec::new();
        account.check_choice(REPEATS, &[SAFE, UNSAFE], &mut wrong);
        wrong
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let mut objections = self.about.limits.check(draft, MOST_PARTS);
        let bytes = serde_json::to_vec(&draft.0).map_or(0, |body| body.len());
        if bytes > MOST_BYTES {
            let message = format!("the content has {bytes} bytes; the channel takes {MOST_BYTES}");
            let objection = Objection::new("text", Code::TEXT_TOO_LONG, message, "shorten it");
            objections.push(objection.with_excess(bytes, MOST_BYTES));
        }
        objections
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        let account = call.account;
        account.check_transport()?;
        let keys = keys(account)?;
        let (id, body) = (call.key(0), body(call).to_string());
        let point = call.publish_point(STEP, 0).await?;
        let timestamp = self.http.runtime().now().as_second();
        let request = self
            .http
            .request(Method::POST, account.base_url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", keys.sign(&id, timestamp, body.as_bytes()))
            .header("idempotency-key", &id)
            .body(body);
        let answer = self.http.publish(point, request).await?;
        let receipt = proof(&answer, account, id).ok_or_else(|| TABLE.judge(&answer, account))?;
        call.out(0, receipt).await?;
        Ok(Published::Out)
    }

    async fn find(&self, _mark: &Mark<'_>) -> Result<Finding, Failure> {
        Ok(Finding::CannotTell("the receiver of a webhook cannot be asked".into()))
    }
}

/// What is sent: the same bytes on every try.
fn body(call: &Call<'_>) -> Value {
    let target = call.target;
    let mut data = serde_json::to_value(&call.draft.0).unwrap_or_default();
    data["target"] = json!(target.id);
    data["post"] = json!(target.post);
    data["tenant"] = json!(target.tenant);
    data["account"] = json!(target.account);
    json!({ "type": "post.publish", "timestamp": target.due_at.to_string(), "data": data })
}

/// What a receiver may answer.
#[derive(Deserialize)]
struct Taken {
    id: Value,
    url: Option<String>,
}

/// The receiver's id, or ours where the account counts the status alone as proof.
fn proof(answer: &Answer, account: &Account, sent: String) -> Option<Receipt> {
    if !answer.is_success() {
        return None;
    }
    let named = answer.json::<Taken>().and_then(|taken| {
        let id = match taken.id {
            Value::String(id) => id,
            Value::Number(id) => id.to_string(),
            _ => return None,
        };
        Some(Receipt { id, url: taken.url })
    });
    let status_counts = account.setting("proof") == Some("status");
    named.filter(Receipt::is_proof).or_else(|| status_counts.then_some(Receipt { id: sent, url: None }))
}

/// The account's signing keys: several while they are being rotated.
fn keys(account: &Account) -> Result<SigningKeys, Failure> {
    SigningKeys::read(account.secret(SECRET)?.reveal()).ok_or_else(|| {
        let why = format!("secret \"{SECRET}\": it is not \"whsec_\" and base64");
        Failure::system(Code::CREDENTIALS_MISSING, "sign", why)
    })
}
