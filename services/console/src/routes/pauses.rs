//! Pausing and resuming.

use axum::{Json, extract::State, http::StatusCode};
use domain::{Code, PauseScope};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use vault::AccountName;

use crate::{
    Console, Problem,
    access::Caller,
    api,
    audited::Intent,
    extract::{Ask, Json as Body},
    openapi::{Operation, operation},
    scope, show,
};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

pub(super) async fn list(State(console): State<Console>, caller: Caller) -> Result<Json<api::Pauses>, Problem> {
    let pauses = show::pauses_for(&caller, console.ledger.pauses().await?);
    Ok(Json(api::Pauses { pauses: pauses.into_iter().map(show::pause).collect() }))
}

/// 201 with the new pause, or 200 with the one that is in force already and stays as it is.
pub(super) async fn pause(
    State(console): State<Console>,
    caller: Caller,
    Body(ask): Body<api::PauseAsk>,
) -> Result<(StatusCode, Json<api::Pause>), Problem> {
    let scope = allowed(&caller, &ask.scope)?;
    scope::exists(&scope, &console.channels, &*console.accounts)?;
    let reason = ask.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        let message = format!("must be 1 to {LONGEST_REASON} characters: whoever finds the pause must know why");
        return Err(Problem::field("$.reason", Code::BAD_FIELD, message));
    }
    let known = console.ledger.pauses().await?.into_iter().any(|pause| pause.scope == scope);
    let intent = Intent::scope("pause", &scope).because(Some(&reason)).before(json!({ "paused": known }));
    let asked = ledger::PauseAsk { scope, reason, by: caller.name.clone() };
    let pause = async { Ok(console.ledger.pause(asked).await?) };
    let pause = console.audited(&caller, intent, pause, |pause| Some(json!({ "since": pause.since }))).await?;
    let status = if known { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(show::pause(pause))))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// What is held back: all, channel:NAME, account:TENANT/CHANNEL/NAME, tenant:NAME or app:NAME.
    scope: String,
}

pub(super) async fn resume(
    State(console): State<Console>,
    caller: Caller,
    Ask(Which { scope }): Ask<Which>,
) -> Result<Json<api::Resumed>, Problem> {
    let scope = allowed(&caller, &scope)?;
    if let PauseScope::Account { tenant, channel, account } = &scope {
        let name = AccountName::new(tenant, channel, account);
        let view = console.vault.view(&name).await?;
        if view.is_some_and(|view| view.record.disabled.is_some()) {
            let detail = format!("{name} is switched off, and what it would send is held until it is switched on.");
            let remedy = format!("`oncepost accounts enable {name}` switches it on and releases what is held.");
            return Err(Problem::plain(StatusCode::CONFLICT, detail, remedy));
        }
    }
    let resume = async {
        let released = console.ledger.resume(&scope, console.options.resume_drip).await?;
        released.ok_or_else(|| Problem {
            remedy: "`oncepost pauses` (GET /v1/pauses) lists what is paused.".into(),
            ..Problem::not_found(format!("pause of {scope}"))
        })
    };
    let pause = console.ledger.pauses().await?.into_iter().find(|pause| pause.scope == scope);
    let intent = Intent::scope("resume", &scope).before(json!({ "pause": pause.map(show::pause) }));
    let released = console.audited(&caller, intent, resume, |released| Some(json!({ "released": released }))).await?;
    Ok(Json(api::Resumed { scope: scope.to_string(), released }))
}

/// The scope, if it is the caller's to hold back.
fn allowed(caller: &Caller, text: &str) -> Result<PauseScope, Problem> {
    let scope = scope::read(text)?;
    match scope::tenant_of(&scope) {
        Some(tenant) if caller.owns(tenant) => {}
        Some(_) => return Err(Problem::forbidden(format!("You are not let in for {scope}."))),
        None => caller.unbound()?,
    }
    Ok(scope)
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_pauses", "GET", "/v1/pauses", "The pauses in force").answers::<api::Pauses>(200, "The pauses"),
        operation("pause", "POST", "/v1/pauses", "Hold work back")
            .body::<api::PauseAsk>()
            .answers::<api::Pause>(201, "The new pause")
            .answers::<api::Pause>(200, "The pause that is in force already"),
        operation("resume", "DELETE", "/v1/pauses", "End a pause")
            .query::<Which>()
            .answers::<api::Resumed>(200, "What was released")
            .fails(404, "The scope is not paused")
            .fails(409, "The account is switched off")
            .fails(422, "The scope is none"),
    ]
}
