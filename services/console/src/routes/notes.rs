//! Notes: what people want to be remembered.

use axum::{Json, extract::State, http::StatusCode};
use domain::Code;
use ledger::Note;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    Console, Problem,
    access::Caller,
    api,
    audited::Intent,
    extract::{Ask, Id, Json as Body},
    notes::{Subject, may_see, shown, subject},
    openapi::{Operation, operation},
    scope,
};

/// The longest note, in characters.
const LONGEST: usize = 1_000;
/// The most notes that are kept: they are for people to read.
const MOST: usize = 1_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    on: Option<String>,
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(Which { on }): Ask<Which>,
) -> Result<Json<api::Notes>, Problem> {
    let notes = console.notes.notes(on.as_deref()).await?;
    Ok(Json(api::Notes { notes: notes.into_iter().filter(|note| may_see(&caller, note)).map(shown).collect() }))
}

/// 201 with the note.
pub(super) async fn put(
    State(console): State<Console>,
    caller: Caller,
    Body(ask): Body<api::NoteAsk>,
) -> Result<(StatusCode, Json<api::Note>), Problem> {
    let Subject { name, tenant, scope } = subject(&ask.on)?;
    match &tenant {
        Some(tenant) if !caller.owns(tenant) => {
            return Err(Problem::forbidden(format!("You are not let in for {name}.")));
        }
        Some(_) => {}
        None => caller.unbound()?,
    }
    if let Some(scope) = &scope {
        scope::exists(scope, &console.channels, &*console.accounts).map_err(|mut problem| {
            problem.problems.iter_mut().for_each(|one| one.path = "$.on".into());
            problem
        })?;
    }
    let text = ask.text.trim().to_owned();
    if text.is_empty() || text.chars().count() > LONGEST {
        return Err(Problem::field("$.text", Code::BAD_FIELD, format!("must be 1 to {LONGEST} characters")));
    }
    let now = console.ledger.now().await?;
    if ask.until.is_some_and(|until| until <= now) {
        return Err(Problem::field("$.until", Code::BAD_FIELD, "has passed: the note would be forgotten at once"));
    }
    if console.notes.notes(None).await?.len() >= MOST {
        let remedy = "`oncepost notes` lists them; remove those that nobody needs any more.";
        return Err(Problem::plain(StatusCode::CONFLICT, format!("There are {MOST} notes already."), remedy));
    }
    let note = Note {
        id: console.runtime.id(),
        subject: name,
        tenant,
        text,
        who: caller.name.clone(),
        at: now,
        until: ask.until,
    };
    let told = shown(note.clone());
    let intent = Intent::note("note", &note);
    let put = async { Ok(console.notes.put_note(note).await?) };
    console.audited(&caller, intent, put, |()| Some(json!({ "note": told }))).await?;
    Ok((StatusCode::CREATED, Json(told)))
}

pub(super) async fn remove(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<Uuid>,
) -> Result<Json<api::Note>, Problem> {
    let missing = || Problem {
        remedy: "`oncepost notes` (GET /v1/notes) lists those that there are.".into(),
        ..Problem::not_found(format!("note {id}"))
    };
    let known = console.notes.notes(None).await?.into_iter().find(|note| note.id == id && may_see(&caller, note));
    let known = known.ok_or_else(missing)?;
    let intent = Intent::note("remove note", &known).before(json!({ "note": shown(known.clone()) }));
    let remove = async { console.notes.remove_note(id).await?.ok_or_else(missing) };
    let removed = console.audited(&caller, intent, remove, |_| None).await?;
    Ok(Json(shown(removed)))
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_notes", "GET", "/v1/notes", "What people want to be remembered")
            .query::<Which>()
            .answers::<api::Notes>(200, "The notes"),
        operation("put_note", "POST", "/v1/notes", "Keep a note on a cause, an account, a channel or an app")
            .body::<api::NoteAsk>()
            .answers::<api::Note>(201, "The note")
            .fails(409, "There are too many notes")
            .fails(422, "What it is on is not there, or the text is missing"),
        operation("remove_note", "DELETE", "/v1/notes/{id}", "Remove a note").answers::<api::Note>(200, "The note"),
    ]
}
