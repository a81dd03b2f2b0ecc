//! What happened in a run, line by line, and a hash of all of it.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::TargetId;
use jiff::Timestamp;
use runtime::Clock;
use sha2::{Digest, Sha256};

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Line {
    /// When, since the run began, by the one true clock.
    pub at: Duration,
    /// Which process, store, platform or person.
    pub who: String,
    /// The target concerned; none where everybody is.
    pub target: Option<TargetId>,
    /// What.
    pub what: String,
}

/// Where a run's lines go. Cheap to clone; the default goes nowhere.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<Inner>>);

struct Inner {
    clock: Arc<dyn Clock>,
    start: Timestamp,
    kept: Mutex<Kept>,
    /// Whether lines are kept for a story, or hashed only.
    keep: bool,
}

#[derive(Default)]
struct Kept {
    hasher: Sha256,
    lines: Vec<Line>,
    count: u64,
    text: String,
}

impl Trace {
    /// A trace that hashes every line and keeps them if asked to.
    pub fn new(clock: Arc<dyn Clock>, keep: bool) -> Self {
        let start = clock.now();
        Self(Some(Arc::new(Inner { clock, start, kept: Mutex::default(), keep })))
    }

    /// Something happened.
    pub fn line(&self, who: &str, target: Option<TargetId>, what: impl FnOnce() -> String) {
        let Some(inner) = &self.0 else { return };
        let at = Duration::try_from(inner.clock.now().duration_since(inner.start)).unwrap_or_default();
        let what = what();
        let mut kept = inner.kept();
        let Kept { hasher, lines, count, text } = &mut *kept;
        text.clear();
        let _ = write!(text, "{}|{who}|", at.as_millis()); // Writing to a String cannot fail.
        hasher.update(text.as_bytes());
        hasher.update(target.map_or([0; 16], |target| target.0.into_bytes()));
        hasher.update(what.as_bytes());
        hasher.update([0]);
        *count += 1;
        if inner.keep {
            lines.push(Line { at, who: who.to_owned(), target, what });
        }
    }

    /// The hash of everything so far: the same for the same run, and for no other.
    pub fn hash(&self) -> [u8; 32] {
        self.0.as_ref().map(|inner| inner.kept().hasher.clone().finalize().into()).unwrap_or_default()
    }

    /// Whether lines are kept.
    pub fn keeps(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.keep)
    }

    /// How many lines there are.
    pub fn len(&self) -> u64 {
        self.0.as_ref().map(|inner| inner.kept().count).unwrap_or_default()
    }

    /// Whether nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lines that concern `target`, or everybody.
    pub fn about(&self, target: TargetId) -> Vec<Line> {
        let concerns = |line: &&Line| line.target.is_none_or(|concerned| concerned == target);
        self.0.as_ref().map(|inner| inner.kept().lines.iter().filter(concerns).cloned().collect()).unwrap_or_default()
    }
}

impl Inner {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
