//! What is counted and told of what will fail.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use channels::{Http, HttpOptions, ListedAccounts, Registry};
use domain::{Command, Content, ContentHash, Draft, Media, Override, PauseScope, Policy, PostId, TargetId};
use forecast::{Forecast, Options};
use ledger::{Ledger, MemoryLedger, NewPost, NewTarget, PauseAsk};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use oncepost_keeper::{Outlook, OutlookOptions};
use runtime::Runtime;
use tracing_subscriber::fmt::MakeWriter;
use vault::{Defaults, Keys, Parts, Vault, VaultOptions};

const MINUTES: Duration = Duration::from_secs(300);

/// What is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// The warnings since the last time.
    fn taken(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        text.lines().filter(|line| line.contains(" WARN ")).map(str::to_owned).collect()
    }
}

impl Write for &Lines {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Lines;
    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// A ledger whose targets go to a channel that this program does not know: all of them will fail.
struct World {
    runtime: Runtime,
    ledger: Arc<MemoryLedger>,
    forecast: Forecast,
    /// The tests come one after another: whether anybody listens to a line is remembered for all threads.
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::new(());

fn world() -> World {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = Runtime::simulated(7, "2026-06-01T12:00:00Z".parse().unwrap());
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    let vault = Vault::new(Parts {
        runtime: runtime.clone(),
        store: ledger.clone(),
        channels: Arc::new(Registry::of([])),
        keys: Keys::default(),
        listed: ListedAccounts::default(),
        defaults: Defaults::default(),
        options: VaultOptions::default(),
    });
    let http = Http::new(HttpOptions::default(), runtime.clone()).unwrap();
    let forecast = Forecast::new(runtime.clone(), ledger.clone(), vault, http.media().clone(), Options::default());
    World { runtime, ledger, forecast, _turn: turn }
}

impl World {
    fn outlook(&self) -> Outlook {
        Outlook::new(self.runtime.clone(), self.forecast.clone(), OutlookOptions::default())
    }

    async fn schedule(&self, channel: &str, media: &[&str]) -> TargetId {
        let (id, tenant) = (self.runtime.id(), "acme".parse().unwrap());
        let media = media.iter().map(|url| Media { url: (*url).into(), alt: None }).collect();
        let content = Content { text: "x".into(), media, ..Content::default() };
        let due_at = self.runtime.now() + Duration::from_secs(10 * 3600);
        let (channel, account) = (channel.parse().unwrap(), "main".parse().unwrap());
        let draft = Draft::of(&content, &Override::default());
        let target = NewTarget {
            id: TargetId(self.runtime.id()),
            hash: ContentHash::of(&draft, &tenant, &channel, &account, due_at),
            channel,
            account,
            app: None,
            due_at,
            deadline: None,
            changes: Override::default(),
            trace: None,
        };
        let known = target.id;
        let post = NewPost {
            id: PostId(id),
            tenant,
            key: format!("key-{id}"),
            fingerprint: [7; 32],
            content,
            answer: serde_json::json!({}),
            accepted_at: self.runtime.now(),
            targets: vec![target],
        };
        self.ledger.accept(vec![post]).await.unwrap();
        known
    }

    async fn cancel(&self, target: TargetId) {
        self.ledger.apply(target, Command::Cancel).await.unwrap();
    }
}

fn number(metrics: &PrometheusHandle, reason: &str, verdict: &str) -> Option<String> {
    let page = metrics.render();
    let head = format!("oncepost_forecast_targets{{verdict=\"{verdict}\",reason=\"{reason}\"}} ");
    page.lines().find_map(|line| line.strip_prefix(&head)).map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn targets_are_counted_by_verdict_and_reason_and_go_back_to_nothing() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let (metrics, _guard) = (recorder.handle(), metrics::set_default_local_recorder(&recorder));
    let world = world();
    let mut outlook = world.outlook();
    let targets = [world.schedule("fax", &[]).await, world.schedule("telex", &[]).await];
    outlook.look().await;
    assert_eq!(number(&metrics, "unknown_channel", "will_fail").as_deref(), Some("2"));
    assert_eq!(number(&metrics, "paused", "at_risk").as_deref(), Some("0"), "{}", metrics.render());
    assert!(metrics.render().contains("oncepost_forecast_targets_not_looked_at 0"));
    for target in targets {
        world.cancel(target).await;
    }
    outlook.look().await;
    assert_eq!(number(&metrics, "unknown_channel", "will_fail").as_deref(), Some("0"));
}

#[tokio::test(start_paused = true)]
async fn files_are_asked_for_once_an_hour_and_what_was_found_stays_until_then() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let (metrics, _guard) = (recorder.handle(), metrics::set_default_local_recorder(&recorder));
    let world = world();
    let mut outlook = world.outlook();
    let target = world.schedule("fax", &["s3://closed/a.png"]).await;
    outlook.look().await;
    assert_eq!(number(&metrics, "media_gone", "will_fail").as_deref(), Some("1"));
    world.cancel(target).await;
    for (count, times) in [("1", 11), ("0", 1)] {
        for _ in 0..times {
            world.runtime.sleep(MINUTES).await;
            outlook.look().await;
            assert_eq!(number(&metrics, "media_gone", "will_fail").as_deref(), Some(count));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_new_cause_is_told_once_whatever_number_of_targets_it_has() {
    let world = world();
    let lines = Lines::default();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(lines.clone()).finish();
    let _guard = tracing::subscriber::set_default(log);
    // Another test has met the same line when nobody listened.
    tracing::callsite::rebuild_interest_cache();
    let mut outlook = world.outlook();
    outlook.look().await;
    assert!(lines.taken().is_empty());
    let (first, second) = (world.schedule("fax", &[]).await, world.schedule("fax", &[]).await);
    outlook.look().await;
    let told = lines.taken();
    assert_eq!(told.len(), 1, "{told:?}");
    for part in ["will fail: There is no such channel", "channel:fax", "targets=2", "OP-1004"] {
        assert!(told[0].contains(part), "{part}: {told:?}");
    }
    // Nothing new, not even with more targets.
    let third = world.schedule("fax", &[]).await;
    outlook.look().await;
    assert!(lines.taken().is_empty());
    let ask = PauseAsk { scope: PauseScope::All, reason: "freeze".into(), by: "ann".into() };
    world.ledger.pause(ask).await.unwrap();
    outlook.look().await;
    let told = lines.taken();
    assert_eq!(told.len(), 2, "{told:?}");
    for part in [
        "is at risk: Held by a pause; would fail when it ends: There is no such",
        "is at risk: A pause holds it back: freeze",
    ] {
        assert!(told.iter().any(|line| line.contains(part)), "{part}: {told:?}");
    }
    // What was mended is new when it comes again.
    for target in [first, second, third] {
        world.cancel(target).await;
    }
    outlook.look().await;
    assert!(lines.taken().is_empty());
    world.schedule("fax", &[]).await;
    outlook.look().await;
    assert_eq!(lines.taken().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_only_a_look_at_the_files_finds_is_not_told_anew_every_hour() {
    let lines = Lines::default();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(lines.clone()).finish();
    let _guard = tracing::subscriber::set_default(log);
    let world = world();
    let mut outlook = world.outlook();
    world.schedule("fax", &["s3://closed/a.png?sig=hush"]).await;
    outlook.look().await;
    let told = lines.taken();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(!told.join("").contains("hush"), "{told:?}");
    for _ in 0..24 {
        world.runtime.sleep(MINUTES).await;
        outlook.look().await;
    }
    assert!(lines.taken().is_empty());
}

#[tokio::test(start_paused = true)]
async fn it_looks_every_five_minutes_until_it_is_asked_to_stop() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let (metrics, _guard) = (recorder.handle(), metrics::set_default_local_recorder(&recorder));
    let world = world();
    let running = world.outlook().run();
    let stop = world.runtime.stop();
    let story = async {
        world.runtime.sleep(MINUTES / 2).await;
        assert_eq!(number(&metrics, "unknown_channel", "will_fail").as_deref(), Some("0"));
        world.schedule("fax", &[]).await;
        world.runtime.sleep(MINUTES).await;
        assert_eq!(number(&metrics, "unknown_channel", "will_fail").as_deref(), Some("1"));
        stop.cancel();
    };
    tokio::join!(running, story);
}
