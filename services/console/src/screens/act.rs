//! What forms do. Each asks the API, says what came of it, and goes back to a page.

use axum::{
    Router,
    extract::{Path, Query},
    response::Response,
    routing::{get, post},
};
use domain::State;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{
    Desk,
    parts::{self, Row, prose, state, table, went_out},
    post::encoded,
    shell::stamp,
    target::is_doubtful,
    visit::{Filled, Note, Visit},
    words,
};
use crate::{Problem, api};

/// The most targets that are tried again by one form.
const MOST: usize = 100;
/// What must be typed before something is sent that may be out already.
const SURE: &str = "send again";

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/targets/{id}/retry", post(retry))
        .route("/targets/{id}/cancel", post(cancel))
        .route("/targets/{id}/reschedule", post(reschedule))
        .route("/targets/{id}/look", post(look))
        .route("/targets/{id}/published", post(published))
        .route("/targets/{id}/send-again", post(send_again))
        .route("/posts/{id}/cancel", post(cancel_post))
        .route("/pause", post(pause))
        .route("/resume", post(resume))
        .route("/retry", get(plan).post(retry_all))
}

async fn retry(visit: Visit, Path(id): Path<String>) -> Response {
    let done = visit.post::<api::Retried>(&target(&id, "retry"), json!({})).await;
    visit.back(&id, done.map(|retried| retried.what))
}

async fn cancel(visit: Visit, Path(id): Path<String>) -> Response {
    let done = visit.post::<api::Target>(&target(&id, "cancel"), json!({})).await;
    visit.back(&id, done.map(|_| "It is cancelled and does not go out.".into()))
}

async fn look(visit: Visit, Path(id): Path<String>) -> Response {
    let done = visit.post::<api::LookedAgain>(&target(&id, "look"), json!({})).await;
    visit.back(&id, done.map(|looked| looked.what))
}

async fn published(visit: Visit, Path(id): Path<String>, form: Filled) -> Response {
    let proof = json!({ "url": given(form.get("url")), "id": given(form.get("id")) });
    let is_said = |name| form.get(name) == "yes";
    let word = json!({
        "published": proof, "shared": is_said("shared"), "of_account": is_said("of_account"), "note": given(form.get("note")),
    });
    let done = visit.post::<api::Target>(&target(&id, "resolve"), word).await;
    visit.back(
        &id,
        done.map(|target| match target.state {
            State::Published => "It is recorded as published. Nothing of it is sent again.".into(),
            _ => "That part is recorded as out. What is left of it goes on.".into(),
        }),
    )
}

async fn send_again(visit: Visit, Path(id): Path<String>, form: Filled) -> Response {
    if !form.get("sure").eq_ignore_ascii_case(SURE) {
        let remedy = "It may be out already, so a slip of the hand must not send it. Open the form again.";
        let problem = Problem::plain(
            axum::http::StatusCode::UNPROCESSABLE_ENTITY,
            format!("\"{SURE}\" was not typed. Nothing was changed."),
            remedy,
        );
        return visit.back(&id, Err(problem));
    }
    let attempt = form.get("attempt").parse::<u32>().ok();
    let word = json!({ "send_again": true, "attempt": attempt, "note": given(form.get("note")) });
    let done = visit.post::<api::Target>(&target(&id, "resolve"), word).await;
    visit.back(&id, done.map(|target| format!("It is sent again. {}", target.next_step)))
}

async fn reschedule(visit: Visit, Path(id): Path<String>, form: Filled) -> Response {
    let zone = form.get("zone");
    let at = |name: &str| given(form.get(name)).map(|local| json!({ "local": local, "zone": zone }));
    let mut ask =
        json!({ "revision": form.get("revision").parse::<u32>().ok(), "targets": [id], "publish_at": at("due") });
    if let Some(deadline) = at("deadline") {
        ask["deadline"] = deadline;
    }
    let path = format!("/v1/posts/{}", encoded(form.get("post")));
    let done = visit.ask::<api::ChangedPost>(axum::http::Method::PATCH, &path, Some(ask)).await;
    let now = visit.now();
    visit.back(
        &id,
        done.map(|changed| match changed.targets.first() {
            Some(target) => format!("It is due {}: {}.", words::ago(target.due_at, now), parts::exact(target.due_at)),
            None => "It is rescheduled.".into(),
        }),
    )
}

async fn cancel_post(visit: Visit, Path(id): Path<String>, form: Filled) -> Response {
    let ask = json!({ "revision": form.get("revision").parse::<u32>().ok() });
    let done = visit.post::<api::ChangedPost>(&format!("/v1/posts/{}/cancel", encoded(&id)), ask).await;
    let note = match done {
        Ok(changed) => Note::done(format!("{} cancelled.", words::many(changed.targets.len() as u64, "target"))),
        Err(problem) => Note::refused(&problem),
    };
    visit.go(&format!("/posts/{}", encoded(&id)), &note)
}

async fn pause(visit: Visit, form: Filled) -> Response {
    let ask = json!({ "scope": form.get("scope"), "reason": form.get("reason") });
    let note = match visit.post::<api::Pause>("/v1/pauses", ask).await {
        Ok(pause) => Note::done(format!("{} is paused: {}", pause.scope, pause.reason)),
        Err(problem) => Note::refused(&problem),
    };
    visit.go(super::door::inner(form.get("back")), &note)
}

async fn resume(visit: Visit, form: Filled) -> Response {
    let path = parts::query("/v1/pauses", &[("scope", form.get("scope"))]);
    let note = match visit.ask::<api::Resumed>(axum::http::Method::DELETE, &path, None).await {
        Ok(resumed) => Note::done(format!(
            "{} is resumed; {} released, little by little.",
            resumed.scope,
            words::many(resumed.released, "target")
        )),
        Err(problem) => Note::refused(&problem),
    };
    visit.go(super::door::inner(form.get("back")), &note)
}

/// What would happen to each, before anything does.
async fn plan(visit: Visit, Query(asked): Query<Vec<(String, String)>>) -> Response {
    let ids: Vec<_> = asked.into_iter().filter(|(name, _)| name == "target").map(|(_, id)| id).take(MOST).collect();
    let body = planned(&visit, ids).await;
    visit.page("Retry", body)
}

async fn planned(visit: &Visit, ids: Vec<String>) -> Result<Markup, Problem> {
    if ids.is_empty() {
        let detail = "No target is selected.";
        return Err(Problem::plain(
            axum::http::StatusCode::UNPROCESSABLE_ENTITY,
            detail,
            "Go back and select those that are to be tried again.",
        ));
    }
    let found = ids.iter().map(|id| async move {
        let path = target(id, "verdicts");
        let (target, verdicts) =
            futures::join!(async { visit.get::<api::Target>(&format!("/v1/targets/{}", encoded(id))).await }, async {
                visit.get::<api::Verdicts>(&path).await
            },);
        Ok::<_, Problem>((target?, verdicts?.retry))
    });
    let found = futures::future::try_join_all(found).await?;
    let going = found.iter().filter(|(_, verdict)| verdict.goes).count();
    let (held, doubtful) = (found.len() - going, found.iter().filter(|(target, _)| is_doubtful(target)).count());
    Ok(html! {
        p.crumbs { a href="/" { "Needs attention" } }
        h1 { "Retry " (words::many(found.len() as u64, "target")) }
        p.lead {
            strong { (going) " will go" } @if held > 0 { ", " (held) @if held == 1 { " is held back" } @else { " are held back" } } "."
            @if doubtful > 0 { " What may be out already is not sent again before somebody has settled it." }
        }
        form method="post" action="/retry" {
            (stamp(visit))
            (table("The plan", &["Target", "State", "Went out?", "What will happen"], found.iter().map(|(one, verdict)| {
                let name = html! {
                    @if verdict.goes { input type="hidden" name="target" value=(one.id); }
                    (parts::target(&visit.desk, one.id, (&one.tenant, &one.channel, &one.account)))
                };
                let why = html! {
                    @if !verdict.goes { strong { "Held back. " } }
                    @if is_doubtful(one) { "It may be out already. Open it, look on the platform, and record what you saw." } @else {
                        (prose(&verdict.why))
                    }
                };
                Row::new([name, state(one.state), went_out(one.went_out), why])
            }).collect()))
            div.row.actions {
                @if going > 0 && visit.may("POST", "/v1/targets/{id}/retry") { button.primary type="submit" autofocus { "Retry " (words::many(going as u64, "target")) } }
                a.button href="/" { "Back" }
            }
        }
    })
}

async fn retry_all(visit: Visit, form: Filled) -> Response {
    let (mut done, mut refused) = (0_u64, Vec::new());
    for id in form.all("target").take(MOST) {
        match visit.post::<api::Retried>(&target(id, "retry"), json!({})).await {
            Ok(_) => done += 1,
            Err(problem) => refused.push(problem.detail),
        }
    }
    let tried = if done == 1 {
        "1 target is tried again.".into()
    } else {
        format!("{} are tried again.", words::many(done, "target"))
    };
    let note = match (done, refused.first()) {
        (_, None) => Note::done(tried),
        (0, Some(why)) => Note { done: false, text: why.clone(), remedy: "Nothing was tried again.".into() },
        (_, Some(why)) => {
            Note::done(format!("{tried} {} refused; the first: {why}", words::many(refused.len() as u64, "other")))
        }
    };
    visit.go("/", &note)
}

impl Visit {
    /// Back to the target's page, with what came of it.
    fn back(&self, id: &str, done: Result<String, Problem>) -> Response {
        let note = match done {
            Ok(what) => Note::done(what),
            Err(problem) => Note::refused(&problem),
        };
        self.go(&format!("/targets/{}", encoded(id)), &note)
    }
}

fn target(id: &str, what: &str) -> String {
    format!("/v1/targets/{}/{what}", encoded(id))
}

/// A field that was filled in.
fn given(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| text.into())
}
