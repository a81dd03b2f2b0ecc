//! One platform's memory: its clock, its cues, its calls, its posts.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use rand::{SeedableRng, rngs::StdRng};
use serde::Serialize;
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch,
};

use super::{Ask, Cue, Draft, Post, cue::Armed, lock, truth::Truth};

/// One call and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Its number, from 1, in the order of arrival.
    pub n: u64,
    /// When it came, by the platform's clock.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// Its path; a credential in it shows as `***`.
    pub path: String,
    /// Who called.
    pub account: Option<String>,
    /// The idempotency key or webhook id it carried.
    pub key: Option<String>,
    /// Tells bodies apart.
    pub digest: String,
    /// Is it meant to make something visible?
    pub publishes: bool,
    /// What was done with it: `working`, `answered`, or the name of the cue's end.
    pub did: String,
    /// The status that was sent; none if the connection was cut.
    pub status: Option<u16>,
    /// The post it made.
    pub made: Option<String>,
}

/// What a fake remembers. Everything is behind locks that are held for moments only.
pub struct Stage {
    ahead_ms: AtomicI64,
    skew_ms: AtomicI64,
    list_lag_ms: AtomicU64,
    ids: AtomicU64,
    cues: Mutex<(Vec<Armed>, StdRng)>,
    calls: Mutex<Vec<Call>>,
    truth: Mutex<Truth>,
    feed: Mutex<Option<UnboundedSender<Call>>>,
    changes: watch::Sender<u64>,
    releases: watch::Sender<u64>,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            ahead_ms: AtomicI64::new(0),
            skew_ms: AtomicI64::new(0),
            list_lag_ms: AtomicU64::new(0),
            ids: AtomicU64::new(0),
            cues: Mutex::new((Vec::new(), StdRng::seed_from_u64(0))),
            calls: Mutex::default(),
            truth: Mutex::default(),
            feed: Mutex::default(),
            changes: watch::channel(0).0,
            releases: watch::channel(0).0,
        }
    }
}

impl Stage {
    /// The platform's clock.
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_millis(self.ahead_ms.load(SeqCst) + self.skew_ms.load(SeqCst))
    }

    /// A number never given before, rising with time: milliseconds and a counter, as many platforms make their ids.
    pub fn new_id(&self) -> u64 {
        let millis = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
        (millis << 16) | (self.ids.fetch_add(1, SeqCst) & 0xffff)
    }

    /// Makes a post.
    pub fn publish(&self, ask: &Ask, draft: Draft) -> Post {
        let late = ask.list_late.max(Duration::from_millis(self.list_lag_ms.load(SeqCst)));
        let post = lock(&self.truth).add(draft, ask.key().map(str::to_owned), self.now(), late);
        self.changed();
        post
    }

    /// Overwrites a post.
    pub fn change(&self, id: &str, text: &str, native: serde_json::Value) {
        lock(&self.truth).change(id, text, native);
        self.changed();
    }

    /// Takes a post down; returns it as it was.
    pub fn delete(&self, id: &str) -> Option<Post> {
        let gone = lock(&self.truth).delete(id);
        self.changed();
        gone
    }

    /// Posts what is there once more, as a person might by hand: the same words under another id, made now. `None`: there is no such post.
    pub fn copy(&self, id: &str) -> Option<Post> {
        let Post { url, account, text, native, .. } = self.post(id)?;
        // Ids that are not a number all through end in one.
        let another = format!("{}{}", id.trim_end_matches(|c: char| c.is_ascii_digit()), self.new_id());
        let draft = Draft { url: url.replace(id, &another), id: another, account, text, native };
        let copy = lock(&self.truth).add(draft, None, self.now(), Duration::ZERO);
        self.changed();
        Some(copy)
    }

    /// Whether a post of this id was there and was taken down.
    pub fn was_taken_down(&self, id: &str) -> bool {
        lock(&self.truth).deleted().any(|post| post.id == id)
    }

    /// A visible post.
    pub fn post(&self, id: &str) -> Option<Post> {
        lock(&self.truth).get(id).cloned()
    }

    /// What listings of an account show now, newest first; only those that `wanted` holds for, at most `limit`.
    pub fn listed(&self, account: &str, limit: usize, wanted: impl Fn(&Post) -> bool) -> Vec<Post> {
        lock(&self.truth).listed(account, self.now()).filter(|post| wanted(post)).take(limit).cloned().collect()
    }

    /// All posts that were taken down, in the order they were made.
    pub fn deleted(&self) -> Vec<Post> {
        lock(&self.truth).deleted().cloned().collect()
    }

    /// All visible posts, in the order they were made.
    pub fn posts(&self) -> Vec<Post> {
        lock(&self.truth).visible().cloned().collect()
    }

    /// Visible posts that repeat an earlier one of the same account word for word. Meaningful when every text carries a mark.
    pub fn duplicates(&self) -> Vec<Post> {
        lock(&self.truth).duplicates()
    }

    /// How many visible posts contain `marker`.
    pub fn count_of(&self, marker: &str) -> usize {
        lock(&self.truth).visible().filter(|post| post.text.contains(marker)).count()
    }

    /// All calls so far, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    /// Calls so far that were meant to publish.
    pub fn publish_calls(&self) -> Vec<Call> {
        lock(&self.calls).iter().filter(|call| call.publishes).cloned().collect()
    }

    /// Moves the platform's clock.
    pub fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), SeqCst);
    }

    /// The platform's clock is wrong by this much: every time that it names is, the `Date` of its answers too; spans are right. To be
    /// said before it hands out anything that has an end.
    pub fn skew(&self, by: SignedDuration) {
        self.skew_ms.store(i64::try_from(by.as_millis()).unwrap_or_default(), SeqCst);
    }

    /// From now on, what is made comes this much later into listings.
    pub fn list_late(&self, by: Duration) {
        self.list_lag_ms.store(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), SeqCst);
    }

    /// Starts the generator behind `probability` anew.
    pub fn seed(&self, seed: u64) {
        lock(&self.cues).1 = StdRng::seed_from_u64(seed);
    }

    /// Drops all cues.
    pub fn clear_cues(&self) {
        lock(&self.cues).0.clear();
    }

    /// Adds a cue behind those that wait.
    pub fn cue(&self, cue: Cue) {
        lock(&self.cues).0.push(Armed::new(cue));
    }

    pub(crate) fn take_cue(&self, ask: &Ask, account: Option<&str>, publishes: bool) -> Cue {
        let (cues, rng) = &mut *lock(&self.cues);
        let taken = cues.iter_mut().find_map(|armed| armed.take(ask, account, publishes, rng));
        cues.retain(|armed| !armed.spent());
        taken.unwrap_or_default()
    }

    /// Writes down that a call came; returns its number.
    pub(crate) fn arrived(&self, ask: &Ask, secret: Option<&str>, account: Option<String>, publishes: bool) -> u64 {
        let mut calls = lock(&self.calls);
        let n = calls.len() as u64 + 1;
        calls.push(Call {
            n,
            at: ask.at,
            method: ask.method.clone(),
            path: secret.map_or_else(|| ask.path.clone(), |secret| ask.path.replace(secret, "***")),
            account,
            key: ask.key().map(str::to_owned),
            digest: ask.digest(),
            publishes,
            did: "working".into(),
            status: None,
            made: None,
        });
        drop(calls);
        self.changed();
        n
    }

    /// Writes down how a call ended.
    pub(crate) fn ended(&self, n: u64, did: &str, status: Option<u16>, made: Option<String>) {
        if let Some(call) = lock(&self.calls).get_mut(n as usize - 1) {
            (call.did, call.status, call.made) = (did.to_owned(), status, made);
            if let Some(feed) = &*lock(&self.feed) {
                // Nobody listening any more is fine.
                let _ = feed.send(call.clone());
            }
        }
        self.changed();
    }

    /// A stream of calls, each as it ends. The last caller gets it.
    pub fn feed(&self) -> UnboundedReceiver<Call> {
        let (sender, receiver) = unbounded_channel();
        *lock(&self.feed) = Some(sender);
        receiver
    }

    /// Lets all calls go on that a cue holds back.
    pub fn release(&self) {
        self.releases.send_modify(|count| *count += 1);
    }

    /// Sees every release from now on.
    pub(crate) fn releases(&self) -> watch::Receiver<u64> {
        self.releases.subscribe()
    }

    /// Waits until `seen` holds; it is asked after every change.
    ///
    /// # Panics
    /// If it does not hold within 30 seconds.
    pub async fn until(&self, seen: impl Fn(&Self) -> bool) {
        let mut changes = self.changes.subscribe();
        let wait = async { while !seen(self) && changes.changed().await.is_ok() {} };
        if tokio::time::timeout(Duration::from_secs(30), wait).await.is_err() {
            panic!("what the test waited for did not happen within 30 s; calls so far: {:#?}", self.calls());
        }
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}
