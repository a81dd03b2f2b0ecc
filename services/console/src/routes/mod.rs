//! The routes, all of them behind one guard.

mod accounts;
mod apps;
mod audit_log;
mod change;
mod connect;
mod deliveries;
mod failures;
mod find;
mod forecast;
mod hooks;
pub(crate) mod links;
mod pauses;
mod posts;
mod retry;
mod schedule;
mod scorecard;
mod submit;
mod targets;
mod verdicts;
mod world;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Method, StatusCode, Uri},
    middleware,
    routing::{get, post, put},
};

use crate::{Console, Problem, access};

/// One account.
const ACCOUNT: &str = "/v1/accounts/{tenant}/{channel}/{account}";

/// The whole API.
pub(crate) fn router(console: Console) -> Router {
    let options = &console.options;
    let batch = post(submit::batch).layer(DefaultBodyLimit::max(options.batch_limit));
    Router::new()
        .route("/v1/posts", get(posts::list).post(submit::submit))
        .route("/v1/posts:validate", post(submit::validate))
        .route("/v1/posts/{id}", get(posts::show).patch(change::patch))
        .route("/v1/posts/by-key/{tenant}/{key}", get(posts::by_key))
        .route("/v1/posts/{id}/cancel", post(change::cancel))
        .route("/v1/posts/{id}/retry", post(retry::post))
        .route("/v1/targets/{id}", get(targets::show))
        .route("/v1/targets/{id}/retry", post(retry::target))
        .route("/v1/targets/{id}/cancel", post(targets::cancel))
        .route("/v1/targets/{id}/resolve", post(targets::resolve))
        .route("/v1/targets/{id}/verdicts", get(verdicts::show))
        .route("/v1/schedule", get(schedule::list))
        .route("/v1/failures", get(failures::list))
        .route("/v1/forecast", get(forecast::look))
        .route("/v1/pauses", get(pauses::list).post(pauses::pause).delete(pauses::resume))
        .route("/v1/channels", get(world::channels))
        .route("/v1/accounts", get(accounts::list))
        .route(ACCOUNT, get(accounts::show).put(connect::connect).delete(accounts::remove))
        .route(&format!("{ACCOUNT}/check"), post(accounts::check))
        .route(&format!("{ACCOUNT}/refresh"), post(accounts::refresh))
        .route(&format!("{ACCOUNT}/disable"), post(accounts::disable))
        .route(&format!("{ACCOUNT}/enable"), post(accounts::enable))
        .route("/v1/apps", get(apps::list))
        .route("/v1/apps/{app}", put(apps::put).delete(apps::remove))
        .route("/v1/hooks", get(hooks::list))
        .route("/v1/hooks/{name}", get(hooks::show).put(hooks::put).delete(hooks::remove))
        .route("/v1/hooks/{name}/replay", post(hooks::replay))
        .route("/v1/deliveries", get(deliveries::list))
        .route("/v1/scorecard", get(scorecard::show))
        .route("/v1/scorecard/targets", get(scorecard::targets))
        .route("/v1/audit-log", get(audit_log::list))
        .route("/v1/census", get(world::census))
        .route("/v1/errors/{code}", get(world::error_page))
        .route("/v1/accounts/{tenant}/{channel}/{account}/link", post(links::begin))
        .route(links::CALLBACK, get(links::back))
        .layer(DefaultBodyLimit::max(options.body_limit))
        .route("/v1/posts:batch", batch)
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(console.clone(), access::guard))
        .with_state(console)
}

async fn no_such_route(uri: Uri) -> Problem {
    let detail = format!("There is nothing at {}.", uri.path());
    Problem::plain(StatusCode::NOT_FOUND, detail, "docs/api.md lists every address; all begin with /v1.")
}

async fn no_such_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} does not take {method}.", uri.path());
    Problem::plain(StatusCode::METHOD_NOT_ALLOWED, detail, "docs/api.md lists what each address takes.")
}
