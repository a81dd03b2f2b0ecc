//! The screens: pages for people, rendered here, whole without scripts.
//!
//! They are a client of the API, in this process: whatever a screen shows or does, a caller of the API sees and may do, and nothing that
//! the API refuses can be had by a form.

mod accounts;
mod act;
mod assets;
mod assign;
mod audit_log;
mod causes;
mod channels;
mod dead;
mod deliveries;
mod door;
mod edit;
mod error;
mod forecast;
mod guide;
mod home;
mod hooks;
mod incidents;
mod jobs;
mod late;
mod lately;
mod notes;
mod parts;
mod pauses;
mod plan;
mod post;
mod posts;
mod retrying;
mod schedule;
mod scorecard;
mod shell;
mod sign_on;
mod signs;
mod system;
mod target;
mod visit;
mod which;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware,
    response::{IntoResponse, Response},
};
use tower::ServiceExt;

use self::{lately::Lately, shell::Entry, visit::Visit};
use crate::{Console, Problem, session::Sessions};

/// What a screen answers to.
type Routes = fn() -> Router<Desk>;

/// The screens, in the order of the menu. A new one is a file with these two, its `mod`, and a line here.
const SCREENS: &[(Entry, Routes)] = &[
    (home::ENTRY, home::routes),
    (dead::ENTRY, dead::routes),
    (jobs::ENTRY, jobs::routes),
    (posts::ENTRY, posts::routes),
    (schedule::ENTRY, schedule::routes),
    (forecast::ENTRY, forecast::routes),
    (channels::ENTRY, channels::routes),
    (accounts::ENTRY, accounts::routes),
    (scorecard::ENTRY, scorecard::routes),
    (incidents::ENTRY, incidents::routes),
    (hooks::ENTRY, hooks::routes),
    (notes::ENTRY, notes::routes),
    (audit_log::ENTRY, audit_log::routes),
    (system::ENTRY, system::routes),
];

/// Pages that are reached from others.
const PAGES: &[Routes] = &[
    causes::routes,
    assign::routes,
    guide::routes,
    post::routes,
    edit::routes,
    plan::routes,
    target::routes,
    act::routes,
    error::routes,
];

/// What the screens work with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Parts>);

pub(crate) struct Parts {
    console: Console,
    api: Router,
    sessions: Sessions,
    lately: Lately,
}

impl std::ops::Deref for Desk {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The screens under `/`, before `api`, which answers whatever is none.
pub(crate) fn router(console: Console, api: Router) -> Router {
    let sessions = Sessions::new(&console.vault.keys, &console.runtime, console.options.public_url.as_ref());
    let desk = Desk(Arc::new(Parts { console, api, sessions, lately: Lately::default() }));
    let screens = SCREENS.iter().map(|(_, routes)| routes).chain(PAGES);
    let inside = screens
        .fold(Router::new(), |all, routes| all.merge(routes()))
        .merge(door::inside())
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(desk.clone(), door::guard));
    inside
        .merge(door::routes())
        .merge(sign_on::routes())
        .merge(assets::routes())
        .layer(middleware::map_response(door::closed))
        .fallback(elsewhere)
        .with_state(desk)
}

/// What is no screen is the API's, unless a person in a browser has lost their way: whoever asks for a page, or is logged in.
async fn elsewhere(State(desk): State<Desk>, request: Request) -> Response {
    let path = request.uri().path();
    let is_apis = path == "/v1" || path.starts_with("/v1/") || request.method() != Method::GET;
    let is_page = request.headers().get("accept").is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    let session = if is_apis { None } else { door::who(&desk, request.headers()).ok().flatten() };
    if is_apis || !(is_page || session.as_ref().is_some_and(|session| session.ends.is_some())) {
        return desk.api.clone().oneshot(request).await.into_response();
    }
    let detail = format!("There is nothing at {path}.");
    let problem = Problem::plain(StatusCode::NOT_FOUND, detail, "The first screen leads to all others.");
    let page = match session {
        Some(session) => Visit::new(desk.clone(), session, request.uri().clone(), request.headers()).refuse(&problem),
        None => shell::lost(&problem),
    };
    door::closed(page).await
}

async fn no_such_method(visit: Visit) -> Response {
    let detail = "This address is changed by the forms that lead to it, and is not a page by itself.";
    visit.refuse(&Problem::plain(StatusCode::METHOD_NOT_ALLOWED, detail, "Go back and use the form."))
}
