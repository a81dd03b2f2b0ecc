//! Connecting accounts by a link. People come back from the platform by an address that needs no token: the link's state, which is hard
//! to guess and good once, says that they may.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use channels::Returned;
use domain::AppId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use settings::Role;
use url::Url;
use vault::LinkAsk;

use super::{
    accounts::{Named, Why, plain, seen},
    connect::{AUTH_URL, addressed, lent, server},
};
use crate::{
    Console, Problem,
    access::Caller,
    api,
    audited::{self, Intent},
    extract::Json as Body,
    openapi::{Operation, operation},
    page,
};

/// Where platforms send people back to, behind the API's public address.
pub(crate) const CALLBACK: &str = "/v1/oauth/callback";

const HTML: &str = "text/html; charset=utf-8";

/// What platforms bring back. They may bring more.
#[derive(JsonSchema)]
#[allow(dead_code, reason = "only its schema is used: the query is read as the platform wrote it")]
struct Back {
    /// The link's own mark.
    state: Option<String>,
    /// What the tokens are had for.
    code: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// What a link is asked for with. What is not named stays as the account has it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LinkAsk")]
pub(super) struct Wish {
    /// Our registration with the platform that it is connected through.
    app: Option<AppId>,
    /// The server it lives on, where that differs from the channel's.
    base_url: Option<String>,
    /// What else the channel's page lists.
    #[serde(default)]
    settings: BTreeMap<String, serde_json::Value>,
    /// Another account on the platform is meant from now on.
    #[serde(default)]
    another: bool,
}

pub(super) async fn begin(
    State(console): State<Console>,
    caller: Caller,
    named: Named,
    Body(wish): Body<Wish>,
) -> Result<(StatusCode, Json<api::Link>), Problem> {
    let name = addressed(&console, &caller, named)?;
    let base_url = wish.base_url.as_deref().map(server).transpose();
    let base_url = base_url.map_err(|why| Problem::field("$.base_url", domain::Code::BAD_FIELD, why))?;
    let before = console.vault.view(&name).await?;
    let settings = plain(wish.settings)?;
    let auth_url = settings.get(AUTH_URL).map(String::as_str);
    lent(&caller, before.as_ref(), wish.app.is_some(), base_url.as_ref(), auth_url)?;
    let life = console.options.link_life;
    let ask = LinkAsk {
        app: wish.app,
        base_url,
        settings,
        another: wish.another,
        by: caller.name.clone(),
        tenants_own: caller.tenant.is_some(),
        redirect: redirect(&console)?,
        life,
    };
    let intent = Intent::account("link", &name, before.as_ref());
    let begin = async { Ok(console.vault.begin_link(&name, ask).await?) };
    let link = console.audited(&caller, intent, begin, |link| Some(json!({ "expires_at": link.expires_at }))).await?;
    let link = api::Link { url: link.url, expires_at: link.expires_at, expires_in: life.as_secs() };
    Ok((StatusCode::CREATED, Json(link)))
}

fn redirect(console: &Console) -> Result<Url, Problem> {
    let public = console.options.public_url.clone().ok_or_else(|| {
        let detail = "api.public_url is not set, so the platform could not send the person back.";
        let remedy = format!(
            "Set api.public_url in the server's settings to the address under which browsers reach this API, as \
             https://oncepost.example, register that address with {CALLBACK} behind it with the app, and start the server anew."
        );
        Problem::plain(StatusCode::CONFLICT, detail, remedy)
    })?;
    let mut redirect = public;
    let path = format!("{}{CALLBACK}", redirect.path().trim_end_matches('/'));
    redirect.set_path(&path);
    redirect.set_query(None);
    redirect.set_fragment(None);
    Ok(redirect)
}

/// A person is back from the platform. What comes of it is said on a page.
pub(super) async fn back(State(console): State<Console>, uri: Uri) -> Response {
    finish(&console, &uri).await.unwrap_or_else(|problem| page::refused(&problem)).into_response()
}

async fn finish(console: &Console, uri: &Uri) -> Result<page::Page, Problem> {
    let mut address = Url::parse("https://localhost").map_err(|_| Problem::not_found("such address"))?;
    address.set_query(uri.query());
    // A pause that begins later knows more than the link does.
    let pauses = console.ledger.pauses().await?;
    let (name, is_new, view) = console.vault.finish_link(&Returned::of(&address)).await?;
    let by = view.record.connected.as_ref().map_or_else(String::new, |word| word.by.clone());
    // Whoever began the link was allowed to connect the account.
    let caller = Caller::new(by, Role::Admin, Some(name.tenant.clone()));
    // Whose account it is, the platform said just now: the entry comes after what it tells of.
    let intent = Intent::account("connect", &name, None).because(Some("by a link"));
    console.audited(&caller, intent, async { Ok(()) }, |()| Some(audited::account(&view))).await?;
    let pause = pauses.into_iter().find(|pause| pause.scope == name.pause_scope());
    let seen = seen(console, &caller, view, pause, Why::Connected).await?;
    Ok(page::connected(&seen, is_new))
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("link_account", "POST", super::LINK, "A link by which a person connects an account")
            .may_have_body::<Wish>()
            .answers::<api::Link>(201, "The link")
            .fails(409, "api.public_url is not set"),
        operation("finish_link", "GET", CALLBACK, "Where a platform sends the person back to: a page for people")
            .query::<Back>()
            .answers_with::<String>(200, "Connected", HTML)
            .answers_with::<String>(409, "Another account than before, or it was changed meanwhile", HTML)
            .answers_with::<String>(410, "The link is not known, was used, or is too old", HTML)
            .answers_with::<String>(422, "The person or the platform said no", HTML),
    ]
}
