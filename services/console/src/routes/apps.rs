//! Apps: the registrations with platforms that accounts are connected through. For operators.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use domain::{AppId, Code};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::connect::Hidden;
use crate::{
    Console, Problem,
    access::Caller,
    api,
    audited::Intent,
    extract::{Hushed, Id},
    openapi::{Operation, operation, shapes::SecretText},
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppAsk {
    /// client_id, client_secret, or both. What is not named stays.
    #[schemars(with = "BTreeMap<String, SecretText>")]
    secrets: BTreeMap<String, Hidden>,
}

pub(super) async fn list(State(console): State<Console>, _: Caller) -> Result<Json<api::Apps>, Problem> {
    let apps = console.vault.apps().await?;
    Ok(Json(api::Apps { apps: apps.into_iter().map(|app| shown(&console, app)).collect() }))
}

/// 201 for a new app, 200 for one whose secrets were put in anew.
pub(super) async fn put(
    State(console): State<Console>,
    caller: Caller,
    Id(app): Id<AppId>,
    Hushed(ask): Hushed<AppAsk>,
) -> Result<(StatusCode, Json<api::App>), Problem> {
    if ask.secrets.is_empty() {
        return Err(Problem::field("$.secrets", Code::BAD_FIELD, "must name client_id, client_secret, or both"));
    }
    let secrets = ask.secrets.into_iter().map(|(name, secret)| (name, secret.0)).collect();
    let intent = Intent::thing("put app", format!("app:{app}"));
    let put = async { Ok(console.vault.put_app(&app, secrets, &caller.name).await?) };
    let is_new = console.audited(&caller, intent, put, |is_new| Some(json!({ "new": is_new }))).await?;
    let apps = console.vault.apps().await?;
    let found = apps.into_iter().find(|known| known.name == app);
    let found = found.ok_or_else(|| Problem::not_found(format!("app {app}")))?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(shown(&console, found))))
}

pub(super) async fn remove(
    State(console): State<Console>,
    caller: Caller,
    Id(app): Id<AppId>,
) -> Result<Json<api::RemovedApp>, Problem> {
    console.accounts.catch_up().await;
    let in_the_way =
        |error| Problem::in_the_way(error, "Connect those accounts with another app, or remove them first.");
    let intent = Intent::thing("remove app", format!("app:{app}"));
    let remove = async { console.vault.remove_app(&app).await.map_err(in_the_way) };
    console.audited(&caller, intent, remove, |_| None).await?;
    Ok(Json(api::RemovedApp { app }))
}

fn shown(console: &Console, app: vault::App) -> api::App {
    let accounts = console.accounts.all().iter().filter(|card| card.app.as_ref() == Some(&app.name)).count();
    let source = if app.listed { api::Source::Settings } else { api::Source::Connected };
    api::App { name: app.name, source, secrets: app.holds, accounts, put: app.put }
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_apps", "GET", "/v1/apps", "The apps that accounts are connected through")
            .answers::<api::Apps>(200, "The apps"),
        operation("put_app", "PUT", "/v1/apps/{app}", "Put an app's secrets in")
            .body::<AppAsk>()
            .answers::<api::App>(201, "A new app")
            .answers::<api::App>(200, "The app, with its new secrets"),
        operation("remove_app", "DELETE", "/v1/apps/{app}", "Remove an app")
            .answers::<api::RemovedApp>(200, "It is removed")
            .fails(409, "Accounts use it, or the settings hold it"),
    ]
}
