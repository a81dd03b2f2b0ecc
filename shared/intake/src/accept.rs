//! Acceptance: check, store, answer, in this order.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use channels::{Accounts, Registry};
use contract::{Answer, Path, Problem};
use domain::{Code, Event, PostId, TenantId};
use jiff::Timestamp;
use ledger::{Acceptance, Ledger, LedgerError, NoteBook};
use runtime::Runtime;

use crate::{
    Checker, Options, Preview, Request, Verdict,
    noted::Noted,
    plan::{Plan, Refusal},
    same_text, stored,
};

/// Plans that are not stored yet, with their requests' places.
type Open = Vec<(usize, Plan)>;

/// The acceptance path. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) checker: Checker,
    noted: Option<Arc<Noted>>,
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
        Self { ledger, checker: Checker::new(registry, accounts, runtime, options), noted: None }
    }

    /// The same, telling with its answers what is noted in `book` of where a post goes, and which of its accounts cannot publish now.
    pub fn noting(self, book: Arc<dyn NoteBook>) -> Self {
        let noted = Noted::new(book, self.checker.accounts.clone(), self.checker.runtime.clone());
        Self { noted: Some(Arc::new(noted)), ..self }
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
        for (at, looked) in self.look_at(requests).await.into_iter().enumerate() {
            match looked {
                Ok(mut plan) => {
                    if let Some(noted) = &self.noted {
                        noted.tell(&mut plan, requests[at].tenant.as_ref()).await;
                    }
                    open.push((at, plan));
                }
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
    pub async fn validate(&self, request: &Request<'_>) -> Result<Preview, Vec<Problem>> {
        let looked = self.look_at(std::slice::from_ref(request)).await.pop();
        let mut plan = match looked {
            Some(Ok(plan)) => plan,
            Some(Err(refusal)) => return Err(refusal.problems),
            None => return Err(Vec::new()),
        };
        if let Some(noted) = &self.noted {
            noted.tell(&mut plan, request.tenant.as_ref()).await;
        }
        Ok(plan.preview())
    }

    /// Looks at each request; at those again that name an account which nobody knew, because it may just have been connected.
    async fn look_at(&self, requests: &[Request<'_>]) -> Vec<Result<Plan, Refusal>> {
        let mut looked: Vec<_> = requests.iter().map(|request| self.checker.look_at(request)).collect();
        let is_stale = |looked: &Result<Plan, Refusal>| {
            looked.as_ref().is_err_and(|refusal| names_unknown_account(&refusal.problems))
        };
        if looked.iter().any(is_stale) {
            self.checker.accounts.catch_up().await;
            for (looked, request) in looked.iter_mut().zip(requests).filter(|(looked, _)| is_stale(looked)) {
                *looked = self.checker.look_at(request);
            }
        }
        looked
    }

    /// A request that cannot be accepted now may have been accepted before: then it gets its first answer again.
    async fn refuse(&self, refusal: Refusal) -> Result<Verdict, LedgerError> {
        if let Some(probe) = refusal.probe
            && self.ledger.post_by_key(&probe.tenant, &probe.key).await?.is_some()
        {
            let (tenant, key) = (probe.tenant.clone(), probe.key.clone());
            // The key is taken, so nothing is stored: the ledger only compares.
            match self.ledger.accept(vec![*probe]).await?.pop() {
                Some(Acceptance::Same { post, answer }) => {
                    return Ok(same(tenant, post, answer, self.checker.runtime.now()));
                }
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
        same_text::warn(self.ledger.as_ref(), &self.checker.options, sound.iter_mut().map(|(_, plan)| plan)).await;
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
            plan.post.id = PostId(self.checker.runtime.id());
        }
        Ok(Ok(plan))
    }
}

/// Takes apart what one round may store from what must wait for its outcome: requests that share a key or a chosen id.
fn names_unknown_account(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.code == Code::UNKNOWN_ACCOUNT)
}

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
