//! One attempt as a channel sees it.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use domain::{AttemptKind, Draft, Failure, PartOut, Receipt, Target};
use jiff::Timestamp;

use crate::{Account, media::PIN};

/// Where an attempt's progress is stored. Every method returns after it is durable.
#[async_trait]
pub trait Record: Send + Sync {
    /// Whether the lease surely holds for as long as one attempt may take. Asked before every publish point.
    fn leased(&self) -> Result<(), Failure>;
    /// Passes a publish point that was armed together with the attempt.
    async fn armed(&self, step: &'static str, part: u16);
    /// Stores handles.
    async fn keep(&self, handles: BTreeMap<String, String>) -> Result<(), Failure>;
    /// Checks the lease and records that a publish point is about to be called.
    async fn arm(&self, step: &'static str, part: u16) -> Result<(), Failure>;
    /// Records that a publish point is out.
    async fn out(&self, part: u16, receipt: Receipt) -> Result<(), Failure>;
    /// Which of these platform ids the ledger gave to other targets of the account. An error while what was found may belong to a
    /// target with the same content that is being sent: then it must be asked again.
    async fn taken(&self, ids: &[String]) -> Result<Vec<String>, Failure>;
    /// Whether another target of the account with the same content may still be given its post by key, because it is being sent or
    /// was first sent no longer ago than the platform keeps keys: what a look finds may then be that other's.
    async fn rivals(&self, kept_for: Duration) -> Result<bool, Failure>;
}

/// Leave to call one publish point once. It cannot be made outside this module, copied or kept.
#[derive(Debug)]
pub struct PublishPoint {
    step: &'static str,
}

impl PublishPoint {
    /// Uses the leave up.
    pub(crate) fn into_step(self) -> &'static str {
        self.step
    }
}

/// One attempt to send a target.
pub struct Call<'a> {
    /// The target as it was when the attempt began.
    pub target: &'a Target,
    /// What goes out.
    pub draft: &'a Draft,
    /// On which account, with its credentials.
    pub account: &'a Account,
    /// The time, by the ledger's clock, when the attempt began: for values that must be the same on every try, store them
    /// as a handle.
    pub now: Timestamp,
    handles: BTreeMap<String, String>,
    out: Vec<PartOut>,
    armed: Option<u16>,
    record: &'a dyn Record,
}

impl<'a> Call<'a> {
    /// An attempt. `armed` is the publish point that was armed when the attempt began.
    pub fn new(
        target: &'a Target,
        draft: &'a Draft,
        account: &'a Account,
        now: Timestamp,
        armed: Option<u16>,
        record: &'a dyn Record,
    ) -> Self {
        Self { target, draft, account, now, handles: target.handles.clone(), out: target.out.clone(), armed, record }
    }

    /// Whether publish point `part` was called by an earlier attempt and its outcome is not known: this attempt repeats it.
    pub fn is_repeat(&self, part: u16) -> bool {
        let armed = self.target.armed.as_ref();
        armed.is_some_and(|armed| armed.part == part && armed.attempt != self.target.attempt)
    }

    /// The mark by which publish point `part` can be looked for.
    pub fn mark(&self, part: u16) -> Mark<'_> {
        Mark {
            target: self.target,
            draft: self.draft,
            account: self.account,
            part,
            since: self.target.armed.as_ref().map_or(self.target.due_at, |armed| armed.first_at),
            kind: AttemptKind::Look,
            record: self.record,
        }
    }

    /// Whether what a look finds may belong to a twin that is settled by its key ([`Record::rivals`]): then only the own key tells.
    ///
    /// # Errors
    /// The ledger is away.
    pub async fn has_rivals(&self, kept_for: Duration) -> Result<bool, Failure> {
        self.record.rivals(kept_for).await
    }

    /// The idempotency key of a publish point: the same on every attempt.
    pub fn key(&self, part: u16) -> String {
        self.draft.idempotency_key(self.target.id, part)
    }

    /// Whether anything was prepared on the platform, is out, or may be: then what goes out must not change any more.
    pub(crate) fn has_begun(&self) -> bool {
        let prepared = self.handles.keys().any(|name| !name.starts_with(PIN));
        prepared || !self.out.is_empty() || self.target.armed.is_some()
    }

    /// A handle stored earlier, by this attempt or one before it.
    pub fn handle(&self, name: &str) -> Option<&str> {
        self.handles.get(name).map(String::as_str)
    }

    /// Stores a handle. Returns once it is durable: only then may it be used.
    ///
    /// # Errors
    /// The ledger is away, or the attempt is not ours any more.
    pub async fn keep(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let handles: BTreeMap<_, _> = [(name.to_owned(), value.to_owned())].into();
        self.record.keep(handles.clone()).await?;
        self.handles.extend(handles);
        Ok(())
    }

    /// Stores a handle in place of `old`, which is forgotten in the same write: there is no time at which both stand.
    ///
    /// # Errors
    /// As [`Call::keep`].
    pub(crate) async fn keep_instead(&mut self, name: &str, value: &str, old: &str) -> Result<(), Failure> {
        self.record.keep([(name.to_owned(), value.to_owned()), (old.to_owned(), String::new())].into()).await?;
        self.handles.insert(name.to_owned(), value.to_owned());
        self.handles.remove(old);
        Ok(())
    }

    /// Forgets a handle that the platform does not know any more.
    ///
    /// # Errors
    /// As [`Call::keep`].
    pub async fn forget(&mut self, name: &str) -> Result<(), Failure> {
        self.record.keep([(name.to_owned(), String::new())].into()).await?;
        self.handles.remove(name);
        Ok(())
    }

    /// Checks the lease, records that publish point `part` is about to be called, and gives leave to call it once.
    ///
    /// # Errors
    /// The lease has ended or the ledger is away: nothing may be sent.
    pub async fn publish_point(&mut self, step: &'static str, part: u16) -> Result<PublishPoint, Failure> {
        if self.armed.take() == Some(part) {
            self.record.armed(step, part).await;
        } else {
            self.record.arm(step, part).await?;
        }
        self.record.leased()?;
        Ok(PublishPoint { step })
    }

    /// Records that publish point `part` is out.
    ///
    /// # Errors
    /// The ledger is away or the attempt is not ours any more: stop here; the part is out all the same.
    pub async fn out(&mut self, part: u16, receipt: Receipt) -> Result<(), Failure> {
        self.out.push(PartOut { part, receipt: receipt.clone(), at: self.now });
        self.record.out(part, receipt).await
    }

    /// The proof of a part that is out.
    pub fn receipt(&self, part: u16) -> Option<&Receipt> {
        self.out.iter().find(|out| out.part == part).map(|out| &out.receipt)
    }

    /// What is out so far.
    pub fn outs(&self) -> &[PartOut] {
        &self.out
    }

    /// The first part that is not out.
    pub fn next_part(&self) -> u16 {
        (0..).find(|part| self.receipt(*part).is_none()).unwrap_or_default()
    }
}

/// A publish point whose outcome is to be found out.
pub struct Mark<'a> {
    /// The target.
    pub target: &'a Target,
    /// What was to go out.
    pub draft: &'a Draft,
    /// On which account.
    pub account: &'a Account,
    /// Which publish point.
    pub part: u16,
    /// When it was armed first: nothing older than this (less a minute for skew) can be it.
    pub since: Timestamp,
    /// What the attempt set out to do: `Look` or `Poll`.
    pub kind: AttemptKind,
    /// To leave out what belongs to other targets.
    pub record: &'a dyn Record,
}

impl Mark<'_> {
    /// The idempotency key of the publish point.
    pub fn key(&self) -> String {
        self.draft.idempotency_key(self.target.id, self.part)
    }

    /// What of `found` the ledger gave to no other target of the account, in its order. Whatever a look takes for the post goes
    /// through here first.
    ///
    /// # Errors
    /// The ledger is away, or what was found may belong to a target that is being sent ([`Record::taken`]).
    pub(crate) async fn free<T>(&self, mut found: Vec<T>, id: impl Fn(&T) -> &str) -> Result<Vec<T>, Failure> {
        if found.is_empty() {
            return Ok(found);
        }
        let ids: Vec<String> = found.iter().map(|found| id(found).to_owned()).collect();
        let taken = self.record.taken(&ids).await?;
        found.retain(|found| !taken.iter().any(|taken| taken == id(found)));
        Ok(found)
    }

    /// A handle stored before it was used.
    pub fn handle(&self, name: &str) -> Option<&str> {
        self.target.handles.get(name).map(String::as_str)
    }

    /// Whether the publish point was called so lately that its effect may not be seen everywhere at `now`.
    pub(crate) fn is_young(&self, seen_after: Duration, now: Timestamp) -> bool {
        let armed = self.target.armed.as_ref();
        armed.is_some_and(|armed| armed.last_at.checked_add(seen_after).is_ok_and(|seen| now < seen))
    }
}
