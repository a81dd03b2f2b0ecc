//! An oncepost on a port of this machine: two channels, two accounts, a clock that stands still at noon on 1 June 2026.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use ::vault::{Defaults, Keys, Vault, VaultOptions};
use async_trait::async_trait;
use audit::Audit;
use broker::Memory;
use channels::{
    About, Account, Accounts, Call, Channel, ClientAuth, Count, Endpoint, ExchangeAsk, Granted, Http, HttpOptions,
    Limits, ListedAccounts, Mark, OAuth, Objection, Offers, Published, Registry, Standing, Threads, TokenLife, Tokens,
    Unit,
};
use clap::Parser;
use console::{Console, ConsoleOptions, Parts, Token};
use domain::{
    AccountId, Answer, ChannelName, Code, Command, Draft, Failure, Finding, Fix, Landed, LookUp, OnDoubt, Outcome,
    PlatformWords, Policy, PostId, Receipt, RepeatSafety, Scope, TargetId, TenantId, WorkerName, Worth,
};
use forecast::Forecast;
use futures::future::BoxFuture;
use intake::{Checker, Intake, Options};
use jiff::Timestamp;
use ledger::{Ledger, MemoryLedger, NewPost, NewTarget};
use outbox::Outbox;
use runtime::{Clock, Runtime, SeededRandom};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::cli::{
    ClientCommand, ClientOptions, Ended, carry_out,
    out::Out,
    validate::{Judge, validate},
};

pub const NOON: &str = "2026-06-01T12:00:00Z";

/// The oncepost that is asked.
pub struct Server {
    pub ledger: Arc<MemoryLedger>,
    pub broker: Arc<Memory>,
    pub vault: Vault,
    pub address: String,
    /// What the server's way in checks with.
    pub checker: Checker,
    // Answers to files that were scheduled are told by their names, which must not change from run to run.
    folder: tempfile::TempDir,
}

/// Shows noon, always.
struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        NOON.parse().unwrap()
    }

    fn uptime(&self) -> Duration {
        Duration::try_from(self.now().duration_since(Timestamp::UNIX_EPOCH)).unwrap()
    }

    #[allow(clippy::disallowed_methods, reason = "a test server waits as long as it takes")]
    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(span))
    }
}

struct Plain(About);

#[async_trait]
impl Channel for Plain {
    fn about(&self) -> &About {
        &self.0
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        self.0.limits.check(draft, 1)
    }

    async fn publish(&self, _: &mut Call<'_>) -> Result<Published, Failure> {
        Ok(Published::Processing)
    }

    async fn find(&self, _: &Mark<'_>) -> Result<Finding, Failure> {
        Ok(Finding::Absent)
    }

    /// A code is the token.
    async fn exchange(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        let tokens = Tokens {
            access: ask.code.clone(),
            refresh: None,
            expires_at: None,
            refresh_expires_at: None,
            scopes: None,
        };
        Ok(Granted { tokens, settings: BTreeMap::new(), who: String::new(), missing: vec![] })
    }

    /// A token says by its name how its account is.
    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        match account.secrets.get("access_token").map(channels::Secret::reveal) {
            Some("good") => Ok(Standing::good("@main")),
            Some("poor") => Ok(Standing { missing: vec!["write".into()], ..Standing::good("@main") }),
            Some("mistyped") => Err(Failure {
                code: Code::TOKEN_REVOKED,
                landed: Landed::No,
                worth: Worth::AfterFix { fix: Fix::Reconnect },
                scope: Scope::Account,
                step: "verify credentials".into(),
                said: PlatformWords::text("we know no such token"),
            }),
            Some(_) => Err(Failure {
                code: Code::ACCOUNT_RESTRICTED,
                landed: Landed::No,
                worth: Worth::AfterFix { fix: Fix::Account },
                scope: Scope::Account,
                step: "verify credentials".into(),
                said: PlatformWords { status: Some(403), ..PlatformWords::text("your login is disabled") },
            }),
            None => Ok(Standing::unknown()),
        }
    }
}

static BY_LINK: OAuth = OAuth {
    authorize: Endpoint { server: None, path: "oauth/authorize" },
    token: Endpoint { server: None, path: "oauth/token" },
    version: "",
    scopes: &["write"],
    separator: " ",
    pkce: true,
    client_auth: ClientAuth::Body,
    client_id_name: "client_id",
    extra: &[],
    token_extra: &[],
    who_at: &[],
};

fn channel(name: &'static str, threads: Threads) -> Arc<dyn Channel> {
    const TEXT: &[Count] = &[Count::new(Unit::Chars, 100)];
    let limits = Limits { text: TEXT, media: 4, ..Limits::NONE };
    let look_up = LookUp { settles_after: Duration::ZERO, sure_after: Duration::from_secs(60) };
    Arc::new(Plain(About {
        name,
        title: name,
        repeat: if name == "long" { RepeatSafety::LookUp(look_up) } else { RepeatSafety::Nothing },
        limits,
        threads,
        offers: Offers::media(4, 4),
        server: None,
        secrets: &["access_token"],
        settings: &[],
        tokens: TokenLife::Lasting,
        arms: None,
        oauth: (name == "long").then_some(&BY_LINK),
    }))
}

fn account(channel: &str) -> Account<channels::SecretSource> {
    Account {
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new(channel).unwrap(),
        id: AccountId::new("main").unwrap(),
        app: None,
        base_url: "https://example.org".parse().unwrap(),
        secrets: BTreeMap::new(),
        settings: BTreeMap::new(),
        on_doubt: OnDoubt::Park,
        rate: None,
        app_rate: None,
    }
}

/// What a command wrote, and its exit code.
#[derive(Debug)]
pub struct Told {
    pub code: u8,
    pub answer: String,
    pub remarks: String,
}

impl Told {
    /// Everything, as a person sees it.
    pub fn all(&self) -> String {
        format!("{}{}[exit code {}]", self.answer, self.remarks, self.code)
    }
}

/// A stream that a test reads.
#[derive(Clone, Default)]
pub struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Parser)]
#[command(name = "oncepost", max_term_width = 100)]
pub struct Line {
    #[arg(long)]
    pub config: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub options: ClientOptions,
    #[command(subcommand)]
    pub command: ClientCommand,
}

/// A line as a shell would give it, told to whoever listens at `address`.
pub fn line(address: &str, arguments: &[&str]) -> Line {
    let head = ["oncepost", "--api", address];
    Line::try_parse_from(head.iter().chain(arguments)).unwrap_or_else(|error| panic!("{error}"))
}

/// A line that names no server.
pub fn offline(arguments: &[&str]) -> Line {
    let mut line = line("", arguments);
    line.options.api = None;
    line
}

pub async fn tell(line: Line) -> Told {
    let (answer, remarks) = (Paper::default(), Paper::default());
    let mut out = Out::to(line.options.json, answer.clone(), remarks.clone());
    let code = carry_out(line.command, &line.options, line.config.as_deref(), &mut out).await;
    Told { code, answer: answer.text(), remarks: remarks.text() }
}

/// An oncepost without tokens.
pub async fn server() -> Server {
    server_with(Vec::new()).await
}

pub async fn server_with(tokens: Vec<Token>) -> Server {
    serve(ConsoleOptions { tokens, ..ConsoleOptions::default() }).await
}

pub async fn serve(options: ConsoleOptions) -> Server {
    let runtime = Runtime::new(Arc::new(StillClock), Arc::new(SeededRandom::new(7)));
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    let channels = Arc::new(Registry::of([channel("long", Threads::PerPart(5)), channel("short", Threads::None)]));
    let vault = Vault::new(::vault::Parts {
        runtime: runtime.clone(),
        store: ledger.clone(),
        channels: channels.clone(),
        // Not drawn: what is drawn after it would be another thing.
        keys: Keys::read([("k1", format!("{}=", "A".repeat(43)).as_str())]).unwrap(),
        listed: ListedAccounts::new([account("long"), account("short")]),
        defaults: Defaults::default(),
        options: VaultOptions::default(),
    });
    let accounts: Arc<dyn Accounts> = Arc::new(vault.clone());
    let http = Http::new(HttpOptions::default(), runtime.clone()).unwrap();
    let forecast = Forecast::new(
        runtime.clone(),
        ledger.clone(),
        vault.clone(),
        http.media().clone(),
        forecast::Options::default(),
    );
    let audit = Audit::new(audit::Parts {
        runtime: runtime.clone(),
        accounts: accounts.clone(),
        channels: channels.clone(),
        outside: ledger.clone(),
        incidents: ledger.clone(),
    });
    let transport = Arc::new(Memory::new(&runtime, ["long", "short"]));
    let checker = Checker::new(channels.clone(), accounts.clone(), runtime.clone(), Options::default());
    let intake = Intake::new(ledger.clone(), channels.clone(), accounts.clone(), runtime.clone(), Options::default());
    let console = Console::new(Parts {
        outbox: Outbox::start(&runtime, ledger.clone(), transport.clone()),
        runtime: runtime.clone(),
        ledger: ledger.clone(),
        audit_log: ledger.clone(),
        history: ledger.clone(),
        causes: ledger.clone(),
        jobs: ledger.clone(),
        notes: ledger.clone(),
        assignments: ledger.clone(),
        deliveries: ledger.clone(),
        processes: ledger.clone(),
        found: Arc::new(Vec::new),
        transport: transport.clone(),
        intake: Arc::new(intake.noting(ledger.clone())),
        accounts,
        channels,
        vault: vault.clone(),
        forecast,
        audit,
        outside: ledger.clone(),
        incidents: ledger.clone(),
        options,
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = console.router();
    let jobs = console.clone();
    runtime.spawn(async move { jobs.carry_on_jobs("api@here:1").await });
    runtime.spawn(async move { axum::serve(listener, router).await });
    Server { ledger, broker: transport, vault, address, checker, folder: tempfile::tempdir().unwrap() }
}

/// A message that nothing is wrong with; due now, on two channels.
pub fn message(key: &str) -> Value {
    json!({
        "version": 1,
        "idempotency_key": key,
        "tenant": "acme",
        "content": { "text": format!("hello from {key}") },
        "publish_at": NOON,
        "targets": [{ "channel": "long", "account": "main" }, { "channel": "short", "account": "main" }],
    })
}

impl Server {
    pub async fn tell(&self, arguments: &[&str]) -> Told {
        tell(line(&self.address, arguments)).await
    }

    /// What this program says of a file by itself, of the same channels and accounts.
    pub async fn judged_here(&self, file: &str, json: bool) -> Told {
        let (answer, remarks) = (Paper::default(), Paper::default());
        let mut out = Out::to(json, answer.clone(), remarks.clone());
        let judge = Judge::Program(Box::new(self.checker.clone()));
        let ended = validate(&judge, &mut out, file.as_ref()).await.unwrap();
        Told { code: u8::from(ended == Ended::Attention), answer: answer.text(), remarks: remarks.text() }
    }

    /// What a command says, with its exit code.
    pub async fn says(&self, arguments: &[&str]) -> String {
        self.tell(arguments).await.all()
    }

    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Schedules a message and returns the post's id and its targets'.
    pub async fn scheduled(&self, key: &str) -> (String, Vec<String>) {
        let file = self.file("post.json", &message(key).to_string());
        let told = self.tell(&["--json", "schedule", &file]).await;
        let answer: Value = serde_json::from_str(&told.answer).unwrap_or_else(|error| panic!("{error}: {told:?}"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let targets = answer["targets"].as_array().unwrap().iter().map(|target| text(&target["target"])).collect();
        (text(&answer["post"]), targets)
    }

    /// A target that nobody came to in time.
    pub async fn late(&self, channel: &str) {
        let now: Timestamp = NOON.parse().unwrap();
        let runtime = Runtime::system();
        let (post, target) = (PostId(runtime.id()), TargetId(runtime.id()));
        let new = NewTarget {
            id: target,
            channel: channel.parse().unwrap(),
            account: "main".parse().unwrap(),
            app: None,
            due_at: now - Duration::from_secs(10),
            deadline: Some(now - Duration::from_secs(5)),
            changes: domain::Override::default(),
            hash: domain::ContentHash([7; 16]),
            trace: None,
        };
        let post = NewPost {
            id: post,
            tenant: "acme".parse().unwrap(),
            key: post.to_string(),
            fingerprint: [7; 32],
            content: domain::Content::default(),
            accepted_at: now - Duration::from_secs(20),
            answer: Value::Null,
            targets: vec![new],
        };
        self.ledger.accept(vec![post]).await.unwrap();
        self.ledger.apply(target, Command::Wake).await.unwrap();
    }

    pub async fn apply(&self, target: &str, command: Command) -> Answer {
        self.ledger.apply(target.parse().unwrap(), command).await.unwrap().answer
    }

    pub async fn arm(&self, target: &str) -> u32 {
        self.apply(target, Command::Wake).await;
        let worker = WorkerName::new("worker-1").unwrap();
        let begin = Command::Begin { worker, repeat: RepeatSafety::Nothing, arm: Some("create status".into()) };
        let Answer::Begun(begun) = self.apply(target, begin).await else { panic!("not begun") };
        begun.attempt
    }

    pub async fn finish(&self, target: &str, attempt: u32, outcome: Outcome) {
        let (repeat, on_doubt) = (RepeatSafety::Nothing, OnDoubt::Park);
        self.apply(target, Command::Finish { attempt, outcome, repeat, on_doubt, trace: None }).await;
    }

    pub async fn publish(&self, target: &str) {
        let attempt = self.arm(target).await;
        let receipt = Receipt { id: "1".into(), url: Some("https://example.org/@main/1".into()) };
        self.finish(target, attempt, Outcome::Published(vec![(0, receipt)])).await;
    }

    pub async fn fail(&self, target: &str) {
        let attempt = self.arm(target).await;
        let said = PlatformWords { status: Some(422), ..PlatformWords::text("we do not take \u{1b}[31mthat") };
        let failure = Failure {
            code: Code::CONTENT_REFUSED,
            landed: Landed::No,
            worth: Worth::Never,
            scope: Scope::Post,
            step: "create status".into(),
            said,
        };
        self.finish(target, attempt, Outcome::Failed(failure)).await;
    }

    /// A try comes to nothing, and another one follows.
    pub async fn put_off(&self, target: &str) {
        let attempt = self.arm(target).await;
        let failure = Failure {
            code: Code::UNREACHABLE,
            landed: Landed::No,
            worth: Worth::Retry { not_before: None },
            scope: Scope::Channel,
            step: "create".into(),
            said: PlatformWords::text("connection refused"),
        };
        self.finish(target, attempt, Outcome::Failed(failure)).await;
    }

    pub async fn doubt(&self, target: &str) {
        let attempt = self.arm(target).await;
        let failure = Failure {
            code: Code::NO_ANSWER,
            landed: Landed::Unknown,
            worth: Worth::Retry { not_before: None },
            scope: Scope::Channel,
            step: "create status".into(),
            said: PlatformWords::text("connection cut"),
        };
        self.finish(target, attempt, Outcome::Failed(failure)).await;
    }
}
