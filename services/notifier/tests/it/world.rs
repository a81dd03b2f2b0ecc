//! A ledger, a vault and notifiers around them, by the system's clock: receivers are real.

use std::{future::Future, sync::Arc, time::Duration};

use channels::{Foreign, ForeignOptions, Http, HttpOptions, ListedAccounts, Registry};
use domain::{Backoff, Content, Policy, PostId, TenantId};
use jiff::Timestamp;
use ledger::{
    CredentialStore, Deliveries, Delivery, DeliveryFilter, DeliveryState, Ledger, MemoryLedger, NewPost, Sqlite,
};
use notifier::{Notifier, NotifierOptions};
use oncepost_notifier as notifier;
use runtime::Runtime;
use vault::{Defaults, HookAsk, HookName, Keys, NewSecret, Vault, VaultOptions, record::Word};

/// What a notifier needs of a ledger.
pub trait Stores: Ledger + CredentialStore + Deliveries {}

impl<L: Ledger + CredentialStore + Deliveries> Stores for L {}

pub struct World {
    pub runtime: Runtime,
    pub options: NotifierOptions,
    outside: ForeignOptions,
    ledger: Arc<dyn Stores>,
    vault: Vault,
}

impl World {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// With other numbers than usual.
    pub fn with(change: impl FnOnce(&mut NotifierOptions)) -> Self {
        let runtime = Runtime::system();
        let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
        Self::of(runtime, ledger, change)
    }

    /// On a file, whose one connection that writes all wait for.
    pub async fn on_sqlite() -> Self {
        let runtime = Runtime::system();
        let ledger = Sqlite::temporary(&runtime, Policy::default()).await.unwrap();
        Self::of(runtime, Arc::new(ledger), |_| {})
    }

    fn of(runtime: Runtime, ledger: Arc<dyn Stores>, change: impl FnOnce(&mut NotifierOptions)) -> Self {
        let short = Duration::from_millis(5);
        let mut options = NotifierOptions {
            every: short,
            backoff: Backoff { base: short, factor: 2.0, cap: Duration::from_secs(1), jitter: 0.2 },
            ..NotifierOptions::default()
        };
        change(&mut options);
        let http = Http::new(HttpOptions::default(), runtime.clone()).unwrap();
        let key = Keys::make(&runtime);
        let vault = Vault::new(vault::Parts {
            runtime: runtime.clone(),
            store: ledger.clone(),
            channels: Arc::new(Registry::all(http)),
            keys: Keys::read([("k", key.as_str())]).unwrap(),
            listed: ListedAccounts::new(Vec::new()),
            defaults: Defaults::default(),
            options: VaultOptions::default(),
        });
        let outside = ForeignOptions { allow_private: true, ..ForeignOptions::default() };
        Self { runtime, options, outside, ledger, vault }
    }

    /// Nothing may be sent to this machine.
    pub fn outside_only() -> Self {
        Self { outside: ForeignOptions::default(), ..Self::new() }
    }

    /// A notifier that a test may kill.
    pub fn start(&self) -> Runtime {
        let runtime = self.runtime.sibling().mortal();
        let outside = Foreign::new(&self.outside, runtime.clone()).unwrap();
        let (deliveries, vault) = (self.ledger.clone(), self.vault.clone());
        let notifier = Notifier::new(runtime.clone(), deliveries, vault, outside, self.options.clone());
        runtime.spawn(notifier.run());
        runtime
    }

    /// Puts a hook in; its secret, if one was made.
    pub async fn hook(&self, name: &str, url: &str, tenant: Option<&str>) -> String {
        let ask = HookAsk {
            url: url.parse().unwrap(),
            tenant: tenant.map(|tenant| TenantId::new(tenant).unwrap()),
            events: Vec::new(),
            disabled: false,
            secret: NewSecret::Keep,
        };
        let (_, _, secret) = self.vault.put_hook(&name.parse().unwrap(), &ask, "test").await.unwrap();
        secret.map(|secret| secret.reveal().to_owned()).unwrap_or_default()
    }

    /// Accepts a post, and tells of it.
    pub async fn accept(&self, owner: &str) -> PostId {
        let id = PostId(self.runtime.id());
        let post = NewPost {
            id,
            tenant: TenantId::new(owner).unwrap(),
            key: id.to_string(),
            fingerprint: [7; 32],
            content: Content::default(),
            accepted_at: self.runtime.now(),
            answer: serde_json::Value::Null,
            targets: Vec::new(),
        };
        self.ledger.accept(vec![post]).await.unwrap();
        let events = self.ledger.untold(Duration::ZERO, 100).await.unwrap();
        let ids: Vec<_> = events.iter().map(|event| event.id).collect();
        self.ledger.told(&ids).await.unwrap();
        id
    }

    pub fn deliveries(&self) -> &dyn Deliveries {
        &*self.ledger
    }

    pub async fn listed(&self, hook: &str) -> Vec<Delivery> {
        let filter = DeliveryFilter { hook: Some(hook.into()), limit: 500, ..DeliveryFilter::default() };
        self.ledger.deliveries(&filter).await.unwrap().items
    }

    /// The hook's deliveries, once none waits.
    pub async fn settled(&self, hook: &str) -> Vec<Delivery> {
        self.until(|| async {
            let all = self.listed(hook).await;
            let waits = |delivery: &Delivery| delivery.state == DeliveryState::Waiting;
            (!all.is_empty() && !all.iter().any(waits)).then_some(all)
        })
        .await
    }

    /// The hook's one delivery, once an attempt is on record.
    pub async fn attempted(&self, hook: &str) -> Delivery {
        self.until(|| async { self.listed(hook).await.into_iter().find(|delivery| !delivery.log.is_empty()) }).await
    }

    /// Until when the hook's one delivery was put off after an attempt.
    pub async fn put_off(&self, hook: &str) -> Timestamp {
        self.attempted(hook).await.due_at.unwrap()
    }

    /// Why the hook was switched off, once it is.
    pub async fn switched_off(&self, hook: &str) -> Word {
        let name: HookName = hook.parse().unwrap();
        self.until(|| async { self.vault.hook(&name).await.unwrap().record.disabled }).await
    }

    async fn until<T, F: Future<Output = Option<T>>>(&self, look: impl Fn() -> F) -> T {
        let looking = async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                self.runtime.sleep(Duration::from_millis(2)).await;
            }
        };
        self.runtime.within(Duration::from_secs(30), looking).await.expect("within 30 seconds")
    }
}
