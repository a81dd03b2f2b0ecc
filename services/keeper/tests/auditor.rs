//! When a keeper looks outside, and at whom.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use audit::{Audit, Parts};
use channels::{
    About, Account, Accounts, Call, Channel, Limits, Listed, ListedAccounts, Listing, Mark, Objection, Offers,
    Published, Registry, Secret, SecretSource, Threads, TokenLife,
};
use domain::{
    AccountId, AppId, ChannelName, Draft, Failure, Finding, OnDoubt, PauseScope, Policy, RepeatSafety, TargetId,
    TenantId,
};
use guard::{Guard, MemoryGuard};
use jiff::Timestamp;
use ledger::{IncidentKind, Incidents, Ledger, MemoryLedger, NewIncident, PauseAsk, Place};
use metrics_exporter_prometheus::PrometheusBuilder;
use oncepost_keeper::{Auditor, AuditorOptions, AuditorParts};
use runtime::Runtime;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Lists nothing, and writes down who was asked about.
struct Quiet {
    about: About,
    asked: Arc<Mutex<Vec<String>>>,
    charges: bool,
}

#[async_trait]
impl Channel for Quiet {
    fn about(&self) -> &About {
        &self.about
    }

    fn check(&self, _: &Draft) -> Vec<Objection> {
        vec![]
    }

    async fn publish(&self, _: &mut Call<'_>) -> Result<Published, Failure> {
        panic!("an audit publishes nothing")
    }

    async fn find(&self, _: &Mark<'_>) -> Result<Finding, Failure> {
        Ok(Finding::Absent)
    }

    fn charges_for_listing(&self) -> bool {
        self.charges
    }

    async fn list(&self, account: &Account, _: Timestamp) -> Result<Listed, Failure> {
        self.asked.lock().unwrap().push(account.id.to_string());
        Ok(Listed::Posts(Listing::default()))
    }
}

struct World {
    runtime: Runtime,
    ledger: Arc<MemoryLedger>,
    guard: Arc<MemoryGuard>,
    asked: Arc<Mutex<Vec<String>>>,
    parts: AuditorParts,
}

fn world() -> World {
    world_that(false)
}

/// Whose platform charges for what it lists, or not.
fn world_that(charges: bool) -> World {
    let runtime = Runtime::simulated(7, "2026-06-01T12:00:00Z".parse().unwrap());
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    let guard = Arc::new(MemoryGuard::new(runtime.clone()));
    let about = About {
        name: "board",
        title: "Board",
        repeat: RepeatSafety::Nothing,
        limits: Limits::NONE,
        threads: Threads::None,
        offers: Offers::media(0, 0),
        server: None,
        secrets: &["token"],
        settings: &[],
        tokens: TokenLife::Lasting,
        arms: None,
        oauth: None,
    };
    let asked = Arc::new(Mutex::new(Vec::new()));
    let account = |name: &str| Account {
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new("board").unwrap(),
        id: AccountId::new(name).unwrap(),
        app: Some(AppId::new("ours").unwrap()),
        base_url: "https://board.example".parse().unwrap(),
        secrets: [("token".to_owned(), SecretSource::Value(Secret::new("hush")))].into(),
        settings: BTreeMap::new(),
        on_doubt: OnDoubt::Park,
        // One post a day: looking is not publishing, and takes nothing of it.
        rate: Some((1, DAY)),
        app_rate: None,
    };
    let accounts: Arc<dyn Accounts> = Arc::new(ListedAccounts::new([account("a"), account("b")]));
    let audit = Audit::new(Parts {
        runtime: runtime.clone(),
        accounts: accounts.clone(),
        channels: Arc::new(Registry::of(
            [Arc::new(Quiet { about, asked: asked.clone(), charges }) as Arc<dyn Channel>],
        )),
        outside: ledger.clone(),
        incidents: ledger.clone(),
    });
    let parts = AuditorParts {
        runtime: runtime.clone(),
        ledger: ledger.clone(),
        guard: guard.clone(),
        accounts,
        incidents: ledger.clone(),
        audit,
    };
    World { runtime, ledger, guard, asked, parts }
}

impl World {
    fn auditor(&self) -> Auditor {
        Auditor::new(self.parts.clone(), AuditorOptions::default())
    }

    /// Who was asked about since the last time.
    fn asked(&self) -> String {
        std::mem::take(&mut *self.asked.lock().unwrap()).join(" ")
    }
}

#[tokio::test(start_paused = true)]
async fn of_all_keepers_one_looks_once_a_day() {
    let world = world();
    let (mut one, mut two) = (world.auditor(), world.auditor());
    let story = async {
        one.tick().await;
        assert_eq!(world.asked(), "a b");
        one.tick().await;
        two.tick().await;
        // One that is started anew does not begin from the start.
        world.auditor().tick().await;
        assert_eq!(world.asked(), "", "they were looked at a moment ago");
        world.runtime.sleep(DAY + HOUR).await;
        two.tick().await;
        one.tick().await;
        assert_eq!(world.asked(), "a b", "it is another's turn, and nobody's besides");
    };
    story.await;
    let dear = world_that(true);
    dear.auditor().tick().await;
    assert_eq!(dear.asked(), "", "nobody has asked for it");
    let mut never =
        Auditor::new(world.parts.clone(), AuditorOptions { every: Duration::ZERO, ..AuditorOptions::default() });
    world.runtime.sleep(3 * DAY).await;
    never.tick().await;
    assert_eq!(world.asked(), "");
}

#[tokio::test(start_paused = true)]
async fn what_is_paused_or_must_not_be_called_is_left_to_the_next_time() {
    let account = |name: &str| PauseScope::Account {
        tenant: "acme".parse().unwrap(),
        channel: "board".parse().unwrap(),
        account: name.parse().unwrap(),
    };
    let channel = PauseScope::Channel { channel: "board".parse().unwrap() };
    let app = PauseScope::App { app: "ours".parse().unwrap() };
    let other = PauseScope::Tenant { tenant: "other".parse().unwrap() };
    for (scope, asked) in [(account("a"), "b"), (channel, ""), (app, ""), (PauseScope::All, ""), (other, "a b")] {
        let world = world();
        let ask = PauseAsk { scope: scope.clone(), reason: "r".into(), by: "ann".into() };
        world.ledger.pause(ask).await.unwrap();
        world.auditor().tick().await;
        assert_eq!(world.asked(), asked, "{scope}");
    }
    for (scope, asked) in [("account:acme:board:b", "a"), ("channel:board", ""), ("app:ours", ""), ("account:x", "a b")]
    {
        let world = world();
        let until = world.runtime.now() + HOUR;
        world.guard.cool_down(scope, until, "OP-2201").await.unwrap();
        world.auditor().tick().await;
        assert_eq!(world.asked(), asked, "{scope}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_open_is_counted_for_every_kind() {
    let world = world();
    let place =
        Place { tenant: "acme".parse().unwrap(), channel: "board".parse().unwrap(), account: "a".parse().unwrap() };
    let found = NewIncident {
        kind: IncidentKind::Vanished,
        target: TargetId(world.runtime.id()),
        place,
        subject: "17".into(),
        what: "gone".into(),
        evidence: serde_json::Value::Null,
    };
    let id = world.ledger.report(vec![found]).await.unwrap()[0].id;
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let mut auditor = world.auditor();
    let counted = |kind: &str, many: u32| {
        let line = format!("oncepost_incidents_open{{kind=\"{kind}\"}} {many}");
        let shown = handle.render();
        assert!(shown.lines().any(|shown| shown == line), "{line}\nis not in\n{shown}");
    };
    auditor.tick().await;
    counted("vanished", 1);
    counted("duplicate", 0);
    world.ledger.close_incident(id, "ann", "so be it").await.unwrap();
    auditor.tick().await;
    counted("vanished", 0);
}
