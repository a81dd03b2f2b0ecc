//! The routes, all of them behind one guard.

mod about;
mod accounts;
mod apps;
mod assignments;
mod audit;
mod audit_log;
mod change;
mod connect;
mod dead;
mod deliveries;
mod discard;
mod edit;
mod failures;
mod find;
mod forecast;
pub(crate) mod groups;
mod hooks;
mod incidents;
mod jobs;
pub(crate) mod links;
mod look;
mod notes;
mod pauses;
mod posts;
mod processes;
mod retry;
mod retrying;
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
    routing::{MethodRouter, delete, get, post, put},
};

use crate::{Console, ConsoleOptions, Problem, access, nul, openapi::Operation, reach, traced};

/// One account, and what can be done with it.
const ACCOUNT: &str = "/v1/accounts/{tenant}/{channel}/{account}";
const CHECK: &str = "/v1/accounts/{tenant}/{channel}/{account}/check";
const REFRESH: &str = "/v1/accounts/{tenant}/{channel}/{account}/refresh";
const DISABLE: &str = "/v1/accounts/{tenant}/{channel}/{account}/disable";
const ENABLE: &str = "/v1/accounts/{tenant}/{channel}/{account}/enable";
const LINK: &str = "/v1/accounts/{tenant}/{channel}/{account}/link";

/// The whole API.
pub(crate) fn router(console: Console) -> Router {
    let Routes(routes) = routes(&console.options);
    let router = routes.into_iter().fold(Router::new(), |router, (path, methods)| router.route(&path, methods));
    router
        .layer(DefaultBodyLimit::max(console.options.body_limit))
        .fallback(no_such_route)
        .layer(middleware::from_fn(nul::guard))
        .layer(middleware::from_fn_with_state(console.clone(), reach::guard))
        .layer(middleware::from_fn_with_state(console.clone(), access::guard))
        .layer(middleware::from_fn(traced::request))
        .with_state(console)
}

/// Every address with what answers there. Who may use it is in [`access::RULES`].
fn routes(options: &ConsoleOptions) -> Routes {
    Routes::default()
        .route("/v1/posts", get(posts::list).post(submit::submit))
        .route("/v1/posts:validate", post(submit::validate))
        .route("/v1/posts/{id}", get(posts::show).patch(change::patch))
        .route("/v1/posts/by-key/{tenant}/{key}", get(posts::by_key))
        .route("/v1/posts/{id}/cancel", post(change::cancel))
        .route("/v1/posts/{id}/retry", post(retry::post))
        .route("/v1/posts/{id}/edit", post(edit::edit_many))
        .route("/v1/targets/{id}", get(targets::show))
        .route("/v1/targets/{id}/retry", post(retry::target))
        .route("/v1/targets/{id}/edit", post(edit::edit))
        .route("/v1/targets/{id}/cancel", post(targets::cancel))
        .route("/v1/targets/{id}/resolve", post(targets::resolve))
        .route("/v1/targets/{id}/look", post(look::again))
        .route("/v1/targets/{id}/verdicts", get(verdicts::show))
        .route("/v1/schedule", get(schedule::list))
        .route("/v1/retrying", get(retrying::list))
        .route("/v1/newest-publish", get(retrying::newest_publish))
        .route("/v1/failures", get(failures::list))
        .route("/v1/dead-letters", get(dead::list))
        .route("/v1/dead-letters/counts", get(dead::counts))
        .route("/v1/dead-letters/discard", post(discard::discard))
        .route("/v1/dead-letters/{id}", get(dead::show))
        .route("/v1/failures/groups", get(groups::list))
        .route("/v1/jobs", get(jobs::list).post(jobs::begin))
        .route("/v1/jobs/{id}", get(jobs::show))
        .route("/v1/jobs/{id}/stop", post(jobs::stop))
        .route("/v1/notes", get(notes::list).post(notes::put))
        .route("/v1/notes/{id}", delete(notes::remove))
        .route("/v1/assignments", get(assignments::list).post(assignments::assign).delete(assignments::release))
        .route("/v1/forecast", get(forecast::look))
        .route("/v1/audit", post(audit::run))
        .route("/v1/incidents", get(incidents::list))
        .route("/v1/incidents/{id}", get(incidents::show))
        .route("/v1/incidents/{id}/close", post(incidents::close))
        .route("/v1/pauses", get(pauses::list).post(pauses::pause).delete(pauses::resume))
        .route("/v1/channels", get(world::channels))
        .route("/v1/accounts", get(accounts::list))
        .route(ACCOUNT, get(accounts::show).put(connect::connect).delete(accounts::remove))
        .route(CHECK, post(accounts::check))
        .route(REFRESH, post(accounts::refresh))
        .route(DISABLE, post(accounts::disable))
        .route(ENABLE, post(accounts::enable))
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
        .route("/v1/processes", get(processes::list))
        .route("/v1/errors/{code}", get(world::error_page))
        .route(LINK, post(links::begin))
        .route(links::CALLBACK, get(links::back))
        .route("/v1/me", get(about::me))
        .route("/v1/openapi.json", get(about::openapi))
        .route("/v1/posts:batch", post(submit::batch).layer(DefaultBodyLimit::max(options.batch_limit)))
}

/// What the API tells of its addresses, in the order of its description.
pub(crate) fn operations() -> Vec<Operation> {
    let all = [
        posts::operations(),
        submit::operations(),
        change::operations(),
        retry::operations(),
        targets::operations(),
        look::operations(),
        verdicts::operations(),
        schedule::operations(),
        retrying::operations(),
        failures::operations(),
        hooks::operations(),
        deliveries::operations(),
        groups::operations(),
        jobs::operations(),
        notes::operations(),
        assignments::operations(),
        edit::operations(),
        dead::operations(),
        discard::operations(),
        forecast::operations(),
        audit::operations(),
        incidents::operations(),
        pauses::operations(),
        scorecard::operations(),
        audit_log::operations(),
        world::operations(),
        processes::operations(),
        accounts::operations(),
        connect::operations(),
        links::operations(),
        apps::operations(),
        about::operations(),
    ];
    all.into_iter().flatten().collect()
}

/// Addresses with what answers there: what a router is made of, and can be listed.
#[derive(Default)]
struct Routes(Vec<(String, MethodRouter<Console>)>);

impl Routes {
    fn route(mut self, path: &str, methods: MethodRouter<Console>) -> Self {
        self.0.push((path.to_owned(), methods));
        self
    }
}

async fn no_such_route(uri: Uri) -> Problem {
    nothing_at(&uri)
}

/// The answer at an address that there is not.
pub(crate) fn nothing_at(uri: &Uri) -> Problem {
    let detail = format!("There is nothing at {}.", uri.path());
    Problem::plain(StatusCode::NOT_FOUND, detail, "docs/api.md lists every address; all begin with /v1.")
}

/// The answer to a method that an address does not take.
pub(crate) fn no_such_method(method: &Method, uri: &Uri) -> Problem {
    let detail = format!("{} does not take {method}.", uri.path());
    Problem::plain(StatusCode::METHOD_NOT_ALLOWED, detail, "docs/api.md lists what each address takes.")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The methods that something answers. A method router tells them to nobody but its reader.
    fn methods(routes: &MethodRouter<Console>) -> Vec<&'static str> {
        let shown = format!("{routes:?}");
        let all = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"];
        let answers = |method: &&str| {
            let name = format!(" {}: ", method.to_lowercase());
            assert!(shown.contains(&name), "{shown}");
            !shown.contains(&format!("{name}None"))
        };
        all.into_iter().filter(answers).collect()
    }

    #[test]
    fn every_route_has_a_rule_and_every_rule_a_route() {
        let Routes(routes) = routes(&ConsoleOptions::default());
        let routed =
            routes.iter().flat_map(|(path, answers)| methods(answers).into_iter().map(move |it| (it, &**path)));
        let routed: BTreeSet<_> = routed.collect();
        let ruled: BTreeSet<_> = access::RULES.iter().map(|rule| (rule.method, rule.path)).collect();
        let missing: Vec<_> = routed.difference(&ruled).collect();
        assert!(missing.is_empty(), "add to access/rules.rs who may use {missing:?}");
        let stale: Vec<_> = ruled.difference(&routed).collect();
        assert!(stale.is_empty(), "nothing answers {stale:?}");
    }

    #[test]
    fn a_route_without_a_rule_would_be_found() {
        assert_eq!(methods(&get(no_such_route).delete(no_such_route)), ["GET", "DELETE"]);
        assert_eq!(methods(&post(no_such_route).layer(DefaultBodyLimit::max(1))), ["POST"]);
    }
}
