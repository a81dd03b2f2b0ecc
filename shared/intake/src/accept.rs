//! Acceptance: check, store, answer, in this order.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use channels::{Accounts, Registry};
use contract::{Answer, Path, Problem, Reading};
use domain::{Code, Event, PostId, TenantId};
use jiff::Timestamp;
use ledger::{Acceptance, Ledger, LedgerError};
use runtime::Runtime;

use crate::{
    Options, Preview, Verdict,
    check::{World, check},
    plan::{Plan, Refusal, plan},
    same_text, stored,
};

/// A request, and what the door it came by knows of its sender.
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    /// The body, as it came.
    pub body: &'a [u8],
    /// The only tenant that the caller may act for, if it is bound to one.
    pub tenant: Option<TenantId>,
    /// The trace it came in. The body's own comes first.
    pub trace: Option<String>,
}

impl<'a> Request<'a> {
    /// A request from a sender that may act for every tenant.
    pub fn new(body: &'a [u8]) -> Self {
        Self { body, ..Self::default() }
    }
}

/// Plans that are not stored yet, with their requests' places.
type Open = Vec<(usize, Plan)>;

/// The acceptance path. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) runtime: Runtime,
    pub(crate) options: Options,
}

impl Intake {
    /// An acceptance path that stores in `ledger` what `registry` and `accounts` know.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        registry: Arc<Registry>,
        accounts: Arc<dyn Accounts>,
        runtime: Runtime,
        options: Options,
    ) -> Self {
        Self { ledger, registry, accounts, runtime, options }
    }

    /// Accepts or refuses one request.
    ///
    /// # Errors
    /// The ledger is away: whether it was stored is not known; sent again it is stored once.
    pub async fn accept(&self, request: Request<'_>) -> Result<Verdict, LedgerError> {
        let verdicts = self.accept_many(&[request]).await?;
        Ok(verdicts.into_iter().next().unwrap_or_else(|| refused(None, None, Vec::new())))
    }

    /// Accepts or refuses requests, each by itself; the verdicts come in the order of the requests. What is accepted is
    /// stored in one go.
    ///
    /// # Errors
    /// As [`Intake::accept`], for all of them.
    pub async fn accept_many(&self, requests: &[Request<'_>]) -> Result<Vec<Verdict>, LedgerError> {
        let mut verdicts = BTreeMap::new();
        let mut open = Open::new();
        for (at, request) in requests.iter().enumerate() {
            match self.look_at(request) {
                Ok(plan) => open.push((at, plan)),
                Err(refusal) => {
                    verdicts.insert(at, self.refuse(refusal).await?);
                }
            }
        }
        while !open.is_empty() {
            let (round, later) = apart(open);
            self.store(round, &mut verdicts).await?;
            open = later;
        }
        Ok(verdicts.into_values().collect())
    }

    /// Checks a request without storing it: what would go out, and what may be a mistake.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn validate(&self, request: &Request<'_>) -> Result<Preview, Vec<Problem>> {
        self.look_at(request).map(|plan| plan.preview()).map_err(|refusal| refusal.problems)
    }

    pub(crate) fn world(&self) -> World<'_> {
        World {
            registry: &self.registry,
            accounts: self.accounts.as_ref(),
            options: &self.options,
            now: self.runtime.now(),
        }
    }

    fn look_at(&self, request: &Request<'_>) -> Result<Plan, Refusal> {
        let (size, most) = (request.body.len(), self.options.max_body);
        if size > most {
            let message = format!("has {size} bytes; at most {most} are taken");
            return Err(Refusal::of(vec![Problem::new(Path::Root, Code::TOO_LARGE, message)]));
        }
        let reading = Reading::of(request.body);
        let world = self.world();
        let checked = check(&reading, request.tenant.as_ref(), &world);
        let deadline = self.options.default_deadline;
        plan(reading, checked, request.trace.clone(), world.now, deadline, &self.runtime).map_err(|refusal| {
            let foreign = request.tenant.is_some() && request.tenant != refusal.tenant;
            // Even "there is such a key" is not the caller's to know.
            Refusal { probe: refusal.probe.filter(|_| !foreign), ..refusal }
        })
    }

    /// A request that cannot be accepted now may have been accepted before: then it gets its first answer again.
    async fn refuse(&self, refusal: Refusal) -> Result<Verdict, LedgerError> {
        if let Some(probe) = refusal.probe
            && self.ledger.post_by_key(&probe.tenant, &probe.key).await?.is_some()
        {
            let (tenant, key) = (probe.tenant.clone(), probe.key.clone());
            // The key is taken, so nothing is stored: the ledger only compares.
            match self.ledger.accept(vec![*probe]).await?.pop() {
                Some(Acceptance::Same { post, answer }) => return Ok(same(tenant, post, answer, self.runtime.now())),
                Some(Acceptance::Conflict { post }) => return Ok(conflict(tenant, key, post)),
                Some(Acceptance::New) | None => {}
            }
        }
        Ok(refused(refusal.tenant, refusal.key, refusal.problems))
    }

    async fn store(&self, round: Open, verdicts: &mut BTreeMap<usize, Verdict>) -> Result<(), LedgerError> {
        let mut sound = Vec::new();
        for (at, plan) in round {
            match self.claim_id(plan).await? {
                Ok(plan) => sound.push((at, plan)),
                Err(verdict) => {
                    verdicts.insert(at, verdict);
                }
            }
        }
        same_text::warn(self.ledger.as_ref(), &self.options, sound.iter_mut().map(|(_, plan)| plan)).await;
        let (mut posts, mut told) = (Vec::new(), Vec::new());
        for (at, plan) in sound {
            let (post, answer) = plan.seal();
            let event = Event::accepted(post.id, post.tenant.clone(), post.accepted_at);
            told.push((at, post.key.clone(), answer, event));
            posts.push(post);
        }
        let acceptances = self.ledger.accept(posts).await?;
        for ((at, key, answer, event), acceptance) in told.into_iter().zip(acceptances) {
            let verdict = match acceptance {
                Acceptance::New => Verdict::New { answer, event },
                Acceptance::Same { post, answer } => same(event.tenant, post, answer, event.at),
                Acceptance::Conflict { post } => conflict(event.tenant, key, post),
            };
            verdicts.insert(at, verdict);
        }
        Ok(())
    }

    /// Makes sure that an id which the sender chose is free. Taken by the same key, the ledger decides by the key; the plan
    /// gets an id that does not collide.
    async fn claim_id(&self, mut plan: Plan) -> Result<Result<Plan, Verdict>, LedgerError> {
        if plan.chosen_id
            && let Some(view) = self.ledger.post(plan.post.id, false).await?
        {
            if view.tenant != plan.post.tenant || view.key != plan.post.key {
                let message = format!("{} belongs to another post", plan.post.id);
                let problem = Problem::new(Path::Root.field("post"), Code::BAD_FIELD, message);
                return Ok(Err(refused(Some(plan.post.tenant), Some(plan.post.key), vec![problem])));
            }
            plan.post.id = PostId(self.runtime.id());
        }
        Ok(Ok(plan))
    }
}

/// Takes apart what one round may store from what must wait for its outcome: requests that share a key or a chosen id.
fn apart(open: Open) -> (Open, Open) {
    let (mut keys, mut ids) = (HashSet::new(), HashSet::new());
    open.into_iter().partition(|(_, Plan { post, .. })| {
        // The first of its key and id goes; an id is not claimed by one that has to wait.
        keys.insert((post.tenant.clone(), post.key.clone())) && ids.insert(post.id)
    })
}

fn refused(tenant: Option<TenantId>, key: Option<String>, problems: Vec<Problem>) -> Verdict {
    Verdict::Refused { answer: Answer::refused(key, problems), tenant }
}

fn conflict(tenant: TenantId, key: String, post: PostId) -> Verdict {
    Verdict::Refused { answer: Answer::conflict(key, post), tenant: Some(tenant) }
}

/// The event has the id of the first one, so telling it again is harmless, and the sender hears an answer again.
fn same(tenant: TenantId, post: PostId, answer: serde_json::Value, now: Timestamp) -> Verdict {
    Verdict::Same { answer: stored::unpack(post, answer), event: Event::accepted(post, tenant, now) }
}
