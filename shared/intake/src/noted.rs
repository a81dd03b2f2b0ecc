//! What operators noted of where a post goes, and which of its accounts cannot publish now, told with its answer. It refuses nothing, for until a
//! post is due much can be mended, and slows nothing: all that is read anew every few seconds by one request, and all others go by what was
//! read last.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use channels::{AccountCard, Accounts};
use domain::{AccountId, ChannelName, TenantId};
use ledger::{Note, NoteBook};
use runtime::Runtime;

use crate::plan::Plan;

/// How long it is believed what was read.
const BELIEVED: Duration = Duration::from_secs(5);

/// Notes, and how accounts are, as they were read last.
pub(crate) struct Noted {
    book: Arc<dyn NoteBook>,
    accounts: Arc<dyn Accounts>,
    runtime: Runtime,
    last: Mutex<Last>,
}

type Key = (TenantId, ChannelName, AccountId);

#[derive(Default)]
struct Last {
    /// By the uptime, when somebody last set out to read them.
    read_at: Option<Duration>,
    notes: Arc<Vec<Note>>,
    /// When each account was asked after, by the uptime, and what is wrong with it.
    wrong: HashMap<Key, (Duration, Option<String>)>,
}

impl Noted {
    pub fn new(book: Arc<dyn NoteBook>, accounts: Arc<dyn Accounts>, runtime: Runtime) -> Self {
        Self { book, accounts, runtime, last: Mutex::default() }
    }

    /// Why an account cannot publish, if that is known.
    async fn wrong_with(&self, card: &AccountCard) -> Option<String> {
        let key = (card.tenant.clone(), card.channel.clone(), card.id.clone());
        let now = self.runtime.uptime();
        if let Some((_, known)) = self.lock().wrong.get(&key).filter(|(at, _)| now.saturating_sub(*at) < BELIEVED) {
            return known.clone();
        }
        let wrong = self.accounts.wrong_with(card).await;
        let mut last = self.lock();
        last.wrong.retain(|_, (at, _)| now.saturating_sub(*at) < BELIEVED);
        last.wrong.insert(key, (now, wrong.clone()));
        wrong
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn notes(&self) -> Arc<Vec<Note>> {
        let known = {
            let mut last = self.lock();
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
                self.lock().notes = notes.clone();
                notes
            }
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "notes cannot be read");
                known
            }
        }
    }

    /// Adds to `plan` which of its accounts cannot publish now, and what is noted of them, their channels and their apps. A sender that is bound
    /// to a tenant is told what is noted of that tenant's accounts; the rest is the operators'.
    pub async fn tell(&self, plan: &mut Plan, bound: Option<&TenantId>) {
        let tenant = &plan.post.tenant;
        let (mut places, mut told) = (BTreeSet::new(), Vec::new());
        for target in &plan.post.targets {
            let account = format!("account:{tenant}/{}/{}", target.channel, target.account);
            if places.contains(&account) {
                continue;
            }
            if let Some(card) = self.accounts.find(tenant, &target.channel, &target.account)
                && let Some(wrong) = self.wrong_with(&card).await
            {
                let name = format!("{tenant}/{}/{}", target.channel, target.account);
                told.push(format!(
                    "account {name} {wrong}: if that is not mended by then, this does not go out when it is due (`oncepost accounts {name}`)"
                ));
            }
            places.insert(account);
            places.insert(format!("channel:{}", target.channel));
            places.extend(target.app.as_ref().map(|app| format!("app:{app}")));
        }
        let notes = self.notes().await;
        let concerns = |note: &&Note| {
            places.contains(&note.subject) && bound.is_none_or(|bound| note.tenant.as_ref() == Some(bound))
        };
        told.extend(notes.iter().filter(concerns).map(|note| format!("note on {}: {}", note.subject, note.text)));
        plan.notes = told;
    }
}
