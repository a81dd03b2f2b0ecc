//! What was found wrong outside.

use axum::{Json, extract::State, http::StatusCode};
use domain::{Code, TenantId};
use ledger::{IncidentFilter, IncidentKind, Place};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    Console, Problem,
    access::Caller,
    api,
    audited::Intent,
    extract::{Ask, Id, Json as Body},
    openapi::{Operation, operation},
    standing::instant,
};

/// The longest note, in characters.
const LONGEST_NOTE: usize = 1_000;
/// The most incidents in a page.
const MOST: u32 = 500;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    tenant: Option<TenantId>,
    #[schemars(with = "Option<String>")]
    kind: Option<IncidentKind>,
    state: Option<api::IncidentState>,
    #[serde(default)]
    limit: u32,
    after: Option<String>,
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(which): Ask<Which>,
) -> Result<Json<api::Incidents>, Problem> {
    let filter = IncidentFilter {
        tenant: caller.narrow(which.tenant)?,
        kind: which.kind,
        open: which.state.map(|state| state == api::IncidentState::Open),
        limit: which.limit.min(MOST),
        after: which.after,
    };
    let page = console.incidents.incidents(&filter).await.map_err(super::posts::no_page)?;
    Ok(Json(api::Incidents { incidents: page.items.into_iter().map(Into::into).collect(), next: page.next }))
}

pub(super) async fn show(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<Uuid>,
) -> Result<Json<api::Incident>, Problem> {
    Ok(Json(own(&console, &caller, id).await?.into()))
}

/// Closes an incident. One that is closed stays as it was closed first: another note is refused.
pub(super) async fn close(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<Uuid>,
    Body(ask): Body<api::CloseAsk>,
) -> Result<Json<api::Incident>, Problem> {
    let before = own(&console, &caller, id).await?;
    let note = ask.note.trim();
    if note.is_empty() || note.chars().count() > LONGEST_NOTE {
        let message = format!("must be 1 to {LONGEST_NOTE} characters: whoever reads it later must know what was done");
        return Err(Problem::field("$.note", Code::BAD_FIELD, message));
    }
    let close = async {
        let closed = console.incidents.close_incident(id, &caller.name, note).await?;
        closed.ok_or_else(|| Problem::not_found(format!("incident {id}")))
    };
    let incident = match before.closed {
        None => {
            console
                .audited(&caller, Intent::incident("close incident", &before).because(Some(note)), close, |_| None)
                .await?
        }
        Some(_) => close.await?,
    };
    match &incident.closed {
        // The same word again, or of two at once the one that was first.
        Some(closed) if closed.by == caller.name && closed.note == note => Ok(Json(incident.into())),
        Some(closed) => Err(closed_already(&incident, closed)),
        None => Ok(Json(incident.into())),
    }
}

/// A note that would be lost is refused, and whoever wrote it is told what there is.
fn closed_already(incident: &ledger::Incident, closed: &ledger::Closed) -> Problem {
    let detail = format!(
        "The incident was closed at {} by {}: \"{}\". Your note was not kept.",
        instant(closed.at),
        closed.by,
        closed.note
    );
    let Place { tenant, channel, account } = &incident.found.place;
    let remedy = format!(
        "An incident has one note. What should be remembered besides goes on the account: `oncepost note \
         account:{tenant}/{channel}/{account} TEXT` (POST /v1/notes)."
    );
    Problem::plain(StatusCode::CONFLICT, detail, remedy)
}

/// The incident, if it is the caller's to see.
async fn own(console: &Console, caller: &Caller, id: Uuid) -> Result<ledger::Incident, Problem> {
    let incident = console.incidents.incident(id).await?;
    let incident = incident.filter(|incident| caller.owns(&incident.found.place.tenant));
    incident.ok_or_else(|| Problem {
        remedy: "`oncepost incidents` (GET /v1/incidents) lists those that there are.".into(),
        ..Problem::not_found(format!("incident {id}"))
    })
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_incidents", "GET", "/v1/incidents", "What was found wrong outside")
            .query::<Which>()
            .answers::<api::Incidents>(200, "The incidents, newest first"),
        operation("get_incident", "GET", "/v1/incidents/{id}", "One incident")
            .answers::<api::Incident>(200, "The incident"),
        operation("close_incident", "POST", "/v1/incidents/{id}/close", "Record that somebody has seen to it")
            .body::<api::CloseAsk>()
            .answers::<api::Incident>(200, "The incident, closed")
            .fails(409, "It was closed before, with another note; this one was not kept")
            .fails(422, "The note is missing or too long"),
    ]
}
