//! Many targets at once: a plan, a job that carries it out, and how that fares.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use domain::TargetId;
use ledger::{Job, JobFilter, JobState, NewJob, Of, StepResult};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::posts::no_page;
use crate::{
    Console, Problem,
    access::Caller,
    api,
    audited::Intent,
    extract::{Ask, Id, Json as Body},
    jobs::{
        plan::{self, MOST},
        terms,
    },
    openapi::{Operation, operation},
};

/// The most jobs, or targets of one, on a page.
const MOST_LISTED: u32 = 500;

/// 202 with the job that was begun, or 200 with the plan alone.
#[derive(serde::Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Answer {
    Plan(api::JobPlan),
    Begun(Box<api::JobBegun>),
}

type Begun = (StatusCode, [(HeaderName, String); 1], Json<Answer>);

pub(super) async fn begin(
    State(console): State<Console>,
    caller: Caller,
    Body(ask): Body<api::JobAsk>,
) -> Result<Result<Begun, Json<Answer>>, Problem> {
    caller.may(ask.action.right())?;
    let terms = terms::terms(&ask)?;
    let selection = terms::selection(&console, &caller, &ask.select)?;
    let plan = plan::plan(&console, &caller, &selection, ask.action, terms.moved()).await?;
    if ask.dry_run {
        return Ok(Err(Json(Answer::Plan(plan))));
    }
    if let Some(job) = begun_before(&console, &caller, &ask).await? {
        return Ok(Ok(answer(&console, job, plan)));
    }
    if plan.going == 0 {
        return Err(nothing_goes(&plan, selection.of));
    }
    let id = ask.id.unwrap_or_else(|| console.runtime.id());
    let reason = ask.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let intent = Intent::job(ask.action.name(), id, caller.tenant.clone())
        .because(reason)
        .before(json!({ "select": ask.select, "terms": terms, "plan": plan }));
    let new = NewJob {
        id,
        who: caller.name.clone(),
        tenant: caller.tenant.clone(),
        action: ask.action.name().into(),
        reason: reason.map(str::to_owned),
        selection,
        terms: json!(terms),
    };
    let begin = async { Ok(console.jobs.begin_job(new, MOST).await?) };
    let job = console.audited(&caller, intent, begin, |job| Some(json!({ "total": job.total }))).await?;
    Ok(Ok(answer(&console, job, plan)))
}

fn answer(console: &Console, job: Job, plan: api::JobPlan) -> Begun {
    let place = [(header::LOCATION, format!("/v1/jobs/{}", job.asked.id))];
    let begun = api::JobBegun { job: shown(console, job), plan };
    (StatusCode::ACCEPTED, place, Json(Answer::Begun(Box::new(begun))))
}

/// The job that was begun under the id that the caller chose, if one was: pressed twice, it is begun once.
async fn begun_before(console: &Console, caller: &Caller, ask: &api::JobAsk) -> Result<Option<Job>, Problem> {
    let Some(id) = ask.id else { return Ok(None) };
    let Some(job) = console.jobs.job(id).await? else { return Ok(None) };
    let asked = &job.asked;
    if asked.who == caller.name && asked.tenant == caller.tenant && asked.action == ask.action.name() {
        return Ok(Some(job));
    }
    let detail = format!("{id} is the id of another job. Nothing was changed.");
    Err(Problem::plain(StatusCode::CONFLICT, detail, "Draw a new UUIDv7 for each job."))
}

/// A job that would change nothing is not begun.
fn nothing_goes(plan: &api::JobPlan, of: Of) -> Problem {
    let detail = match &plan.reasons[..] {
        [] if of == Of::Waiting => "Nothing that waits is selected.".to_owned(),
        [] if of == Of::Expired => "Nothing that has expired is selected.".to_owned(),
        [] => "Nothing on the operators' list is selected.".to_owned(),
        reasons => {
            let told: Vec<_> = reasons.iter().map(|reason| format!("{}: {}", reason.targets, reason.why)).collect();
            format!("None of the {} selected goes ({}). Nothing was changed.", plan.targets, told.join("; "))
        }
    };
    let lists = match of {
        Of::Waiting => "The schedule lists what waits.",
        Of::Expired => "`oncepost posts --state expired` lists what has expired.",
        Of::List | Of::Either => "`oncepost failures` lists what there is.",
    };
    let remedy = plan.reasons.first().map_or(lists, |reason| &reason.remedy);
    Problem::plain(StatusCode::CONFLICT, detail, remedy)
}

fn shown(console: &Console, job: Job) -> api::Job {
    let now = console.runtime.now();
    let is_carried = job.state == JobState::Running && job.lease_until.is_some_and(|until| now < until);
    api::Job {
        id: job.asked.id,
        action: job.asked.action,
        state: job.state,
        why: job.why,
        at: job.at,
        ended_at: job.ended_at,
        by: job.asked.who,
        reason: job.asked.reason,
        select: json!(job.asked.selection),
        terms: job.asked.terms,
        total: job.total,
        done: job.done,
        held_back: job.held_back,
        open: job.total.saturating_sub(job.done + job.held_back),
        carried_by: job.holder.filter(|_| is_carried),
    }
}

fn missing(id: Uuid) -> Problem {
    let remedy = "`oncepost jobs` (GET /v1/jobs) lists those that there are.".into();
    Problem { remedy, ..Problem::not_found(format!("job {id}")) }
}

/// A job of the caller's. What is another tenant's does not exist for the caller.
async fn find(console: &Console, caller: &Caller, id: Uuid) -> Result<Job, Problem> {
    let found = console.jobs.job(id).await?;
    let is_own = |job: &Job| caller.tenant.is_none() || caller.tenant == job.asked.tenant;
    found.filter(is_own).ok_or_else(|| missing(id))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    target: Option<TargetId>,
    #[serde(default)]
    limit: u32,
    after: Option<String>,
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(which): Ask<Which>,
) -> Result<Json<api::Jobs>, Problem> {
    let filter = JobFilter {
        tenant: caller.tenant.clone(),
        target: which.target,
        limit: which.limit.min(MOST_LISTED),
        after: which.after,
    };
    let page = console.jobs.jobs(&filter).await.map_err(no_page)?;
    Ok(Json(api::Jobs { jobs: page.items.into_iter().map(|job| shown(&console, job)).collect(), next: page.next }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    result: Option<StepResult>,
    #[serde(default = "page")]
    limit: u32,
    after: Option<u32>,
}

fn page() -> u32 {
    50
}

pub(super) async fn show(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<Uuid>,
    Ask(Part { result, limit, after }): Ask<Part>,
) -> Result<Json<api::JobReport>, Problem> {
    let job = find(&console, &caller, id).await?;
    let limit = limit.min(MOST_LISTED);
    let (outcomes, targets) =
        futures::try_join!(console.jobs.outcomes(id, MOST), console.jobs.job_targets(id, result, after, limit))?;
    let is_full = targets.len() >= limit as usize && limit > 0;
    let next = targets.last().filter(|_| is_full).map(|last| last.place.to_string());
    let targets = targets.into_iter().map(|one| api::JobTarget {
        target: one.target,
        result: one.result,
        why: one.why,
        at: one.at,
        state: one.now.map(|(state, _)| state),
        needs_person: one.now.is_some_and(|(_, listed)| listed),
    });
    Ok(Json(api::JobReport { job: shown(&console, job), outcomes, targets: targets.collect(), next }))
}

/// What it has changed stays changed. Stopping what has ended changes nothing.
pub(super) async fn stop(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<Uuid>,
) -> Result<Json<api::Job>, Problem> {
    let job = find(&console, &caller, id).await?;
    if job.state != JobState::Running {
        return Ok(Json(shown(&console, job)));
    }
    let intent = Intent::job("stop job", id, job.asked.tenant.clone())
        .before(json!({ "done": job.done, "held_back": job.held_back, "total": job.total }));
    let why = format!("stopped by {}", caller.name);
    let stop = async {
        let ended = console.jobs.end_job(id, None, JobState::Stopped, Some(why)).await?;
        ended.ok_or_else(|| missing(id))
    };
    let ended =
        console.audited(&caller, intent, stop, |job| Some(json!({ "state": job.state, "done": job.done }))).await?;
    Ok(Json(shown(&console, ended)))
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation(
            "begin_job",
            "POST",
            "/v1/jobs",
            "Retry, discard, cancel, reschedule, shift or look at many targets, as a job",
        )
        .body::<api::JobAsk>()
        .answers::<api::JobBegun>(202, "The job that was begun, with its plan")
        .answers::<api::JobPlan>(200, "With dry_run: the plan alone")
        .fails(409, "Nothing that is selected goes, or the id is another job's")
        .fails(422, "What is selected, or how, makes no sense"),
        operation("list_jobs", "GET", "/v1/jobs", "Jobs, newest first")
            .query::<Which>()
            .answers::<api::Jobs>(200, "The jobs"),
        operation("get_job", "GET", "/v1/jobs/{id}", "How a job fares, and what became of its targets")
            .query::<Part>()
            .answers::<api::JobReport>(200, "The job"),
        operation("stop_job", "POST", "/v1/jobs/{id}/stop", "Let a job change nothing more")
            .answers::<api::Job>(200, "The job"),
    ]
}
