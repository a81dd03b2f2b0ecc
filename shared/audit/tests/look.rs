//! A look at an account: what is read in which order, what goes on record, what is told.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use channels::{
    About, Account, AccountCard, Accounts, Call, Channel, Cut, Limits, Listed, ListedAccounts, ListedPost, Listing,
    Mark, Objection, Offers, Published, Registry, Secret, SecretSource, Threads, TokenLife, Wording,
};
use domain::{
    AccountId, Answer, ChannelName, Code, Command, Content, ContentHash, Draft, Failure, Finding, Fix, Landed, OnDoubt,
    Outcome, Override, PlatformWords, Policy, PostId, Receipt, RepeatSafety, Scope, TargetId, TenantId, WorkerName,
    Worth,
};
use jiff::Timestamp;
use ledger::{IncidentFilter, IncidentKind, Incidents, Ledger, MemoryLedger, NewPost, NewTarget, Period};
use oncepost_audit::{Audit, Parts, Report, Standing};
use runtime::Runtime;

const NOON: &str = "2026-06-01T12:00:00Z";
const HOUR: Duration = Duration::from_secs(3600);

/// What the platform does when it is asked.
enum Does {
    Shows(Listing),
    Says(&'static str),
    Fails(Failure),
    Hangs,
}

/// What happens while the platform answers, once.
type Meanwhile = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// A platform that a test arranges.
struct Arranged {
    about: About,
    runtime: Runtime,
    does: Arc<Mutex<Does>>,
    meanwhile: Meanwhile,
}

#[async_trait]
impl Channel for Arranged {
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
        panic!("an audit looks for no single post")
    }

    async fn list(&self, account: &Account, _: Timestamp) -> Result<Listed, Failure> {
        assert_eq!(account.secret("token").unwrap().reveal(), "hush");
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }
        let hangs = match &*self.does.lock().unwrap() {
            Does::Shows(listing) => return Ok(Listed::Posts(listing.clone())),
            Does::Says(why) => return Ok(Listed::CannotTell((*why).into())),
            Does::Fails(failure) => return Err(failure.clone()),
            Does::Hangs => Duration::from_secs(3600),
        };
        self.runtime.sleep(hangs).await;
        Ok(Listed::Posts(Listing::default()))
    }

    /// Comments are in no listing.
    fn is_listed(&self, _: &Draft, _: &Account, part: u16) -> bool {
        part == 0
    }
}

struct World {
    runtime: Runtime,
    ledger: Arc<MemoryLedger>,
    audit: Audit,
    does: Arc<Mutex<Does>>,
    meanwhile: Meanwhile,
    card: AccountCard,
}

fn world() -> World {
    let runtime = Runtime::simulated(7, NOON.parse().unwrap());
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    let about = About {
        name: "board",
        title: "Board",
        repeat: RepeatSafety::Nothing,
        limits: Limits::NONE,
        threads: Threads::PerPart(9),
        offers: Offers::media(0, 0),
        server: None,
        secrets: &["token"],
        settings: &[],
        tokens: TokenLife::Lasting,
        arms: None,
        oauth: None,
    };
    let does = Arc::new(Mutex::new(Does::Shows(Listing::default())));
    let meanwhile = Arc::new(Mutex::new(None));
    let channel = Arranged { about, runtime: runtime.clone(), does: does.clone(), meanwhile: meanwhile.clone() };
    let account = |name: &str| Account {
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new("board").unwrap(),
        id: AccountId::new(name).unwrap(),
        app: None,
        base_url: "https://board.example".parse().unwrap(),
        secrets: [("token".to_owned(), SecretSource::Value(Secret::new("hush")))].into(),
        settings: BTreeMap::new(),
        on_doubt: OnDoubt::Park,
        rate: None,
        app_rate: None,
    };
    let card = account("main").card();
    let audit = Audit::new(Parts {
        runtime: runtime.clone(),
        accounts: Arc::new(ListedAccounts::new([account("main"), account("twin")])) as Arc<dyn Accounts>,
        channels: Arc::new(Registry::of([Arc::new(channel) as Arc<dyn Channel>])),
        outside: ledger.clone(),
        incidents: ledger.clone(),
    });
    World { runtime, ledger, audit, does, meanwhile, card }
}

fn receipt(id: &str) -> Receipt {
    Receipt { id: id.into(), url: Some(format!("https://board.example/{id}")) }
}

impl World {
    /// A target that is due now, and that a worker begins.
    async fn begun(&self, texts: &[&str]) -> (TargetId, u32) {
        self.begun_on(self.card.id.clone(), texts).await
    }

    async fn begun_on(&self, account: AccountId, texts: &[&str]) -> (TargetId, u32) {
        let id = self.runtime.id();
        let part = |text: &&str| domain::Part { text: (*text).into(), media: vec![] };
        let content =
            Content { text: texts[0].into(), thread: texts[1..].iter().map(part).collect(), ..Content::default() };
        let target = NewTarget {
            id: TargetId(self.runtime.id()),
            channel: self.card.channel.clone(),
            account,
            app: None,
            due_at: self.runtime.now(),
            deadline: None,
            changes: Override::default(),
            hash: ContentHash([0; 16]),
            trace: None,
        };
        let target_id = target.id;
        let post = NewPost {
            id: PostId(id),
            tenant: self.card.tenant.clone(),
            key: id.to_string(),
            fingerprint: [7; 32],
            content,
            answer: serde_json::Value::Null,
            accepted_at: self.runtime.now(),
            targets: vec![target],
        };
        self.ledger.accept(vec![post]).await.unwrap();
        let worker = WorkerName::new("w").unwrap();
        let begin = Command::Begin { worker, repeat: RepeatSafety::Nothing, arm: Some("post".into()) };
        let Answer::Begun(begun) = self.ledger.apply(target_id, begin).await.unwrap().answer else {
            panic!("not begun")
        };
        (target_id, begun.attempt)
    }

    /// A target that is out under these ids.
    async fn published(&self, texts: &[&str], ids: &[&str]) -> TargetId {
        self.published_on(self.card.id.clone(), texts, ids).await
    }

    async fn published_on(&self, account: AccountId, texts: &[&str], ids: &[&str]) -> TargetId {
        let (target, attempt) = self.begun_on(account, texts).await;
        let out = ids.iter().enumerate().map(|(part, id)| (u16::try_from(part).unwrap(), receipt(id))).collect();
        let (repeat, on_doubt) = (RepeatSafety::Nothing, OnDoubt::Park);
        let finish = Command::Finish { attempt, outcome: Outcome::Published(out), repeat, on_doubt, trace: None };
        self.ledger.apply(target, finish).await.unwrap();
        target
    }

    fn shown(&self, id: &str, text: &str) -> ListedPost {
        ListedPost { receipt: receipt(id), at: self.runtime.now(), wording: Wording::of(text) }
    }

    fn shows(&self, posts: Vec<ListedPost>) {
        *self.does.lock().unwrap() = Does::Shows(Listing { posts, cut: None });
    }

    /// An hour later, all of the last day.
    async fn look(&self) -> Report {
        self.runtime.sleep(HOUR).await;
        let now = self.runtime.now();
        self.audit.look(&self.card, now - 24 * HOUR, now).await.unwrap()
    }

    async fn on_record(&self) -> usize {
        self.ledger.incidents(&IncidentFilter::default()).await.unwrap().items.len()
    }

    /// How many of the published targets count as looked for.
    async fn looked_for(&self) -> u64 {
        let period = Period { from: Timestamp::MIN, until: Timestamp::MAX, tenant: None };
        self.ledger.looked_for(&period).await.unwrap().iter().map(|tally| tally.count).sum()
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_goes_on_record_once() {
    let world = world();
    let target = world.published(&["one", "comment"], &["1", "1.1"]).await;
    world.published(&["two"], &["2"]).await;
    world.shows(vec![world.shown("1", "one"), world.shown("x", "one"), world.shown("mine", "my own words")]);
    let report = world.look().await;
    let found: Vec<_> = report.found.iter().map(|found| (found.kind, found.standing)).collect();
    assert_eq!(found, [(IncidentKind::Duplicate, Standing::New), (IncidentKind::Vanished, Standing::New)]);
    assert_eq!((report.listed, report.there, report.found[0].target), (Some(3), 1, target));
    assert_eq!(world.looked_for().await, 2);
    assert_eq!(report.cannot_tell.len(), 1, "{:?}", report.cannot_tell);
    assert!(report.cannot_tell[0].contains("no listing shows them"), "the comment: {:?}", report.cannot_tell);
    assert!(report.needs_attention() && report.until == world.runtime.now() - Duration::from_secs(300));

    let duplicate = world.ledger.incident(report.found[0].incident).await.unwrap().unwrap();
    let evidence = &duplicate.found.evidence;
    assert_eq!((&evidence["known"]["id"], &evidence["copy"]["url"]), (&"1".into(), &"https://board.example/x".into()));
    for part in ["Post x (https://board.example/x), made at 2026-06-01 12:00:00Z", "post 1 (", &target.to_string()] {
        assert!(duplicate.found.what.contains(part), "{part}: {}", duplicate.found.what);
    }
    let again = world.look().await;
    assert!(again.found.iter().all(|found| found.standing == Standing::Open), "{again:?}");
    assert_eq!(world.on_record().await, 2);
    for found in &again.found {
        world.ledger.close_incident(found.incident, "ann", "so be it").await.unwrap();
    }
    let closed = world.look().await;
    assert!(closed.found.iter().all(|found| found.standing == Standing::Closed) && !closed.needs_attention());
    assert_eq!(world.on_record().await, 2);
}

#[tokio::test(start_paused = true)]
async fn what_goes_out_while_the_platform_answers_is_no_copy() {
    let world = world();
    world.published(&["same"], &["1"]).await;
    let (second, attempt) = world.begun(&["same"]).await;
    world.shows(vec![world.shown("1", "same"), world.shown("2", "same")]);
    // The worker records it after the platform has answered, and before the ledger is read.
    let ledger = world.ledger.clone();
    *world.meanwhile.lock().unwrap() = Some(Box::new(move || {
        let (repeat, on_doubt) = (RepeatSafety::Nothing, OnDoubt::Park);
        let outcome = Outcome::Published(vec![(0, receipt("2"))]);
        let finish = Command::Finish { attempt, outcome, repeat, on_doubt, trace: None };
        at_once(ledger, second, finish);
    }));
    let report = world.look().await;
    assert_eq!((report.found.len(), report.there), (0, 2), "{report:?}");
    // Nor is what is still being sent.
    let (_, _) = world.begun(&["same"]).await;
    world.shows(vec![world.shown("1", "same"), world.shown("2", "same"), world.shown("3", "same")]);
    let report = world.look().await;
    assert_eq!((report.found.len(), report.cannot_tell.len()), (0, 1), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn of_two_accounts_that_are_one_at_the_platform_neither_has_copies() {
    let world = world();
    world.published(&["same"], &["1"]).await;
    world.published_on(AccountId::new("twin").unwrap(), &["same"], &["2"]).await;
    world.shows(vec![world.shown("1", "same"), world.shown("2", "same")]);
    assert_eq!(world.look().await.found, []);
    world.shows(vec![world.shown("1", "same"), world.shown("2", "same"), world.shown("3", "same")]);
    let found = world.look().await.found;
    assert!(found.len() == 1 && found[0].what.starts_with("Post 3 "), "{found:?}");
}

/// The memory's answer is there at once: whoever asks it need not wait.
fn at_once(ledger: Arc<MemoryLedger>, target: TargetId, command: Command) {
    let mut asked = ledger.apply(target, command);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(asked.as_mut().poll(&mut context).is_ready());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_told_is_said() {
    let world = world();
    world.published(&["one"], &["1"]).await;
    let now = world.runtime.now();
    *world.does.lock().unwrap() = Does::Says("nobody shows us anything");
    let report = world.look().await;
    assert_eq!((report.listed, report.needs_attention()), (None, false));
    assert_eq!(report.cannot_tell, ["Nothing can be told of this account: nobody shows us anything."]);

    let cut = Some(Cut::Before(now + HOUR));
    *world.does.lock().unwrap() = Does::Shows(Listing { posts: vec![], cut });
    let report = world.look().await;
    assert!(
        report.found.is_empty() && report.cannot_tell[0].contains("back to 2026-06-01 13:00:00Z only"),
        "{report:?}"
    );

    for (n, text) in ["two", "three"].into_iter().enumerate() {
        world.published(&[text], &[&format!("{n}")]).await;
    }
    world.shows(vec![]);
    let report = world.look().await;
    assert!(report.found.is_empty() && report.needs_attention(), "{report:?}");
    assert!(report.strange.unwrap().contains("None of 3 posts that went out is listed"));
    assert_eq!((world.on_record().await, world.looked_for().await), (0, 0), "nobody may say that nothing is wrong");
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_cannot_be_asked_is_told_with_what_to_do() {
    let world = world();
    world.published(&["one"], &["1"]).await;
    *world.does.lock().unwrap() = Does::Fails(Failure {
        code: Code::TOKEN_REVOKED,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Reconnect },
        scope: Scope::Account,
        step: "list posts".into(),
        said: PlatformWords::text("no such token"),
    });
    let report = world.look().await;
    let told = report.not_asked.clone().unwrap();
    assert!(report.needs_attention() && report.found.is_empty() && report.listed.is_none());
    assert!(told.sentence.starts_with("OP-2102") && told.sentence.ends_with("(list posts): no such token"), "{told:?}");
    assert!(!told.remedy.is_empty());

    *world.does.lock().unwrap() = Does::Hangs;
    let told = world.look().await.not_asked.unwrap();
    assert!(told.sentence.contains("could not be read within 25 seconds"), "{told:?}");

    let stranger = AccountCard { id: AccountId::new("other").unwrap(), ..world.card.clone() };
    let now = world.runtime.now();
    let report = world.audit.look(&stranger, now - HOUR, now).await.unwrap();
    assert!(report.not_asked.unwrap().sentence.contains("OP-1005"), "an account that is not there");
    assert_eq!(world.on_record().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_is_away_is_an_error_and_no_report() {
    let world = world();
    world.ledger.set_away(true);
    let now = world.runtime.now();
    world.audit.look(&world.card, now - HOUR, now).await.unwrap_err();
}
