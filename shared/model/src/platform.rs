//! A platform as strong as the channel says it is, and no stronger.

use domain::{Finding, Receipt, RepeatSafety};

use crate::setup::Setup;

/// A request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flying {
    /// Which part it publishes.
    pub part: u16,
    /// In how many seconds the platform is done with it at the latest: it has landed before, or is lost.
    pub done_in: i64,
    /// It carries the key that was stored before the ledger was put back.
    pub old_key: bool,
}

impl Flying {
    /// A second passes; `None` where the request must be settled first.
    pub fn pass(&mut self) -> Option<()> {
        self.done_in -= 1;
        (self.done_in > 0).then_some(())
    }
}

/// What the platform knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Platform {
    /// Per part.
    pub parts: Vec<Part>,
    /// Requests whose worker does not wait for them any more.
    pub orphans: Vec<Flying>,
    /// The ledger was put back, and the handles that were used are lost: those that come after are others.
    pub handles_lost: bool,
}

/// What the platform knows of one part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Part {
    /// How often it is out.
    pub visible: u8,
    /// For how many seconds it has been out, as far as listings lag.
    pub age: i64,
    /// For how many seconds the idempotency key has been known.
    pub key: Option<i64>,
    /// The same for the key that was stored before the ledger was put back.
    pub old_key: Option<i64>,
    /// Accepted, and not decided upon.
    pub pending: bool,
    /// Accepted, and not published: `Refused` or `GivenUp`.
    pub denied: Option<Ruling>,
}

/// What a platform decides upon what it accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ruling {
    /// It comes out.
    Out,
    /// It is refused for good.
    Refused,
    /// The platform's own parts fail; it may be sent again.
    GivenUp,
}

impl Platform {
    /// A platform that knows nothing of a target of `parts` parts.
    pub fn new(parts: u16) -> Self {
        Self { parts: vec![Part::default(); usize::from(parts)], orphans: Vec::new(), handles_lost: false }
    }

    /// The ledger was put back: whatever is sent from what it says now may carry another key and another handle than what was sent before.
    /// Who is at work keeps the old ones.
    pub fn lose_ties(&mut self) {
        self.handles_lost = true;
        self.parts.iter_mut().for_each(|part| part.old_key = part.key.take());
        self.orphans.iter_mut().for_each(|orphan| orphan.old_key = true);
    }

    /// A second passes; `None` where a request must be settled first.
    pub fn pass(&mut self, setup: &Setup) -> Option<()> {
        for orphan in &mut self.orphans {
            orphan.pass()?;
        }
        for part in &mut self.parts {
            if part.visible > 0 {
                part.age = (part.age + 1).min(setup.lag);
            }
            for key in [&mut part.key, &mut part.old_key] {
                *key = key.map(|age| age + 1).filter(|age| *age < setup.key_seconds());
            }
        }
        Some(())
    }

    /// How often each part is to be seen.
    pub fn visible(&self) -> Vec<usize> {
        self.parts.iter().map(|part| usize::from(part.visible)).collect()
    }

    /// The proof of `part`, as the platform gives it to who asks now.
    pub fn receipt(&self, part: u16) -> Receipt {
        let times = self.parts.get(usize::from(part)).map_or(0, |part| part.visible);
        Receipt { id: format!("{part}.{times}"), url: None }
    }

    /// A request for `part` arrives and has its effect.
    pub fn land(&mut self, part: u16, old_key: bool, setup: &Setup) {
        let Some(part) = self.parts.get_mut(usize::from(part)) else { return };
        let known = match setup.repeat {
            RepeatSafety::PlatformKey { .. } => {
                let key = if old_key { &mut part.old_key } else { &mut part.key };
                let known = key.is_some();
                key.get_or_insert(0);
                known
            }
            RepeatSafety::Handle { .. } => setup.single_use && !self.handles_lost && (part.visible > 0 || part.pending),
            RepeatSafety::LookUp(_) | RepeatSafety::Nothing => false,
        };
        if known {
            return;
        }
        if setup.decides_later {
            part.pending = true;
            part.denied = None;
        } else {
            part.visible = (part.visible + 1).min(2);
        }
    }

    /// Decides upon what was accepted.
    pub fn decide(&mut self, ruling: Ruling) {
        for part in self.parts.iter_mut().filter(|part| part.pending) {
            part.pending = false;
            match ruling {
                Ruling::Out => part.visible = (part.visible + 1).min(2),
                Ruling::Refused | Ruling::GivenUp => part.denied = Some(ruling),
            }
        }
    }

    /// What a look for `part` finds. A handle is answered for at once; a listing lags.
    pub fn look(&self, part: u16, setup: &Setup) -> Finding {
        let Some(known) = self.parts.get(usize::from(part)) else { return Finding::Absent };
        if known.pending {
            return Finding::CannotTell("the platform still decides".into());
        }
        let lag = if matches!(setup.repeat, RepeatSafety::Handle { .. }) { 0 } else { setup.lag };
        if known.visible > 0 && known.age >= lag { Finding::Found(self.receipt(part)) } else { Finding::Absent }
    }
}
