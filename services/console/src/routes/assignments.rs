//! Assignments: taken, given, let go.

use axum::{Json, extract::State, http::StatusCode};
use domain::{ChannelName, Code, TargetId, TenantId};
use ledger::{Assigned, Assignment, Duty, Within};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{find, groups::of_account};
use crate::{
    Console, Problem,
    access::Caller,
    api,
    assignments::{covers, may_see, part, shown},
    audited::Intent,
    extract::{Ask, Json as Body},
    openapi::{Operation, operation},
    scope, show,
    standing::instant,
};

/// The longest name of whoever sees to something, and the longest comment, in characters.
const LONGEST_NAME: usize = 100;
const LONGEST_COMMENT: usize = 500;
/// The most targets that others have one by one that are looked at when a cause is assigned.
const MOST_TARGETS: usize = 200;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    on: Option<String>,
}

/// What an assignment is on, in an address.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// `cause:GROUP` or `target:ID`.
    on: String,
    tenant: Option<TenantId>,
    channel: Option<ChannelName>,
    account: Option<String>,
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(Which { on }): Ask<Which>,
) -> Result<Json<api::Assignments>, Problem> {
    let all = console.assignments.assignments().await?;
    let is_asked = |one: &Assignment| may_see(&caller, one) && on.as_ref().is_none_or(|on| *on == one.duty.subject());
    Ok(Json(api::Assignments { assignments: all.into_iter().filter(is_asked).map(shown).collect() }))
}

/// 201 with the assignment.
pub(super) async fn assign(
    State(console): State<Console>,
    caller: Caller,
    Body(ask): Body<api::AssignmentAsk>,
) -> Result<(StatusCode, Json<api::Assigned>), Problem> {
    let api::AssignmentAsk { on, tenant, channel, account, to, comment, instead_of } = ask;
    let names_part = tenant.is_some() || channel.is_some() || account.is_some();
    let duty = duty(&console, &caller, Part { on, tenant, channel, account }).await.map_err(placed)?;
    let to = text("$.to", to.as_deref().unwrap_or(&caller.name), LONGEST_NAME)?;
    let to = to.ok_or_else(|| Problem::field("$.to", Code::BAD_FIELD, "is empty: who is to see to it?"))?;
    let comment = text("$.comment", comment.as_deref().unwrap_or_default(), LONGEST_COMMENT)?;
    let Some(duty) = needing_person(&console, duty, names_part).await? else {
        let message = "names nothing that needs a person: there is nothing to see to";
        return Err(Problem::field("$.on", Code::BAD_FIELD, message));
    };
    let at = console.ledger.now().await?;
    let assignment = Assignment { duty, to, comment, who: caller.name.clone(), at, idle_since: None };
    let intent = Intent::assignment("assign", &assignment.duty).because(assignment.comment.as_deref());
    let assign = async {
        match console.assignments.assign(assignment, instead_of.as_deref()).await? {
            Assigned::Done(assignment) => Ok(assignment),
            Assigned::Had(other) => Err(had(&other)),
        }
    };
    let told = |made: &Assignment| Some(json!({ "assignment": shown(made.clone()) }));
    let made = console.audited(&caller, intent, assign, told).await?;
    let beside = beside(&console, &caller, &made).await;
    Ok((StatusCode::CREATED, Json(api::Assigned { assignment: shown(made), beside })))
}

/// Who else has something of it. It is assigned already: what cannot be read is not told.
async fn beside(console: &Console, caller: &Caller, made: &Assignment) -> Vec<api::Assignment> {
    let taken = console.taken(caller).await;
    let mut targets = Vec::new();
    for id in taken.targets(made).into_iter().take(MOST_TARGETS) {
        match console.ledger.target(id).await {
            Ok(view) => targets.extend(view.map(|view| view.target)),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, target.id = %id, "it is not told who else has what");
            }
        }
    }
    taken.beside(made, &targets)
}

pub(super) async fn release(
    State(console): State<Console>,
    caller: Caller,
    Ask(part): Ask<Part>,
) -> Result<Json<api::Assignment>, Problem> {
    let duty = duty(&console, &caller, part).await?;
    let missing = || Problem {
        remedy: "`oncepost assign` (GET /v1/assignments) lists who has what.".into(),
        ..Problem::not_found(format!("assignment of {}", duty.subject()))
    };
    let duty = held(&console, &caller, &duty).await?.ok_or_else(missing)?;
    let known = console.assignments.assignments().await?.into_iter().find(|one| one.duty == duty);
    let known = known.map(shown).ok_or_else(missing)?;
    let intent = Intent::assignment("release", &duty).before(json!({ "assignment": known }));
    let release = async { console.assignments.release(&duty).await?.ok_or_else(missing) };
    let released = console.audited(&caller, intent, release, |_| None).await?;
    Ok(Json(shown(released)))
}

/// What somebody wants to see to, if it is the caller's. A token with a tenant means that tenant's part of a cause.
async fn duty(console: &Console, caller: &Caller, part: Part) -> Result<Duty, Problem> {
    let Part { on, tenant, channel, account } = part;
    let wrong = |why: &str| Problem::query("on", format!("{why}; it is one of cause:GROUP, target:ID"));
    if let Some(id) = on.strip_prefix("target:") {
        if tenant.is_some() || channel.is_some() || account.is_some() {
            return Err(wrong("is one target, which has no part that is a tenant's, a channel's or an account's"));
        }
        let id: TargetId = id.parse().map_err(|_| wrong("is no target's id"))?;
        let view = find::target(console, caller, id).await?;
        return Ok(Duty::Target { id, tenant: view.target.tenant });
    }
    let Some(group) = on.strip_prefix("cause:") else { return Err(wrong("is nothing that can be assigned")) };
    scope::known(console, channel.as_ref())?;
    let within = Within { tenant: caller.narrow(tenant)?, channel, account: None };
    let within = of_account(caller, account.as_deref(), within)?;
    Ok(Duty::Cause { group: group.into(), within })
}

/// What is wrong with a field, told of a body's.
fn placed(mut problem: Problem) -> Problem {
    for one in &mut problem.problems {
        one.path = format!("$.{}", one.path);
        problem.detail = format!("{} {}.", one.path, one.message);
        problem.status = StatusCode::UNPROCESSABLE_ENTITY.as_u16();
    }
    problem
}

fn text(path: &str, given: &str, longest: usize) -> Result<Option<String>, Problem> {
    let given = given.trim();
    if given.chars().count() > longest {
        return Err(Problem::field(path, Code::BAD_FIELD, format!("is longer than {longest} characters")));
    }
    Ok(Some(given.to_owned()).filter(|given| !given.is_empty()))
}

/// What is taken: as it is named, or as much of it as belongs together; none, if nothing of it is on the operators' list.
async fn needing_person(console: &Console, duty: Duty, names_part: bool) -> Result<Option<Duty>, Problem> {
    Ok(match duty {
        Duty::Target { id, .. } => {
            console.ledger.target(id).await?.filter(|view| view.target.listed.is_some()).map(|_| duty)
        }
        Duty::Cause { group, within } => {
            let spread = console.causes.spread(&within).await?;
            let cause = spread.causes.into_iter().find(|cause| cause.group == group);
            cause.map(|cause| {
                if names_part {
                    return Duty::Cause { group, within };
                }
                let scope = show::group((group.clone(), cause.targets)).scope;
                let within = part(&within, scope, cause.places.iter().map(|strike| &strike.place));
                Duty::Cause { group, within }
            })
        }
    })
}

/// What is assigned under this name: exactly that, or the one part of it that is.
async fn held(console: &Console, caller: &Caller, asked: &Duty) -> Result<Option<Duty>, Problem> {
    let is_part = |one: &Duty| match (one, asked) {
        (Duty::Cause { group, within }, Duty::Cause { group: wanted, within: asked }) => {
            group == wanted && covers(asked, within)
        }
        _ => false,
    };
    let all = console.assignments.assignments().await?;
    if let Some(exact) = all.iter().find(|one| one.duty == *asked) {
        return Ok(Some(exact.duty.clone()));
    }
    let parts = all.into_iter().filter(|one| may_see(caller, one) && is_part(&one.duty));
    match &parts.map(|one| one.duty).collect::<Vec<_>>()[..] {
        [] => Ok(None),
        [only] => Ok(Some(only.clone())),
        several => {
            let detail = format!("{} parts of it are assigned.", several.len());
            let remedy =
                "Say which: `--account`, `--channel` or `--tenant` (\"account\"…), as `oncepost assign` lists them.";
            Err(Problem::plain(StatusCode::CONFLICT, detail, remedy))
        }
    }
}

/// Somebody else has it.
fn had(other: &Assignment) -> Problem {
    let comment = other.comment.as_ref().map(|said| format!(" (\"{said}\")")).unwrap_or_default();
    let detail = format!("{} has it since {}{comment}.", other.to, instant(other.at));
    let remedy = format!(
        "Talk to {0} first. To take it from {0} nevertheless: `--instead-of {0}` (\"instead_of\": \"{0}\").",
        other.to
    );
    Problem::plain(StatusCode::CONFLICT, detail, remedy)
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_assignments", "GET", "/v1/assignments", "Who sees to what")
            .query::<Which>()
            .answers::<api::Assignments>(200, "The assignments"),
        operation("assign", "POST", "/v1/assignments", "Take a cause or a target, or give it to somebody")
            .body::<api::AssignmentAsk>()
            .answers::<api::Assigned>(201, "The assignment, and who else has something of it")
            .fails(404, "There is no such target")
            .fails(409, "Somebody else has it")
            .fails(422, "It is nothing that needs a person"),
        operation("release", "DELETE", "/v1/assignments", "Let go of a cause or a target")
            .query::<Part>()
            .answers::<api::Assignment>(200, "The assignment that has ended")
            .fails(404, "Nobody has it")
            .fails(409, "Several parts of it are assigned"),
    ]
}
