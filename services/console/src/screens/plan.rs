//! Many targets at once: which, what would become of them, and the form that begins the job.

use axum::{Router, extract::Query, response::Response, routing::get};
use domain::State;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{
    Desk,
    parts::{Icon, Row, Tone, chip, exact, fact, nothing, prose, query, table},
    post::encoded,
    shell::stamp,
    visit::{Filled, Note, Visit},
    which::Which,
    words,
};
use crate::{
    Problem,
    api::{self, JobAction},
};

/// What narrows the targets that are selected.
const SELECT: [&str; 9] = ["of", "group", "channel", "account", "app", "tenant", "state", "from", "until"];
/// How an address says that it is about what waits.
const WAITING: &str = "waiting";
/// How it says that it is about what was not sent in time.
pub(super) const EXPIRED: &str = "expired";
/// The most posts and targets that are ticked one by one.
const MOST_TICKED: usize = 500;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/jobs/new", get(plan)).route("/jobs", axum::routing::post(begin))
}

/// What an address, or a form, selects.
struct Chosen {
    /// What it says, to be said again.
    pairs: Vec<(&'static str, String)>,
    /// The targets that were ticked, and those of posts that were.
    targets: Vec<String>,
    /// How many targets of these posts nothing can be done to.
    left_out: usize,
}

impl Chosen {
    async fn read(visit: &Visit, given: &[(String, String)]) -> Result<Self, Problem> {
        let one = |name: &str| given.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim());
        let all = |name: &'static str| {
            let values = given.iter().filter(move |(key, value)| key == name && !value.is_empty());
            values.map(move |(_, value)| (name, value.clone())).take(MOST_TICKED)
        };
        let narrowed =
            SELECT.into_iter().map(|name| (name, one(name).to_owned())).filter(|(_, value)| !value.is_empty());
        let pairs: Vec<_> = narrowed.chain(all("post")).chain(all("target")).collect();
        if !pairs.iter().any(|(name, value)| *name != "of" || value != "either") {
            return Err(nothing_ticked());
        }
        let named = |name| move |(key, value): &(&'static str, String)| (*key == name).then(|| value.clone());
        let mut targets: Vec<_> = pairs.iter().filter_map(named("target")).collect();
        let posts = pairs
            .iter()
            .filter_map(named("post"))
            .map(|id| async move { visit.get::<api::Post>(&format!("/v1/posts/{}", encoded(&id))).await });
        let mut left_out = 0;
        for target in futures::future::try_join_all(posts).await?.into_iter().flat_map(|post| post.targets) {
            if target.state.is_waiting() || target.needs_person.is_some() || target.state == State::Expired {
                targets.push(target.id.to_string());
            } else {
                left_out += 1;
            }
        }
        if targets.is_empty() && left_out > 0 {
            let detail =
                "Nothing of what is selected waits, has expired or needs a person: it is out, given up, or being sent.";
            return Err(refused(detail, "Go back and select others."));
        }
        Ok(Self { pairs, targets, left_out })
    }

    fn get(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// The body's part that selects the same.
    fn select(&self) -> Value {
        let narrowed = self.pairs.iter().filter(|(name, _)| SELECT.contains(name));
        let mut select: serde_json::Map<_, _> =
            narrowed.map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        if self.targets.is_empty() {
            // Whoever came here by a list has asked for all of it.
            select.insert("all".into(), json!(true));
        } else {
            select.insert("targets".into(), json!(self.targets));
        }
        select.into()
    }

    fn is_waiting(&self) -> bool {
        self.get("of") == WAITING
    }

    /// Nothing but a new time helps these.
    fn is_expired(&self) -> bool {
        self.get("of") == EXPIRED
    }

    fn hidden(&self) -> Markup {
        html! { @for (name, value) in &self.pairs { input type="hidden" name=(name) value=(value); } }
    }

    /// The address of the plan, with more in it.
    fn address(&self, more: &[(&str, &str)]) -> String {
        let pairs: Vec<_> = self.pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        query("/jobs/new", &[&pairs[..], more].concat())
    }
}

fn refused(detail: &str, remedy: &str) -> Problem {
    Problem::plain(axum::http::StatusCode::UNPROCESSABLE_ENTITY, detail, remedy)
}

fn nothing_ticked() -> Problem {
    refused("Nothing is selected.", "Go back and tick what this is about.")
}

/// Where targets are to be moved to, as a form says it.
struct Moving<'f> {
    due: &'f str,
    zone: &'f str,
    deadline: &'f str,
    by: &'f str,
}

impl<'f> Moving<'f> {
    fn read(given: impl Fn(&'static str) -> &'f str) -> Option<Self> {
        let [due, zone, deadline, by] = ["due", "zone", "deadline", "by"].map(given);
        (!due.is_empty() || !by.is_empty()).then_some(Self { due, zone, deadline, by })
    }

    fn action(&self) -> JobAction {
        if self.by.is_empty() { JobAction::Reschedule } else { JobAction::Shift }
    }

    fn pairs(&self) -> [(&'static str, &'f str); 4] {
        [("due", self.due), ("zone", self.zone), ("deadline", self.deadline), ("by", self.by)]
    }

    /// Writes into a body where to.
    fn ask(&self, mut body: Value) -> Value {
        let at = |local: &str| json!({ "local": local, "zone": self.zone });
        if self.action() == JobAction::Shift {
            body["shift_by"] = json!(self.by);
            return body;
        }
        body["publish_at"] = at(self.due);
        if !self.deadline.is_empty() {
            body["deadline"] = at(self.deadline);
        }
        body
    }
}

async fn plan(visit: Visit, Query(given): Query<Vec<(String, String)>>) -> Response {
    let body = planned(&visit, &given).await;
    visit.page("Plan", body)
}

async fn planned(visit: &Visit, given: &[(String, String)]) -> Result<Markup, Problem> {
    let chosen = Chosen::read(visit, given).await?;
    let one = |name: &'static str| given.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim());
    match Moving::read(one) {
        Some(moving) => moved(visit, &chosen, &moving).await,
        None => every(visit, &chosen).await,
    }
}

async fn asked(
    visit: &Visit,
    chosen: &Chosen,
    action: JobAction,
    moving: Option<&Moving<'_>>,
) -> Result<api::JobPlan, Problem> {
    let ask = json!({ "action": action, "select": chosen.select(), "reason": "plan", "dry_run": true });
    visit.post("/v1/jobs", moving.map_or(ask.clone(), |moving| moving.ask(ask))).await
}

/// What would become of a retry, and of giving up, before either is begun; and the forms for a move.
async fn every(visit: &Visit, chosen: &Chosen) -> Result<Markup, Problem> {
    let end = if chosen.get("of").is_empty() { JobAction::Discard } else { JobAction::Cancel };
    let retry = async {
        match chosen.is_waiting() || chosen.is_expired() {
            true => Ok(None),
            false => asked(visit, chosen, JobAction::Retry, None).await.map(Some),
        }
    };
    let look = async {
        match chosen.get("of").is_empty() {
            true => asked(visit, chosen, JobAction::Look, None).await.map(Some),
            false => Ok(None),
        }
    };
    let (retry, look, given_up) = futures::try_join!(retry, look, asked(visit, chosen, end, None))?;
    Ok(html! {
        (head(chosen, given_up.targets))
        @if let Some(plan) = look.filter(|plan| plan.going > 0) { (look_again(visit, chosen, &plan)) }
        @if let Some(plan) = retry.filter(|plan| plan.targets > 0) {
            h2 { "Try again" }
            (told(&plan))
            @if plan.going > 0 {
                form.act method="post" action="/jobs" {
                    (fixed(visit, chosen, JobAction::Retry))
                    div.fields {
                        div { label for="rate" { "Targets in a second" } input #rate name="rate" type="number" min="1" max="1000" value="10"; }
                        div { label for="abort" { "Stop if more than so many of 100 fail again" } input #abort name="abort" type="number" min="0" max="100" value="50"; }
                        div.grow { label for="why" { "Why (goes into the audit log)" } input #why name="reason" maxlength="500"; }
                    }
                    button.primary type="submit" { "Try " (words::many(plan.going, "target")) " again" }
                }
            }
        }
        @if given_up.targets > 0 {
            h2 { "Publish at another time" }
            p.quiet { "What cannot be moved is told before anything is. Nothing is changed by the first button." }
            div.doing { (to_a_time(chosen)) (by_a_span(chosen)) }
        }
        @if !chosen.is_expired() {
            h2 #discard { "Give up" }
            (told(&given_up))
        }
        @if given_up.targets == 0 { (nothing("Nothing fits. The ledger has answered: it is not that it could not be asked.", Some(("/schedule", "To the schedule")))) }
        @if given_up.going > 0 {
            details.act {
                summary { @if end == JobAction::Discard { "Discard…" } @else { "Cancel…" } }
                form method="post" action="/jobs" {
                    (fixed(visit, chosen, end))
                    p.verdict { "They are cancelled and do not go out. A cancelled target cannot be revived." }
                    div.fields { div.grow { label for="because" { "Why" } input #because name="reason" required maxlength="500"; } }
                    button.danger type="submit" {
                        @if end == JobAction::Discard { "Discard " } @else { "Cancel " } (words::many(given_up.going, "target"))
                    }
                }
            }
        }
    })
}

/// What may be out: the platforms are asked once more, each target once.
fn look_again(visit: &Visit, chosen: &Chosen, plan: &api::JobPlan) -> Markup {
    html! {
        h2 #look { "Look again" }
        (told(plan))
        // Where nobody can be asked, there is nothing to press.
        @if plan.going > 0 {
            form.act method="post" action="/jobs" {
                (fixed(visit, chosen, JobAction::Look))
                div.fields {
                    div { label for="look-rate" { "Targets in a second" } input #look-rate name="rate" type="number" min="1" max="1000" value="10"; }
                    div.grow { label for="look-why" { "Why (goes into the audit log)" } input #look-why name="reason" maxlength="500"; }
                }
                button.primary type="submit" { "Have the platforms asked about " (words::many(plan.going, "target")) }
            }
        }
    }
}

fn head(chosen: &Chosen, targets: u64) -> Markup {
    let narrowed = || chosen.pairs.iter().filter(|(name, _)| SELECT.contains(name) && *name != "of");
    html! {
        p.crumbs {
            @if chosen.is_waiting() { a href="/schedule" { "Schedule" }  } @else if chosen.get("of").is_empty() || chosen.is_expired() { a href="/" { "Needs attention" } }
            @else { a href="/posts" { "Posts" } }
        }
        h1 { (words::many(targets, "target")) " at once" }
        @if chosen.left_out > 0 {
            p.quiet { (words::many(chosen.left_out as u64, "target")) " of these posts left out: out already, given up, or being sent." }
        }
        @if narrowed().next().is_some() {
            dl.facts { @for (name, value) in narrowed() { (fact(label(name), &html! { code { (value) } })) } }
        }
    }
}

fn label(name: &str) -> &str {
    match name {
        "from" => "due from",
        "until" => "due before",
        name => name,
    }
}

fn to_a_time(chosen: &Chosen) -> Markup {
    html! {
        details.act {
            summary { "To one time…" }
            form action="/jobs/new" {
                (chosen.hidden())
                div.fields {
                    div { label for="due" { "New time" } input #due type="datetime-local" name="due" required; }
                    div {
                        label for="zone" { "Time zone" }
                        input #zone name="zone" value="UTC" required autocomplete="off" spellcheck="false" data-zone;
                    }
                    @if chosen.is_expired() {
                        div { label for="deadline" { "New deadline" } input #deadline type="datetime-local" name="deadline" required; }
                    } @else {
                        div { label for="deadline" { "Deadline, if any" } input #deadline type="datetime-local" name="deadline"; }
                    }
                }
                p.quiet {
                    "Both times are in this zone, by its IANA name such as Europe/Berlin."
                    @if !chosen.is_expired() { " Without a deadline each keeps its own." }
                }
                button type="submit" { "Show the plan" }
            }
        }
    }
}

fn by_a_span(chosen: &Chosen) -> Markup {
    html! {
        details.act {
            summary { "Later or earlier…" }
            form action="/jobs/new" {
                (chosen.hidden())
                div.fields {
                    div {
                        label for="by" { "By" }
                        input #by name="by" placeholder="2h" required autocomplete="off" spellcheck="false" aria-describedby="by-how";
                    }
                }
                p.quiet #by-how { "As 2h, 90m or 1d 6h; with a minus, as -30m, for earlier. Deadlines move as well." }
                button type="submit" { "Show the plan" }
            }
        }
    }
}

/// The plan of a move, and the form that begins it.
async fn moved(visit: &Visit, chosen: &Chosen, moving: &Moving<'_>) -> Result<Markup, Problem> {
    let plan = asked(visit, chosen, moving.action(), Some(moving)).await?;
    Ok(html! {
        (head(chosen, plan.targets))
        h2 {
            @match moving.action() {
                JobAction::Shift if moving.by.starts_with('-') => { "Publish " (moving.by.trim_start_matches('-').trim()) " earlier" },
                JobAction::Shift => { "Publish " (moving.by.trim_start_matches('+').trim()) " later" },
                _ => { "Publish at " (moving.due.replace('T', " ")) ", " (moving.zone) },
            }
        }
        (told(&plan))
        p.quiet { "Worked out " (exact(plan.at)) ". Each is looked at again when its turn comes: what was changed since, or is on its way by then, is left alone." }
        @if plan.going > 0 {
            form.act method="post" action="/jobs" {
                (fixed(visit, chosen, moving.action()))
                @for (name, value) in moving.pairs() { @if !value.is_empty() { input type="hidden" name=(name) value=(value); } }
                div.fields {
                    div { label for="rate" { "Targets in a second" } input #rate name="rate" type="number" min="1" max="1000" value="10"; }
                    div.grow { label for="why" { "Why (goes into the audit log)" } input #why name="reason" maxlength="500"; }
                }
                button.primary type="submit" { "Move " (words::many(plan.going, "target")) }
            }
        }
        div.row.actions { a.button href=(chosen.address(&[])) { "Back" } }
    })
}

/// A plan in words: how many go, which go later, and which are held back and why.
pub(super) fn told(plan: &api::JobPlan) -> Markup {
    let remarks = plan
        .later
        .iter()
        .map(|one| (one, Tone::Warn, "later"))
        .chain(plan.reasons.iter().map(|one| (one, Tone::Idle, "held back")));
    let rows: Vec<_> = remarks
        .map(|(one, tone, word)| {
            let why = html! { (prose(&one.why)) span.excerpt { (prose(&one.remedy)) } };
            let examples = html! {
                @for (n, target) in one.examples.iter().take(3).enumerate() {
                    @if n > 0 { ", " } a href=(format!("/targets/{target}")) { (target.to_string().chars().take(13).collect::<String>()) "…" }
                }
            };
            Row::new([why, chip(tone, Icon::Pause, word), html! { span.n { (words::grouped(one.targets)) } }, examples])
        })
        .collect();
    html! {
        p { strong { (words::grouped(plan.going)) " of " (words::grouped(plan.targets)) " " (go(plan.going)) } @if plan.held_back > 0 { ", " (words::grouped(plan.held_back)) " held back" } "." }
        @for told in &plan.asking { p { (prose(told)) } }
        @for told in &plan.refusing { p.note.unknown { (told) } }
        @if !rows.is_empty() { (table("What does not go, or not yet", &["Why", "Goes", "Targets", "Such as"], rows)) }
    }
}

/// What each form that begins a job carries. Its id makes of two presses one job.
fn fixed(visit: &Visit, chosen: &Chosen, action: JobAction) -> Markup {
    html! {
        (stamp(visit))
        input type="hidden" name="action" value=(action.name());
        input type="hidden" name="id" value=(visit.desk.console.runtime.id());
        (chosen.hidden())
    }
}

async fn begin(visit: Visit, form: Filled) -> Response {
    let chosen = match Chosen::read(&visit, &form.0).await {
        Ok(chosen) => chosen,
        Err(problem) => return visit.refuse(&problem),
    };
    let given = |name: &str| Some(form.get(name)).filter(|value| !value.is_empty()).map(str::to_owned);
    let mut ask = json!({
        "action": form.get("action"), "select": chosen.select(), "reason": given("reason"), "id": given("id"),
    });
    if let Ok(rate) = form.get("rate").parse::<u32>() {
        ask["rate"] = json!(rate);
    }
    if let Ok(percent) = form.get("abort").parse::<u8>() {
        ask["abort_ratio"] = json!(f64::from(percent) / 100.0);
    }
    let moving = Moving::read(|name| form.get(name));
    let ask = moving.as_ref().map_or(ask.clone(), |moving| moving.ask(ask));
    match visit.post::<api::JobBegun>("/v1/jobs", ask).await {
        Ok(begun) => {
            let note = Note::done(format!(
                "The job is begun: {} {}.",
                words::many(begun.plan.going, "target"),
                go(begun.plan.going)
            ));
            let job = begun.job.id.to_string();
            match form.get("guide") {
                "" => visit.go(&format!("/jobs/{job}"), &note),
                _ => visit.go(&Which::filled(&form).at("/guide", &[("step", "4"), ("job", &job)]), &note),
            }
        }
        Err(problem) if !form.get("guide").is_empty() => {
            visit.go(&Which::filled(&form).at("/guide", &[("step", "4")]), &Note::refused(&problem))
        }
        Err(problem) => {
            let more = moving.as_ref().map(Moving::pairs);
            visit.go(&chosen.address(more.as_ref().map_or(&[], |pairs| &pairs[..])), &Note::refused(&problem))
        }
    }
}

/// One goes, several go.
fn go(many: u64) -> &'static str {
    if many == 1 { "goes" } else { "go" }
}
