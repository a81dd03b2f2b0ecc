//! Single targets: look, cancel, settle.

use axum::{Json, extract::State};
use domain::{Answer, Code, Command, Decision, Draft, Receipt, TargetId};
use ledger::TargetView;

use super::find;
use crate::{
    Console, Problem,
    access::Caller,
    api::{self, RefusedTarget},
    extract::{Id, Json as Body},
    marks,
};

pub(super) async fn show(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<TargetId>,
) -> Result<Json<api::Target>, Problem> {
    current(&console, &caller, id).await.map(Json)
}

pub(super) async fn cancel(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<TargetId>,
) -> Result<Json<api::Target>, Problem> {
    find::target(&console, &caller, id).await?;
    command(&console, id, Command::Cancel).await?;
    marks::done(&caller, "cancel target", id, None);
    current(&console, &caller, id).await.map(Json)
}

pub(super) async fn resolve(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<TargetId>,
    Body(word): Body<api::Resolution>,
) -> Result<Json<api::Target>, Problem> {
    let view = find::target(&console, &caller, id).await?;
    let (action, decision) = match (word.published, word.send_again) {
        (Some(proof), false) => {
            let (receipt, last) = (receipt(proof)?, is_last(&console, &view).await?);
            ("mark as published", Decision::Published { receipt, last })
        }
        (None, true) => ("send again", Decision::SendAgain),
        _ => {
            let message = "needs exactly one of published and send_again";
            return Err(Problem::field("$", Code::BAD_FIELD, message));
        }
    };
    command(&console, id, Command::Decide(decision)).await?;
    marks::done(&caller, action, id, word.note.as_deref());
    current(&console, &caller, id).await.map(Json)
}

/// Whether nothing is left to send once the publish point in doubt is out.
async fn is_last(console: &Console, view: &TargetView) -> Result<bool, Problem> {
    let target = &view.target;
    let Some(channel) = console.channels.get(target.channel.as_str()) else { return Ok(true) };
    let Some(post) = console.ledger.post(target.post, false).await? else { return Ok(true) };
    let open = target.armed.as_ref().map_or(target.next_part(), |armed| armed.part);
    Ok(open + 1 >= channel.parts(&Draft::of(&post.content, &view.changes)))
}

/// A person's proof: the platform's id, or the address they saw it at.
fn receipt(proof: api::Proof) -> Result<Receipt, Problem> {
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let (url, id) = (given(proof.url), given(proof.id));
    if let Some(text) = &url
        && !url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    {
        return Err(Problem::field("$.published.url", Code::BAD_FIELD, "is not a web address"));
    }
    let id = id.or_else(|| url.clone());
    let missing =
        || Problem::field("$.published", Code::BAD_FIELD, "needs the post's address or the platform's id of it");
    Ok(Receipt { id: id.ok_or_else(missing)?, url })
}

/// Applies a command that its owner or an operator asked for.
pub(super) async fn command(console: &Console, id: TargetId, command: Command) -> Result<(), Problem> {
    let applied = console.ledger.apply(id, command).await?;
    console.outbox.pass_on(&applied);
    match applied.answer {
        Answer::Refused(refusal) => Err(Problem::too_late(vec![RefusedTarget::new(id, refusal)])),
        _ => Ok(()),
    }
}

/// The target as it is now, with its attempts.
pub(super) async fn current(console: &Console, caller: &Caller, id: TargetId) -> Result<api::Target, Problem> {
    let (view, frame) = futures::try_join!(find::target(console, caller, id), find::frame(console, caller))?;
    Ok(frame.target(view, true))
}
