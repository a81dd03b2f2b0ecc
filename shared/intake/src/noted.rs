//! What operators noted of where a post goes, told with its answer. It refuses nothing and slows nothing: the notes are read anew every
//! few seconds by one request, and all others go by what was read last.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::TenantId;
use ledger::{Note, NoteBook};
use runtime::Runtime;

use crate::plan::Plan;

/// How long the notes are believed that were read.
const BELIEVED: Duration = Duration::from_secs(5);

/// Notes as they were read last.
pub(crate) struct Noted {
    book: Arc<dyn NoteBook>,
    runtime: Runtime,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    /// By the uptime, when somebody last set out to read them.
    read_at: Option<Duration>,
    notes: Arc<Vec<Note>>,
}

impl Noted {
    pub fn new(book: Arc<dyn NoteBook>, runtime: Runtime) -> Self {
        Self { book, runtime, last: Mutex::default() }
    }

    async fn notes(&self) -> Arc<Vec<Note>> {
        let known = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let now = self.runtime.uptime();
            if last.read_at.is_some_and(|at| now.saturating_sub(at) < BELIEVED) {
                return last.notes.clone();
            }
            last.read_at = Some(now);
            last.notes.clone()
        };
        match self.book.notes(None).await {
            Ok(notes) => {
                let notes = Arc::new(notes);
                self.last.lock().unwrap_or_else(PoisonError::into_inner).notes = notes.clone();
                notes
            }
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "notes cannot be read");
                known
            }
        }
    }

    /// Adds to `plan` what is noted of its accounts, their channels and their apps. A sender that is bound to a tenant is told what is
    /// noted of that tenant's accounts; the rest is the operators'.
    pub async fn tell(&self, plan: &mut Plan, bound: Option<&TenantId>) {
        let notes = self.notes().await;
        if notes.is_empty() {
            return;
        }
        let mut places = BTreeSet::new();
        for target in &plan.post.targets {
            places.insert(format!("account:{}/{}/{}", plan.post.tenant, target.channel, target.account));
            places.insert(format!("channel:{}", target.channel));
            places.extend(target.app.as_ref().map(|app| format!("app:{app}")));
        }
        let concerns = |note: &&Note| {
            places.contains(&note.subject) && bound.is_none_or(|bound| note.tenant.as_ref() == Some(bound))
        };
        plan.notes =
            notes.iter().filter(concerns).map(|note| format!("note on {}: {}", note.subject, note.text)).collect();
    }
}
