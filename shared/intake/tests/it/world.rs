//! A small world: two channels with limits, a few accounts, a ledger in memory, a clock at noon on 1 June 2026.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use channels::{
    About, Account, Call, Channel, Count, Known, Limits, ListedAccounts, Mark, Objection, Offers, Published, Registry,
    SecretSource, Threads, TokenLife, Unit,
};
use domain::{AccountId, AppId, ChannelName, Code, Draft, Failure, Finding, OnDoubt, Policy, RepeatSafety, TenantId};
use jiff::Timestamp;
use ledger::{Ledger, MemoryLedger};
use oncepost_intake::{Intake, Options, Request, Verdict};
use runtime::Runtime;
use serde_json::{Value, json};

pub struct World {
    pub runtime: Runtime,
    pub ledger: Arc<MemoryLedger>,
    pub intake: Intake,
}

pub const NOON: &str = "2026-06-01T12:00:00Z";

/// A channel that checks and does nothing else.
struct Plain(About);

#[async_trait]
impl Channel for Plain {
    fn about(&self) -> &About {
        &self.0
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let most = if let Threads::PerPart(most) = self.0.threads { most } else { 1 };
        let mut objections = self.0.limits.check(draft, most);
        if draft.0.settings.get("visibility").is_some_and(|visibility| visibility != "public") {
            objections.push(Objection::new("settings.visibility", Code::BAD_SETTING, "is not public", "say public"));
        }
        if draft.0.settings.get("cover").is_some_and(|cover| !cover.starts_with("https://")) {
            objections.push(Objection::new("settings.cover", Code::BAD_SETTING, "is no https address", "give one"));
        }
        // As a platform that fetches the files itself.
        let first = draft.0.media.first().filter(|media| self.0.name == "short" && media.url.starts_with("s3://"));
        if first.is_some() {
            let message = "the platform cannot read the bucket";
            objections.push(Objection::new("media[0].url", Code::BAD_MEDIA_URL, message, "give a web address"));
        }
        objections
    }

    async fn publish(&self, _: &mut Call<'_>) -> Result<Published, Failure> {
        Ok(Published::Processing)
    }

    async fn find(&self, _: &Mark<'_>) -> Result<Finding, Failure> {
        Ok(Finding::Absent)
    }
}

fn channel(name: &'static str, limits: Limits, threads: Threads) -> Arc<dyn Channel> {
    let repeat = RepeatSafety::Nothing;
    let settings = Known::These(if name == "long" { &["visibility", "colour", "cover"] } else { &["visibility"] });
    Arc::new(Plain(About {
        name,
        title: name,
        repeat,
        limits,
        threads,
        offers: Offers { settings, addresses: &["cover"], ..Offers::media(4, 4) },
        server: None,
        secrets: &[],
        settings: &[],
        tokens: TokenLife::Lasting,
        arms: None,
        oauth: None,
    }))
}

fn account(tenant: &str, channel: &str, id: &str) -> Account<SecretSource> {
    Account {
        tenant: TenantId::new(tenant).unwrap(),
        channel: ChannelName::new(channel).unwrap(),
        id: AccountId::new(id).unwrap(),
        app: Some(AppId::new("our-app").unwrap()),
        base_url: "https://example.org".parse().unwrap(),
        secrets: BTreeMap::new(),
        settings: BTreeMap::new(),
        on_doubt: OnDoubt::Park,
        rate: None,
        app_rate: None,
    }
}

pub fn world() -> World {
    world_with(Options::default())
}

pub fn world_with(options: Options) -> World {
    let runtime = Runtime::simulated(7, NOON.parse().unwrap());
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    let intake = intake(&runtime, ledger.clone(), options);
    World { runtime, ledger, intake }
}

pub fn intake(runtime: &Runtime, ledger: Arc<dyn Ledger>, options: Options) -> Intake {
    const LONG: &[Count] = &[Count::new(Unit::Chars, 100)];
    const SHORT: &[Count] = &[Count::new(Unit::Chars, 20)];
    let registry = Registry::of([
        channel("long", Limits { text: LONG, media: 4, ..Limits::NONE }, Threads::PerPart(3)),
        channel("short", Limits { text: SHORT, media: 1, ..Limits::NONE }, Threads::None),
    ]);
    let accounts = ListedAccounts::new([
        account("acme", "long", "main"),
        account("acme", "long", "second"),
        account("acme", "short", "main"),
        account("other", "long", "theirs"),
    ]);
    Intake::new(ledger, Arc::new(registry), Arc::new(accounts), runtime.clone(), options)
}

impl World {
    pub async fn accept(&self, message: &Value) -> Verdict {
        self.intake.accept(Request::new(message.to_string().as_bytes())).await.unwrap()
    }

    /// Accepts many messages as one batch.
    pub async fn accept_all(&self, messages: &[Value]) -> Vec<Verdict> {
        let bodies: Vec<_> = messages.iter().map(Value::to_string).collect();
        let requests: Vec<_> = bodies.iter().map(|body| Request::new(body.as_bytes())).collect();
        self.intake.accept_many(&requests).await.unwrap()
    }

    pub async fn later(&self, span: Duration) {
        self.runtime.sleep(span).await;
    }
}

/// A message that nothing is wrong with.
pub fn message(key: &str) -> Value {
    json!({
        "version": 1,
        "idempotency_key": key,
        "tenant": "acme",
        "content": { "text": format!("text of {key}") },
        "publish_at": "2026-06-01T13:00:00Z",
        "targets": [{ "channel": "long", "account": "main" }],
    })
}

pub fn answer(verdict: &Verdict) -> Value {
    serde_json::from_slice(&verdict.body()).unwrap()
}

/// Path and code of each problem, or of each warning of an accepted request.
pub fn told(verdict: &Verdict) -> Vec<(String, String)> {
    let answer = answer(verdict);
    let list = if answer["status"] == "accepted" { &answer["warnings"] } else { &answer["problems"] };
    let pair = |problem: &Value| (text(&problem["path"]), text(&problem["code"]));
    list.as_array().map(|list| list.iter().map(pair).collect()).unwrap_or_default()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
