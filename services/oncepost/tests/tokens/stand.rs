//! A whole oncepost around one real channel: its platform's fake over HTTP, a vault, a keeper, a scheduler and workers.

use std::{collections::BTreeMap, ops::Deref, sync::Arc, time::Duration};

use axum::{Router, body::Bytes};
use broker::Memory;
use channels::{Accounts, Channel, Http, HttpOptions, ListedAccounts, MediaOptions, Registry, Secret};
use domain::{
    AccountId, AppId, ChannelName, Code, Content, Media, Part, Policy, State, Target, TargetId, TenantId, invariant,
};
use guard::MemoryGuard;
use jiff::{SignedDuration, Timestamp};
use keeper::{Keeper, KeeperOptions};
use ledger::{Ledger, MemoryLedger};
use runtime::{Clock, Runtime, SystemRandom};
use scheduler::SchedulerOptions;
use simulation::{Process, single};
use testkit::{Fake, Ready, fake::Platform};
use vault::{AccountName, AppDefaults, Connect, Defaults, Keys, Parts, Vault, VaultOptions, record};
use worker::Ports;

use crate::clock::{MoveUp, Timed, Waiting};

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(24 * 3600);
/// The registration that all accounts share.
const APP: &str = "ours";
/// How long a call may take, in real time: nothing here waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A fake and a server of files, on threads of their own: no virtual clock is theirs.
struct Elsewhere<P: Platform> {
    fake: Arc<Fake<P>>,
    files: String,
    threads: Option<tokio::runtime::Runtime>,
}

impl<P: Platform> Elsewhere<P> {
    async fn start(file: Vec<u8>) -> Self {
        let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let fake = threads.spawn(Fake::<P>::start()).await.unwrap();
        let file = Bytes::from(file);
        let listening = async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}", listener.local_addr().unwrap());
            let router = Router::new().fallback(move || {
                let file = file.clone();
                async move { file }
            });
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
            address
        };
        let files = threads.spawn(listening).await.unwrap();
        Self { fake: Arc::new(fake), files, threads: Some(threads) }
    }
}

impl<P: Platform> Drop for Elsewhere<P> {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

/// See the module.
pub struct Stand<P: Platform> {
    pub runtime: Runtime,
    pub ledger: Arc<MemoryLedger>,
    pub broker: Memory,
    pub vault: Vault,
    channel: &'static str,
    guard: Arc<MemoryGuard>,
    keys: Keys,
    elsewhere: Elsewhere<P>,
    made: std::sync::atomic::AtomicU32,
    processes: Vec<Process>,
}

impl<P: Platform> Deref for Stand<P> {
    type Target = Fake<P>;

    fn deref(&self) -> &Fake<P> {
        &self.elsewhere.fake
    }
}

impl<P: Platform> Stand<P> {
    /// A platform and its channel, with a scheduler, two workers and a keeper.
    pub async fn start() -> Self {
        Self::giving(Vec::new()).await
    }

    /// The same, and a server that gives `file` at every address.
    pub async fn giving(file: Vec<u8>) -> Self {
        let mut stand = Self::quiet(file).await;
        for name in ["w1", "w2"] {
            stand.work(name);
        }
        stand.schedule();
        stand.keep();
        stand
    }

    /// The same without any process.
    pub async fn quiet(file: Vec<u8>) -> Self {
        let elsewhere = Elsewhere::<P>::start(file).await;
        let runtime = Runtime::simulated(7, now());
        let keys = Keys::read([("test", Keys::make(&runtime).as_str())]).unwrap();
        let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
        let vault = vault(&runtime, &ledger, registry(&runtime, P::NAME, &elsewhere), &keys);
        Self {
            broker: Memory::new(&runtime, [P::NAME]),
            guard: Arc::new(MemoryGuard::new(runtime.clone())),
            channel: P::NAME,
            made: Default::default(),
            processes: Vec::new(),
            ledger,
            vault,
            keys,
            elsewhere,
            runtime,
        }
    }

    fn registry(&self, runtime: &Runtime) -> Arc<Registry> {
        registry(runtime, self.channel, &self.elsewhere)
    }

    /// The vault of a process, which knows within seconds of what people connect.
    fn vault_of(&self, runtime: &Runtime) -> Vault {
        let vault = vault(runtime, &self.ledger, self.registry(runtime), &self.keys);
        vault.follow();
        vault
    }

    /// One more worker, a process of its own with a vault of its own.
    pub fn work(&mut self, name: &str) {
        let runtime = self.runtime.sibling().mortal();
        let ports = Ports {
            ledger: self.ledger.clone(),
            transport: Arc::new(self.broker.clone()),
            guard: self.guard.clone(),
            channels: self.registry(&runtime),
            accounts: Arc::new(self.vault_of(&runtime)),
        };
        self.processes.push(Process::worker(name, runtime, ports, &[self.channel], Default::default()).unwrap());
    }

    pub fn schedule(&mut self) {
        let runtime = self.runtime.sibling().mortal();
        let accounts = Arc::new(self.vault_of(&runtime)) as Arc<dyn Accounts>;
        let (ledger, transport) = (self.ledger.clone(), Arc::new(self.broker.clone()));
        // It is woken by news; days pass here, and a look each second would be most of the work.
        let options = SchedulerOptions { poll: MINUTE, ..SchedulerOptions::default() };
        let registry = self.registry(&runtime);
        self.processes.push(Process::scheduler(runtime, ledger, transport, registry, accounts, options));
    }

    pub fn keep(&mut self) {
        let runtime = self.runtime.sibling().mortal();
        let vault = self.vault_of(&runtime);
        let keeper =
            Keeper::new(runtime.clone(), self.ledger.clone(), self.guard.clone(), vault, KeeperOptions::default());
        self.processes.push(Process::other(runtime, keeper.run()));
    }

    pub fn name(&self, id: &str) -> AccountName {
        AccountName {
            tenant: TenantId::new("acme").unwrap(),
            channel: ChannelName::new(self.channel).unwrap(),
            account: AccountId::new(id).unwrap(),
        }
    }

    /// What a person brings who has logged in to the fake: the account's first tokens, and those of the app.
    pub fn tokens(&self, id: &str) -> Connect {
        let ready = Ready::on(self.channel, &self.url()).unwrap();
        let mut secrets: BTreeMap<String, Secret> = ready
            .secrets
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(value.replace("main", id))))
            .collect();
        let refresh = Ready::refresh_token(self.channel).map(|token| token.replace("main", id));
        if let (Some(refresh), Some((client, password))) = (refresh, Ready::client(self.channel)) {
            let renewing = [("refresh_token", refresh.as_str()), ("client_id", client), ("client_secret", password)];
            secrets.extend(renewing.map(|(name, value)| (name.to_owned(), Secret::new(value))));
        }
        Connect {
            app: Some(AppId::new(APP).unwrap()),
            base_url: Some(ready.base_url.parse().unwrap()),
            settings: ready.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            secrets,
            ..Connect::default()
        }
    }

    /// A person connects the account.
    pub async fn connect(&self, id: &str) {
        self.vault.connect(&self.name(id), self.tokens(id), "a person").await.unwrap();
        self.move_up();
    }

    /// The platform's clock shows the virtual time.
    pub fn move_up(&self) {
        move_up(&self.elsewhere.fake)(self.runtime.now());
    }

    /// A picture or video of the file server.
    pub fn media(&self, name: &str) -> Vec<Media> {
        vec![Media { url: format!("{}/{name}", self.elsewhere.files), alt: None }]
    }

    /// A post of its own text, due in `wait`.
    pub async fn post(&self, id: &str, wait: Duration) -> TargetId {
        self.send(id, wait, Content { text: self.text(), ..Content::default() }).await
    }

    /// A text that no other post has.
    pub fn text(&self) -> String {
        format!("post {}.", self.made.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }

    pub async fn send(&self, id: &str, wait: Duration, content: Content) -> TargetId {
        let due_at = Timestamp::from_millisecond((self.runtime.now() + wait).as_millisecond()).unwrap();
        let app = Some(AppId::new(APP).unwrap());
        let post = single(&self.runtime, self.name(id), app, content, due_at);
        let target = post.targets[0].id;
        self.ledger.accept(vec![post]).await.unwrap();
        target
    }

    pub async fn target(&self, id: TargetId) -> Target {
        self.ledger.target(id).await.unwrap().unwrap().target
    }

    /// How the account is.
    pub async fn view(&self, id: &str) -> vault::View {
        self.vault.view(&self.name(id)).await.unwrap().unwrap()
    }

    pub async fn health(&self, id: &str) -> record::State {
        self.view(id).await.state
    }

    /// Lets time pass until every target rests, or until `limit` is over, which fails.
    pub async fn settle(&self, limit: Duration) {
        let rests =
            |target: &Target| target.state.is_terminal() || target.listed.is_some() || target.state == State::Held;
        let until = self.runtime.now() + limit;
        loop {
            let moving: Vec<_> = self.ledger.targets().into_iter().filter(|target| !rests(target)).collect();
            if moving.is_empty() {
                return;
            }
            assert!(self.runtime.now() < until, "after {limit:?} these still move: {moving:#?}");
            self.runtime.sleep(Duration::from_secs(1)).await;
        }
    }

    /// Settles, and holds that all is out, and once.
    pub async fn all_out(&self, limit: Duration) {
        self.settle(limit).await;
        let (now, policy) = (self.runtime.now(), self.ledger.policy());
        for target in self.ledger.targets() {
            invariant::check(&target, now, policy).unwrap_or_else(|broken| panic!("{broken:?}: {target:#?}"));
            assert_eq!(target.state, State::Published, "{target:#?}");
        }
        assert!(self.duplicates().is_empty(), "nothing is out twice");
        let parts: usize = self.ledger.targets().iter().map(|target| target.out.len()).sum();
        assert_eq!(self.posts().len(), parts, "what is out is what is recorded");
    }

    /// Lets a second pass; fails if `end` is over.
    pub async fn tick(&self, end: Timestamp) {
        self.runtime.sleep(Duration::from_secs(1)).await;
        assert!(self.runtime.now() < end, "too late: {:#?}\n{:#?}", self.calls(), self.ledger.targets());
    }

    pub fn in_state(&self, state: State) -> usize {
        self.ledger.targets().iter().filter(|target| target.state == state).count()
    }

    /// How many calls there were to paths that contain `path`.
    pub fn calls_to(&self, method: &str, path: &str) -> usize {
        self.calls().iter().filter(|call| call.method == method && call.path.contains(path)).count()
    }

    /// How many publish calls ended with this status.
    pub fn publishes_with(&self, status: u16) -> usize {
        self.publish_calls().iter().filter(|call| call.status == Some(status)).count()
    }

    /// The codes of the failures that attempts of the target came to.
    pub async fn codes(&self, id: TargetId) -> Vec<Code> {
        let post = self.ledger.post(self.target(id).await.post, true).await.unwrap().unwrap();
        let attempts = post.targets.into_iter().flat_map(|target| target.attempts);
        attempts.filter_map(|attempt| attempt.failure.map(|failure| failure.code)).collect()
    }
}

impl<P: Platform> Drop for Stand<P> {
    fn drop(&mut self) {
        for process in self.processes.drain(..) {
            process.kill();
        }
    }
}

/// A thread: what its parts say.
pub fn thread(texts: &[String]) -> Content {
    let part = |text: &String| Part { text: text.clone(), media: vec![] };
    Content { text: texts[0].clone(), thread: texts[1..].iter().map(part).collect(), ..Content::default() }
}

/// What is taken for a video.
pub fn video(bytes: usize) -> Vec<u8> {
    let mut file = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    file.resize(bytes, 7);
    file
}

fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap()
}

fn move_up<P: Platform>(fake: &Arc<Fake<P>>) -> MoveUp {
    let fake = Arc::downgrade(fake);
    Arc::new(move |now| {
        let Some(fake) = fake.upgrade() else { return };
        let behind: SignedDuration = now.duration_since(fake.now());
        if let Ok(behind) = Duration::try_from(behind) {
            fake.advance(behind);
        }
    })
}

/// The channel, whose platform's clock follows the process's.
fn registry<P: Platform>(runtime: &Runtime, name: &str, elsewhere: &Elsewhere<P>) -> Arc<Registry> {
    let (clock, move_up) = (runtime.clock(), move_up(&elsewhere.fake));
    let waiting = Arc::new(Waiting { clock: clock.clone(), move_up: move_up.clone() }) as Arc<dyn Clock>;
    let options = HttpOptions {
        connect_timeout: PATIENCE,
        read_timeout: PATIENCE,
        timeout: PATIENCE,
        media: MediaOptions { allow_private: true, max_bytes: 64 << 20, ..MediaOptions::default() },
        ..HttpOptions::default()
    };
    let http = Http::new(options, Runtime::new(waiting, Arc::new(SystemRandom))).unwrap();
    let channel = Registry::all(http).get(name).unwrap().clone();
    Arc::new(Registry::of([Arc::new(Timed { channel, clock, move_up }) as Arc<dyn Channel>]))
}

fn vault(runtime: &Runtime, ledger: &Arc<MemoryLedger>, channels: Arc<Registry>, keys: &Keys) -> Vault {
    Vault::new(Parts {
        runtime: runtime.clone(),
        store: ledger.clone(),
        channels,
        keys: keys.clone(),
        listed: ListedAccounts::new([]),
        defaults: Defaults { apps: [(AppId::new(APP).unwrap(), AppDefaults::default())].into(), ..Defaults::default() },
        options: VaultOptions::default(),
    })
}
