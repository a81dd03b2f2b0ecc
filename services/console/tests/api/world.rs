//! A small world: two channels, three accounts of two tenants, tokens of each kind, a clock at noon on 1 June 2026.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use audit::Audit;
use axum::{
    Router,
    body::Body,
    http::{Request, request::Builder},
};
use broker::{Inbox, Memory, Source, Transport};
use channels::{
    About, Account, AccountCard, Accounts, Call, Channel, Count, Http, HttpOptions, Limits, ListedAccounts, Mark,
    Media, OAuth, Objection, Offers, Published, Registry, Secret, SecretSource, Threads, TokenLife, Unit,
};
use domain::{
    AccountId, Answer, AppId, ChannelName, Code, Command, Draft, Failure, Finding, Landed, LookUp, OnDoubt, Outcome,
    PlatformWords, Policy, Receipt, RepeatSafety, Scope, TargetId, TenantId, WorkerName, Worth,
};
use forecast::Forecast;
use intake::{Intake, Options};
use ledger::{
    Applied, Assignments, AuditLog, Causes, Deliveries, History, Incidents, JobStore, Ledger, MemoryLedger, NoteBook,
    Outside, PartSeen, Processes, Store,
};
use oncepost_console::{Console, ConsoleOptions, Parts, Token};
use outbox::Outbox;
use runtime::Runtime;
use serde_json::{Value, json};
use settings::{Rate, Role};
use tower::ServiceExt;
use vault::{Defaults, Keys, Vault, VaultOptions};

use crate::described;

pub const NOON: &str = "2026-06-01T12:00:00Z";
pub const OPERATOR: &str = "operator-token";
/// Of the role operator; the one above may do everything.
pub const OPERATING: &str = "operating-token";
pub const VIEWER: &str = "viewer-token";
pub const ACME_VIEWER: &str = "acme-viewer-token";
pub const ACME: &str = "acme-token";
pub const OTHER: &str = "other-token";

pub struct World {
    pub runtime: Runtime,
    pub ledger: Arc<dyn Ledger>,
    pub processes: Arc<dyn Processes>,
    /// How this process finds what it stands on.
    pub found: Arc<Mutex<Vec<PartSeen>>>,
    pub incidents: Arc<dyn Incidents>,
    pub transport: Arc<dyn Transport>,
    /// Where those that are said to live take work from.
    pub inboxes: Mutex<Vec<Box<dyn Inbox>>>,
    /// The same, for what a broker does to those who rely on it.
    pub broker: Arc<Memory>,
    pub vault: Vault,
    pub console: Console,
    router: Router,
}

/// Made once: it reads the system's certificates.
static MEDIA: LazyLock<Media> = LazyLock::new(|| {
    let http = Http::new(HttpOptions::default(), Runtime::system()).unwrap();
    http.media().clone()
});

/// Any platform's.
static LOGIN: LazyLock<Option<&'static OAuth>> = LazyLock::new(|| {
    let http = Http::new(HttpOptions::default(), Runtime::system()).unwrap();
    Registry::all(http).get("mastodon").unwrap().about().oauth
});

pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The answer, after a check of its status.
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// The problem's code, after a check of its status and form.
    pub fn problem(&self, status: u16) -> Value {
        let problem = self.ok(status);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(problem["status"], status);
        for field in ["type", "title", "detail", "remedy"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {problem}");
        }
        problem
    }
}

struct Plain(About);

#[async_trait]
impl Channel for Plain {
    fn about(&self) -> &About {
        &self.0
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let most = if let Threads::PerPart(most) = self.0.threads { most } else { 1 };
        self.0.limits.check(draft, most)
    }

    fn id_in(&self, address: &str) -> Option<String> {
        address.strip_prefix("https://posts.example/").map(str::to_owned)
    }

    fn is_foreign(&self, address: &str) -> bool {
        address.starts_with("https://foreign.example/")
    }

    /// An address names the account (`of/…`), a room (`in/…`), which the settings do not name, the place that they do name, or both (`at/…/…`).
    fn places(&self, post: &Receipt) -> Vec<String> {
        let Some(path) = post.url.as_deref().and_then(|url| self.id_in(url)) else { return Vec::new() };
        match path.split('/').collect::<Vec<_>>()[..] {
            ["of", account, ..] => vec![format!("@{account}")],
            ["in", room, ..] => vec![format!("#{room}")],
            ["at", place, room, ..] => vec![place.to_owned(), format!("#{room}")],
            ["elsewhere", ..] => vec!["elsewhere".into()],
            _ => vec!["main".into()],
        }
    }

    fn place_of(&self, card: &AccountCard) -> Option<String> {
        Some(card.id.as_str().to_owned())
    }

    fn account_in(&self, address: &str) -> Option<String> {
        address.strip_prefix("https://posts.example/of/")?.split('/').next().map(str::to_owned)
    }

    fn named_in(&self, said: &str) -> Option<Receipt> {
        let id = said.strip_prefix("Content is a duplicate of ")?.to_owned();
        Some(Receipt { url: Some(format!("https://posts.example/{id}")), id })
    }

    async fn publish(&self, _: &mut Call<'_>) -> Result<Published, Failure> {
        Ok(Published::Processing)
    }

    async fn find(&self, _: &Mark<'_>) -> Result<Finding, Failure> {
        Ok(Finding::Absent)
    }
}

fn channel(name: &'static str, title: &'static str, text: &'static [Count], threads: Threads) -> Arc<dyn Channel> {
    let limits = Limits { text, media: 4, ..Limits::NONE };
    let look_up = LookUp { settles_after: Duration::from_secs(10), sure_after: Duration::from_secs(120) };
    // One that can be asked, and one that cannot.
    let repeat = if name == "long" { RepeatSafety::LookUp(look_up) } else { RepeatSafety::Nothing };
    Arc::new(Plain(About {
        name,
        title,
        repeat,
        limits,
        threads,
        offers: Offers::media(4, 4),
        server: None,
        secrets: &["token"],
        settings: &[],
        tokens: TokenLife::Lasting,
        arms: None,
        // One with a login, and one without.
        oauth: if name == "long" { *LOGIN } else { None },
    }))
}

/// The two that there are.
pub fn channels() -> [Arc<dyn Channel>; 2] {
    const LONG: &[Count] = &[Count::new(Unit::Chars, 100)];
    [channel("long", "Long", LONG, Threads::PerPart(9)), channel("short", "Short", &[], Threads::None)]
}

pub fn account(tenant: &str, channel: &str) -> Account<SecretSource> {
    Account {
        tenant: TenantId::new(tenant).unwrap(),
        channel: ChannelName::new(channel).unwrap(),
        id: AccountId::new("main").unwrap(),
        app: Some(AppId::new("our-app").unwrap()),
        base_url: "https://example.org".parse().unwrap(),
        secrets: [("token".to_owned(), SecretSource::Value(Secret::new("hush-hush")))].into(),
        settings: BTreeMap::new(),
        on_doubt: OnDoubt::Park,
        rate: None,
        app_rate: None,
    }
}

/// Everything in memory, under a clock that moves only when everything waits.
pub fn world() -> World {
    let (runtime, ledger) = memory();
    world_on(runtime, ledger)
}

pub fn memory() -> (Runtime, Arc<MemoryLedger>) {
    let runtime = Runtime::simulated(7, NOON.parse().unwrap());
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    (runtime, ledger)
}

pub fn world_on<L: Store + 'static>(runtime: Runtime, ledger: Arc<L>) -> World {
    world_with(runtime, ledger, options())
}

/// With tokens, and room for as many wrong ones as tests need.
pub fn options() -> ConsoleOptions {
    let anonymous_rate = Rate { per: Duration::from_secs(1), burst: 10_000 };
    ConsoleOptions { tokens: tokens(), anonymous_rate, ..ConsoleOptions::default() }
}

pub fn tokens() -> Vec<Token> {
    let tenant = |name: &str| Some(TenantId::new(name).unwrap());
    vec![
        Token::new("olga", Role::Admin, None, OPERATOR),
        Token::new("night", Role::Operator, None, OPERATING),
        Token::new("screen", Role::Viewer, None, VIEWER),
        Token::new("acme-screen", Role::Viewer, tenant("acme"), ACME_VIEWER),
        Token::new("acme-app", Role::Admin, tenant("acme"), ACME),
        Token::new("other-app", Role::Admin, tenant("other"), OTHER),
    ]
}

pub fn world_with<L: Store + 'static>(runtime: Runtime, ledger: Arc<L>, options: ConsoleOptions) -> World {
    let keys = Keys::read([("k", Keys::make(&Runtime::system()).as_str())]).unwrap();
    let registry = Registry::of(channels());
    let listed = ListedAccounts::new([account("acme", "long"), account("acme", "short"), account("other", "long")]);
    let vault = Setting { registry, listed, keys, defaults: Defaults::default() };
    vault.world(runtime, ledger, options)
}

/// What a world is made of.
pub struct Setting {
    pub registry: Registry,
    pub listed: ListedAccounts,
    pub keys: Keys,
    pub defaults: Defaults,
}

impl Setting {
    pub fn world<L: Store + 'static>(self, runtime: Runtime, ledger: Arc<L>, options: ConsoleOptions) -> World {
        let channels = Arc::new(self.registry);
        let vault = Vault::new(vault::Parts {
            runtime: runtime.clone(),
            store: ledger.clone(),
            channels: channels.clone(),
            keys: self.keys,
            listed: self.listed,
            defaults: self.defaults,
            options: VaultOptions::default(),
        });
        let accounts: Arc<dyn Accounts> = Arc::new(vault.clone());
        let broker = Arc::new(Memory::new(&runtime, channels.names()));
        let transport: Arc<dyn Transport> = broker.clone();
        let audit_log: Arc<dyn AuditLog> = ledger.clone();
        let history: Arc<dyn History> = ledger.clone();
        let incidents: Arc<dyn Incidents> = ledger.clone();
        let audit = Audit::new(audit::Parts {
            runtime: runtime.clone(),
            accounts: accounts.clone(),
            channels: channels.clone(),
            outside: ledger.clone(),
            incidents: incidents.clone(),
        });
        let (causes, jobs): (Arc<dyn Causes>, Arc<dyn JobStore>) = (ledger.clone(), ledger.clone());
        let notes: Arc<dyn NoteBook> = ledger.clone();
        let deliveries: Arc<dyn Deliveries> = ledger.clone();
        let assignments: Arc<dyn Assignments> = ledger.clone();
        let outside: Arc<dyn Outside> = ledger.clone();
        let processes: Arc<dyn Processes> = ledger.clone();
        let ledger: Arc<dyn Ledger> = ledger;
        let intake =
            Intake::new(ledger.clone(), channels.clone(), accounts.clone(), runtime.clone(), Options::default());
        let found: Arc<Mutex<Vec<PartSeen>>> = Arc::default();
        let seen = found.clone();
        let console = Console::new(Parts {
            found: Arc::new(move || seen.lock().unwrap().clone()),
            forecast: Forecast::new(
                runtime.clone(),
                ledger.clone(),
                vault.clone(),
                MEDIA.clone(),
                forecast::Options::default(),
            ),
            outbox: Outbox::start(&runtime, ledger.clone(), transport.clone()),
            runtime: runtime.clone(),
            ledger: ledger.clone(),
            audit_log,
            history,
            causes,
            jobs,
            notes: notes.clone(),
            deliveries,
            assignments,
            processes: processes.clone(),
            transport: transport.clone(),
            intake: Arc::new(intake.noting(notes)),
            accounts,
            vault: vault.clone(),
            channels,
            audit,
            outside,
            incidents: incidents.clone(),
            options,
        });
        let (router, inboxes) = (console.router(), Mutex::default());
        World { runtime, ledger, processes, found, incidents, transport, inboxes, broker, vault, router, console }
    }
}

/// A message that nothing is wrong with: two targets of acme, due in an hour.
pub fn message(key: &str) -> Value {
    json!({
        "version": 1,
        "idempotency_key": key,
        "tenant": "acme",
        "content": { "text": format!("hello from {key}") },
        "publish_at": "2026-06-01T13:00:00Z",
        "targets": [{ "channel": "long", "account": "main" }, { "channel": "short", "account": "main" }],
    })
}

/// The same of the other tenant, with its one target.
pub fn foreign(key: &str) -> Value {
    let mut message = message(key);
    message["tenant"] = json!("other");
    message["targets"] = json!([{ "channel": "long", "account": "main" }]);
    message
}

impl World {
    /// What answers, for requests of another kind.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub async fn send(&self, token: Option<&str>, method: &str, path: &str, body: String) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8380");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.ask(request, body.into_bytes()).await
    }

    /// The same with any bytes.
    pub async fn send_bytes(&self, token: &str, method: &str, path: &str, body: Vec<u8>) -> Reply {
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8380");
        self.ask(request.header("authorization", format!("Bearer {token}")), body).await
    }

    /// Sends a request as it is. Whatever is answered must be as the API describes itself.
    pub async fn ask(&self, request: Builder, body: Vec<u8>) -> Reply {
        self.answered(request.body(Body::from(body.clone())).unwrap(), &body).await
    }

    /// Sends a request with any kind of body.
    pub async fn ask_whole(&self, request: Request<Body>) -> Reply {
        self.answered(request, b"").await
    }

    async fn answered(&self, request: Request<Body>, body: &[u8]) -> Reply {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let answered = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let reply = Reply { status, headers, text: String::from_utf8(answered.to_vec()).unwrap() };
        described::check(&method, &path, body, &reply);
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
        assert!(reply.headers["content-security-policy"].starts_with("default-src 'none'"), "{path}");
        assert_eq!(reply.headers["cache-control"], "no-store", "{path}");
        reply
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Some(OPERATOR), "GET", path, String::new()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Some(OPERATOR), "POST", path, body.to_string()).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(Some(OPERATOR), "PATCH", path, body.to_string()).await
    }

    /// Schedules a message and returns the post's and its targets' ids.
    pub async fn accepted(&self, message: &Value) -> (String, Vec<String>) {
        let answer = self.post("/v1/posts", message).await.ok(202);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let targets = answer["targets"].as_array().unwrap().iter().map(|target| text(&target["target"])).collect();
        (text(&answer["post"]), targets)
    }

    pub async fn apply(&self, target: &str, command: Command) -> Applied {
        self.ledger.apply(target.parse().unwrap(), command).await.unwrap()
    }

    /// Moves time past the due time of [`message`].
    pub async fn at_due_time(&self) {
        self.runtime.sleep(Duration::from_secs(3600)).await;
    }

    /// Carries on jobs, as a console process does.
    pub fn carries_on_jobs(&self, holder: &'static str) {
        let console = self.console.clone();
        self.runtime.spawn(async move { console.carry_on_jobs(holder).await });
    }

    /// Plays the worker up to the granted attempt.
    pub async fn begin(&self, target: &str) -> u32 {
        self.apply(target, Command::Wake).await;
        let worker = WorkerName::new("worker-1").unwrap();
        match self.apply(target, Command::Begin { worker, repeat: RepeatSafety::Nothing, arm: None }).await.answer {
            Answer::Begun(begun) => begun.attempt,
            other => panic!("{other:?}"),
        }
    }

    pub async fn finish(&self, target: &str, attempt: u32, outcome: Outcome) {
        let (repeat, on_doubt) = (RepeatSafety::Nothing, OnDoubt::Park);
        self.apply(target, Command::Finish { attempt, outcome, repeat, on_doubt, trace: None }).await;
    }

    /// The target fails for good.
    pub async fn fail(&self, target: &str) {
        let attempt = self.begin(target).await;
        self.finish(target, attempt, Outcome::Failed(failure(Landed::No, Worth::Never))).await;
    }

    /// The target's publish call gets no answer, and nobody but a person can tell.
    pub async fn doubt(&self, target: &str) {
        let attempt = self.arm(target).await;
        self.finish(target, attempt, Outcome::Failed(failure(Landed::Unknown, Worth::Never))).await;
    }

    /// The target goes out.
    pub async fn publish(&self, target: &str) {
        let attempt = self.arm(target).await;
        let receipt = Receipt { id: format!("id-of-{target}"), url: Some("https://example.org/1".into()) };
        self.apply(target, Command::Out { attempt, part: 0, receipt }).await;
        self.finish(target, attempt, Outcome::Published(Vec::new())).await;
    }

    pub async fn arm(&self, target: &str) -> u32 {
        let attempt = self.begin(target).await;
        let armed = self.apply(target, Command::Arm { attempt, step: "create".into(), part: 0 }).await;
        assert_eq!(armed.answer, Answer::Done);
        attempt
    }

    pub async fn waiting(&self, channel: &str) -> u64 {
        self.transport.depth(Source::Publish { channel: channel.into() }).await.unwrap().ready
    }

    pub async fn state(&self, target: &str) -> domain::State {
        let target: TargetId = target.parse().unwrap();
        self.ledger.target(target).await.unwrap().unwrap().target.state
    }
}

pub fn failure(landed: Landed, worth: Worth) -> Failure {
    Failure {
        code: if landed == Landed::No { Code::CONTENT_REFUSED } else { Code::NO_ANSWER },
        landed,
        worth,
        scope: Scope::Post,
        step: "create".into(),
        said: PlatformWords {
            status: Some(422),
            code: Some("bad_words".into()),
            ..PlatformWords::text("we do not take that")
        },
    }
}
