//! Single targets: look, cancel, settle.

use std::sync::Arc;

use axum::{Json, extract::State};
use channels::Channel;
use domain::{Answer, Code, Command, Decision, Draft, Receipt, Refusal, Target, TargetId};
use ledger::TargetView;

use super::{find, retry};
use crate::{
    Console, Problem,
    access::Caller,
    api::{self, RefusedTarget},
    audited::{Intent, standing},
    extract::{Id, Json as Body},
    notes::Concerned,
    openapi::{Operation, operation},
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
    let view = find::target(&console, &caller, id).await?;
    let intent = Intent::target("cancel target", &view.target);
    console.audited(&caller, intent, command(&console, id, Command::Cancel), after).await?;
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
            let last = is_last(&console, &view).await?;
            let channel = console.channels.get(view.target.channel.as_str());
            let receipt = receipt(channel, proof, last)?;
            fits(&view.target, channel, &receipt)?;
            is_here(&console, &view.target, channel, &receipt)?;
            ("mark as published", Decision::Published { receipt, last, shared: word.shared })
        }
        (None, true) => {
            let message = "is missing: which is the newest attempt that you looked for on the platform? The target's page and `oncepost status` number them";
            let attempt = word.attempt.ok_or_else(|| Problem::field("$.attempt", Code::BAD_FIELD, message))?;
            ("send again", Decision::SendAgain { attempt })
        }
        _ => {
            let message = "needs exactly one of published and send_again";
            return Err(Problem::field("$", Code::BAD_FIELD, message));
        }
    };
    let intent = Intent::target(action, &view.target).because(word.note.as_deref());
    console.audited(&caller, intent, command(&console, id, Command::Decide(decision)), after).await?;
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

/// A person's proof: the platform's id as they say it or as the address holds it. The address itself stands for it only where nothing
/// follows that would have to name it to the platform.
fn receipt(channel: Option<&Arc<dyn Channel>>, proof: api::Proof, last: bool) -> Result<Receipt, Problem> {
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let (url, id) = (given(proof.url), given(proof.id));
    if let Some(text) = &url
        && !url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    {
        return Err(Problem::field("$.published.url", Code::BAD_FIELD, "is not a web address"));
    }
    let Some(proof) = id.as_ref().or(url.as_ref()) else {
        let message = "needs the post's address or the platform's id of it";
        return Err(Problem::field("$.published", Code::BAD_FIELD, message));
    };
    let told = id.clone().or_else(|| channel?.id_in(url.as_deref()?));
    if told.is_none() && !last {
        let message = "needs the platform's id of it: the address does not hold it, and what follows it must name it";
        return Err(Problem::field("$.published.id", Code::BAD_FIELD, message));
    }
    Ok(Receipt { id: told.unwrap_or_else(|| proof.clone()), url })
}

/// Whether a person's proof can be that of the part in doubt.
fn fits(target: &Target, channel: Option<&Arc<dyn Channel>>, receipt: &Receipt) -> Result<(), Problem> {
    let bare = |url: &str| url.trim_end_matches('/').to_owned();
    let url = receipt.url.as_deref().map(bare);
    // An address may name the account otherwise than the platform's answer did: what a post is on its account stands last.
    let last = |id: &str| id.rsplit('/').next().map(str::to_owned);
    let is_same =
        |out: &Receipt| last(&out.id) == last(&receipt.id) || (url.is_some() && out.url.as_deref().map(bare) == url);
    // Where nothing is in doubt, the ledger refuses.
    let open = matches!(target.state, domain::State::InDoubt | domain::State::Processing);
    if let Some(out) = target.out.iter().filter(|_| open).find(|out| is_same(&out.receipt)) {
        let open = target.armed.as_ref().map_or(target.next_part(), |armed| armed.part);
        let [out, open] = [out.part, open].map(|part| u32::from(part) + 1);
        let message = format!("is part {out}, which is on record as out; in doubt is part {open}: look for that one");
        return Err(Problem::field("$.published", Code::BAD_FIELD, message));
    }
    // An id that a person names beside the address is their word; here the address alone is the proof.
    let alone = receipt.url.as_deref().filter(|url| *url == receipt.id);
    if let Some((url, channel)) = alone.zip(channel).filter(|(url, channel)| channel.is_foreign(url)) {
        let title = channel.about().title;
        let message =
            format!("{url} is no address of a post on {title}: open the post there and copy its whole address");
        return Err(Problem::field("$.published.url", Code::BAD_FIELD, message));
    }
    Ok(())
}

/// Whether a person's address may be of the place that the account publishes to.
fn is_here(
    console: &Console,
    target: &Target,
    channel: Option<&Arc<dyn Channel>>,
    receipt: &Receipt,
) -> Result<(), Problem> {
    let card = console.accounts.find(&target.tenant, &target.channel, &target.account);
    let (Some(url), Some(channel), Some(card)) = (receipt.url.as_deref(), channel, card) else { return Ok(()) };
    if !channel.is_elsewhere(url, &card) {
        return Ok(());
    }
    let Target { tenant, channel, account, .. } = target;
    let message = format!(
        "{url} is not where {tenant}/{channel}/{account} publishes to, by the account's settings: look there for the post, and copy its address"
    );
    Err(Problem::field("$.published.url", Code::BAD_FIELD, message))
}

/// How a target is after a change, for the audit log.
#[allow(clippy::unnecessary_wraps, reason = "an answer may have nothing to say")]
pub(super) fn after(target: &Target) -> Option<serde_json::Value> {
    Some(standing(target))
}

/// Applies a command that its owner or an operator asked for; the target since.
pub(super) async fn command(console: &Console, id: TargetId, command: Command) -> Result<Target, Problem> {
    let applied = console.ledger.apply(id, command).await?;
    console.pass_on(&applied);
    match applied.answer {
        Answer::Refused(refusal) => {
            // Where it stands now says more than that it is not where it was.
            let refused = RefusedTarget::new(id, refusal);
            let reason = retry::refusal(&applied.target, &refused.reason, applied.now);
            let problem = Problem::too_late(vec![RefusedTarget { reason, ..refused }]);
            Err(match refusal {
                Refusal::Taken { by } => Problem { remedy: not_shared(id, by), ..problem },
                _ => problem,
            })
        }
        _ => Ok(applied.target),
    }
}

fn not_shared(id: TargetId, by: TargetId) -> String {
    format!(
        "Look for the post of this target: `oncepost status {by}` shows the other one. If a single post on the platform is really that \
         of both, say so: `oncepost resolve {id} … --shared` (\"shared\": true)."
    )
}

/// The target as it is now, with its attempts.
pub(super) async fn current(console: &Console, caller: &Caller, id: TargetId) -> Result<api::Target, Problem> {
    let (view, frame) = futures::try_join!(find::target(console, caller, id), find::frame(console, caller))?;
    let doubted = view.target.armed.is_some();
    let post = if doubted { console.ledger.post(view.target.post, false).await? } else { None };
    let notes = console.noted(&Concerned::target(&view.target), caller).await;
    let shown = frame.target(view, post.as_ref().map(|post| &post.content), true);
    let assigned = console.taken(caller).await.of_target(&shown);
    Ok(api::Target { notes, assigned, ..shown })
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("get_target", "GET", "/v1/targets/{id}", "One target with its attempts")
            .answers::<api::Target>(200, "The target"),
        operation("cancel_target", "POST", "/v1/targets/{id}/cancel", "Cancel a target")
            .answers::<api::Target>(200, "The target, cancelled")
            .fails(409, "It is too late (OP-1018)"),
        operation(
            "resolve_target",
            "POST",
            "/v1/targets/{id}/resolve",
            "Settle a target in doubt, after a look on the platform",
        )
        .body::<api::Resolution>()
        .answers::<api::Target>(200, "The target as it is now")
        .fails(409, "Nothing is in doubt, the machine is still settling it, or another target has that post (OP-1018)"),
    ]
}
