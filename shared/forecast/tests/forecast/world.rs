//! A world at noon on 1 June 2026: one channel, a vault, a ledger in memory.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use channels::{
    About, Account, Call, Cap, CapOf, Channel, Count, Http, HttpOptions, Limits, ListedAccounts, Mark, Media,
    MediaOptions, Objection, Offers, Published, RefreshRepeat, Registry, Secret, SecretSource, Standing, StoreAt,
    Threads, TokenLife, Tokens, Unit, What, Window,
};
use domain::{
    Code, Content, ContentHash, Draft, Failure, Finding, Fix, Landed, OnDoubt, Override, PlatformWords, Policy, PostId,
    RepeatSafety, Scope, TargetId, Worth,
};
use jiff::Timestamp;
use ledger::{Ledger, MemoryLedger, NewPost, NewTarget};
use oncepost_forecast::{Ask, AtStake, Forecast, Options, Report};
use runtime::Runtime;
use vault::{AccountName, AppDefaults, Connect, Defaults, Keys, Parts, Vault, VaultOptions, record::Pace};

pub const NOON: &str = "2026-06-01T12:00:00Z";
pub const HOUR: Duration = Duration::from_secs(3600);

/// Answers as the account's settings say.
struct Told(About);

pub fn failure(code: Code, landed: Landed, worth: Worth) -> Failure {
    let said = PlatformWords { status: Some(401), ..PlatformWords::text("no") };
    Failure { code, landed, worth, scope: Scope::Account, step: "ask".into(), said }
}

#[async_trait]
impl Channel for Told {
    fn about(&self) -> &About {
        &self.0
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        let parts = match self.0.threads {
            Threads::None => 1,
            Threads::PerPart(most) | Threads::Whole(most) => most,
        };
        self.0.limits.check(draft, parts)
    }

    async fn publish(&self, _: &mut Call<'_>) -> Result<Published, Failure> {
        Ok(Published::Processing)
    }

    async fn find(&self, _: &Mark<'_>) -> Result<Finding, Failure> {
        Ok(Finding::Absent)
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        let mend = |code, fix| Err(failure(code, Landed::No, Worth::AfterFix { fix }));
        match account.setting("answer") {
            Some("dead") => mend(Code::TOKEN_REVOKED, Fix::Reconnect),
            Some("restricted") => mend(Code::ACCOUNT_RESTRICTED, Fix::Account),
            Some("poor") => Ok(Standing { missing: vec!["write".into()], ..Standing::default() }),
            Some("ending") => {
                Ok(Standing { expires_at: Some(NOON.parse::<Timestamp>().unwrap() + HOUR), ..Standing::default() })
            }
            _ => Ok(Standing::good("main")),
        }
    }

    fn can_renew(&self, account: &Account) -> bool {
        account.secrets.contains_key("refresh_token")
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        let retry = Worth::Retry { not_before: None };
        match account.setting("renewal") {
            Some("lost") => Err(failure(Code::NO_ANSWER, Landed::Unknown, retry)),
            Some("failing") => Err(failure(Code::OUT_OF_ORDER, Landed::No, retry)),
            Some("refused") => Err(failure(Code::TOKEN_REVOKED, Landed::No, Worth::AfterFix { fix: Fix::Reconnect })),
            _ => Ok(None),
        }
    }
}

/// Three posts of an account in an hour, counted back from each moment; four of an app in two hours.
pub const CAPS: &[Cap] = &[
    Cap { most: 3, per: HOUR, window: Window::Sliding, of: CapOf::Account, what: What::Posts },
    Cap { most: 4, per: Duration::from_secs(2 * 3600), window: Window::Fixed, of: CapOf::App, what: What::FirstParts },
];

/// The platform: texts of at most 100 characters, tokens of two hours. And another that is the same, with threads and caps.
pub fn registry() -> Registry {
    const TEXT: &[Count] = &[Count::new(Unit::Chars, 100)];
    let offers = Offers { account_settings: &["answer", "renewal"], ..Offers::media(4, 4) };
    let tokens = TokenLife::Refreshed { life: 2 * HOUR, refresh_life: None, repeat: RefreshRepeat::Kills };
    let told = About {
        name: "told",
        title: "Told",
        repeat: RepeatSafety::Nothing,
        limits: Limits { text: TEXT, media: 4, ..Limits::NONE },
        threads: Threads::None,
        offers,
        server: Some("https://told.example"),
        oauth: None,
        secrets: &["token"],
        settings: &[],
        tokens,
        arms: None,
    };
    let capped = About {
        name: "capped",
        title: "Capped",
        threads: Threads::PerPart(10),
        offers: Offers { caps: CAPS, ..offers },
        ..told.clone()
    };
    Registry::of([told, capped].map(|about| Arc::new(Told(about)) as Arc<dyn Channel>))
}

pub struct World {
    pub runtime: Runtime,
    pub ledger: Arc<MemoryLedger>,
    pub vault: Vault,
    pub media: Media,
    pub options: Options,
}

/// What is in the settings.
#[derive(Default)]
pub struct Given {
    pub listed: Vec<Account<SecretSource>>,
    pub defaults: Defaults,
    pub without_key: bool,
}

pub fn world() -> World {
    world_of(Given::default(), Runtime::simulated(7, NOON.parse().unwrap()))
}

pub fn world_of(given: Given, runtime: Runtime) -> World {
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    let key = Keys::make(&runtime);
    let keys = if given.without_key { Keys::default() } else { Keys::read([("k", key.as_str())]).unwrap() };
    let vault = Vault::new(Parts {
        runtime: runtime.clone(),
        store: ledger.clone(),
        channels: Arc::new(registry()),
        keys,
        listed: ListedAccounts::new(given.listed),
        defaults: given.defaults,
        options: VaultOptions::default(),
    });
    let media = MediaOptions { allow_private: true, store: StoreAt::Memory, ..MediaOptions::default() };
    let http = Http::new(HttpOptions { media, ..HttpOptions::default() }, runtime.clone()).unwrap();
    World { runtime, ledger, vault, media: http.media().clone(), options: Options::default() }
}

/// The settings of an app that publishes at this pace.
pub fn app_at(name: &str, burst: u32, per: Duration) -> Defaults {
    let app = AppDefaults { rate: Some((burst, per)), ..AppDefaults::default() };
    Defaults { apps: [(name.parse().unwrap(), app)].into(), ..Defaults::default() }
}

pub fn listed(id: &str, secret: SecretSource, settings: &[(&str, &str)]) -> Account<SecretSource> {
    Account {
        tenant: "acme".parse().unwrap(),
        channel: "told".parse().unwrap(),
        id: id.parse().unwrap(),
        app: None,
        base_url: "https://told.example".parse().unwrap(),
        secrets: [("token".to_owned(), secret)].into(),
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        on_doubt: OnDoubt::Park,
        rate: None,
        app_rate: None,
    }
}

pub fn name(text: &str) -> AccountName {
    text.parse().unwrap()
}

/// Credentials that last.
pub fn good() -> Connect {
    with(&[("token", "t"), ("refresh_token", "r")])
}

pub fn with(secrets: &[(&str, &str)]) -> Connect {
    let secrets = secrets.iter().map(|(name, secret)| ((*name).to_owned(), Secret::new(*secret)));
    Connect { secrets: secrets.collect(), ..Connect::default() }
}

pub fn told(connect: Connect, setting: &str, value: &str) -> Connect {
    Connect { settings: BTreeMap::from([(setting.to_owned(), value.to_owned())]), ..connect }
}

pub fn paced(burst: u32, per: Duration) -> Connect {
    Connect { rate: Some(Pace { burst, per_ms: per.as_millis() as u64 }), ..good() }
}

/// A post with one target on `account`, due in so many minutes.
pub struct Plan<'a> {
    pub account: &'a str,
    pub minutes: i64,
    pub deadline: Option<i64>,
    pub content: Content,
    pub app: Option<&'a str>,
}

pub fn plan(account: &str, minutes: i64) -> Plan<'_> {
    let content = Content { text: format!("{account} {minutes}"), ..Content::default() };
    Plan { account, minutes, deadline: None, content, app: None }
}

impl World {
    pub fn later(&self, minutes: i64) -> Timestamp {
        self.runtime.now() + jiff::SignedDuration::from_mins(minutes)
    }

    pub async fn connect(&self, account: &str, connect: Connect) {
        self.vault.connect(&name(account), connect, "ann").await.unwrap();
    }

    pub async fn schedule(&self, plan: Plan<'_>) -> TargetId {
        let AccountName { tenant, channel, account } = name(plan.account);
        let (id, due_at) = (self.runtime.id(), self.later(plan.minutes));
        let draft = Draft::of(&plan.content, &Override::default());
        let target = NewTarget {
            id: TargetId(self.runtime.id()),
            hash: ContentHash::of(&draft, &tenant, &channel, &account, due_at),
            channel,
            account,
            app: plan.app.map(|app| app.parse().unwrap()),
            due_at,
            deadline: plan.deadline.map(|minutes| self.later(minutes)),
            changes: Override::default(),
            trace: None,
        };
        let known = target.id;
        let post = NewPost {
            id: PostId(id),
            tenant,
            key: format!("key-{id}"),
            fingerprint: [7; 32],
            content: plan.content,
            answer: serde_json::json!({}),
            accepted_at: self.runtime.now(),
            targets: vec![target],
        };
        self.ledger.accept(vec![post]).await.unwrap();
        known
    }

    pub fn forecast(&self) -> Forecast {
        let (runtime, ledger) = (self.runtime.clone(), self.ledger.clone());
        Forecast::new(runtime, ledger, self.vault.clone(), self.media.clone(), self.options)
    }

    pub async fn look_for(&self, ask: &Ask) -> Report {
        self.forecast().look(ask, |pauses| pauses).await.unwrap()
    }

    pub async fn look(&self) -> Report {
        self.look_for(&Ask::ahead(24 * HOUR)).await
    }
}

/// `verdict reason` of each risk.
pub fn risks(target: &AtStake) -> Vec<String> {
    target.risks.iter().map(|risk| format!("{} {}", risk.verdict.name(), risk.reason)).collect()
}

/// The only target at stake, with its only risk.
pub fn only(report: &Report, expected: &str) -> String {
    assert_eq!(report.targets.len(), 1, "{report:#?}");
    assert_eq!(risks(&report.targets[0]), [expected], "{report:#?}");
    let risk = &report.targets[0].risks[0];
    for text in [&risk.title, &risk.sentence, &risk.whose, &risk.remedy] {
        assert!(!text.is_empty() && !text.contains(".."), "{risk:#?}");
    }
    assert_eq!(risk.by, report.causes[0].risk.by);
    assert_eq!(
        (report.causes.len(), report.causes[0].targets, report.causes[0].first),
        (1, 1, report.targets[0].goes_at)
    );
    risk.sentence.clone()
}
