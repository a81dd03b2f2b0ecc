//! Looking again: has the platform asked once more about a target that waits for a person's word. What an answer is worth is decided as for
//! the machine's own looks.

use axum::{Json, extract::State};
use domain::{Answer, Command, Context, OnDoubt, Plan, State as Standing, Target, TargetId, apply, plan};
use serde_json::json;

use super::{find, retry::refusal, targets};
use crate::{
    Console, Problem,
    access::Caller,
    api::{self, RefusedTarget},
    audited::Intent,
    extract::Id,
    openapi::{Operation, operation},
    problem::refusal_name,
    show::Frame,
    standing::instant,
};

pub(super) async fn again(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<TargetId>,
) -> Result<Json<api::LookedAgain>, Problem> {
    let (view, frame) = futures::try_join!(find::target(&console, &caller, id), find::frame(&console, &caller))?;
    let look = async {
        let what = verdict(&console, &view.target, &frame).map_err(|reason| {
            let refusal = refusal_name(domain::Refusal::NotApplicable).to_owned();
            Problem::too_late(vec![RefusedTarget { target: id, refusal, reason }])
        })?;
        targets::command(&console, id, Command::LookAgain).await.map(|_| what)
    };
    let intent = Intent::target("look again", &view.target);
    let what = console.audited(&caller, intent, look, |what| Some(json!({ "what": what }))).await?;
    Ok(Json(api::LookedAgain { what, target: targets::current(&console, &caller, id).await? }))
}

/// What comes of having the platform asked, or why it cannot be.
pub(super) fn verdict(console: &Console, target: &Target, frame: &Frame) -> Result<String, String> {
    let policy = console.ledger.policy();
    let context = Context { now: frame.now, policy, pauses: &frame.pauses, owner: None };
    if let Answer::Refused(reason) = apply(&mut target.clone(), &Command::LookAgain, &context).answer() {
        let by_itself = matches!(target.state, Standing::InDoubt | Standing::Processing) && target.lease.is_none();
        return Err(match target.next_at.filter(|_| by_itself && target.listed.is_none()) {
            Some(at) if frame.now < at => format!("the platform is asked by itself at {}", instant(at)),
            Some(_) => "the platform is asked by itself, now".into(),
            None => refusal(target, reason.reason(), frame.now),
        });
    }
    let Some(channel) = console.channels.get(target.channel.as_str()) else {
        return Err(format!("nothing here knows the channel {}", target.channel));
    };
    let title = channel.about().title;
    if target.state == Standing::Processing {
        return Ok(format!("{title} is asked for its verdict now. If there is none yet, it is back here."));
    }
    let card = frame.accounts.find(&target.tenant, &target.channel, &target.account);
    let Some(card) = card else {
        return Err(format!(
            "there is no account {}/{}/{} any more, so {title} cannot be asked; connect it again first",
            target.tenant, target.channel, target.account
        ));
    };
    let repeat = channel.safety(&card).repeat;
    let answers = match plan(target, repeat, policy, frame.now) {
        Plan::Undecidable => return Err(format!("{title} cannot be asked what became of it: only a person can tell")),
        Plan::Repeat => format!(
            "The call is made once more with the same key, which {title} remembers: if it is out, that is what it answers, and if \
             it never arrived, that sends it."
        ),
        Plan::Look => {
            "If it shows the post, that is recorded as published. If it is surely not there, it goes out, as after any failure."
                .to_owned()
        }
    };
    let otherwise = match card.on_doubt {
        OnDoubt::Resend if target.tries < policy.max_tries => {
            "If that tells nothing, it is sent again all the same: its account wants it so (`on_doubt`)."
        }
        OnDoubt::Park | OnDoubt::Resend => "If that tells nothing, it is back here, and nothing is sent.",
    };
    let settled = target.armed.as_ref().and_then(|armed| armed.last_at.checked_add(repeat.settles_after()).ok());
    let when = match (frame.pauses.iter().find(|pause| pause.scope.covers(target)), settled) {
        (Some(pause), _) => format!("{title} is asked once the pause of {} ends.", pause.scope),
        (None, Some(at)) if frame.now < at => {
            format!("{title} is asked at {}: before, it may not be done with the call.", instant(at))
        }
        (None, _) => format!("{title} is asked now."),
    };
    Ok(format!("{when} {answers} {otherwise}"))
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation(
            "look_again",
            "POST",
            "/v1/targets/{id}/look",
            "Have the platform asked once more about a target in doubt",
        )
        .answers::<api::LookedAgain>(200, "It is looked at; what comes of it is in its attempts")
        .fails(409, "There is nothing to ask, nobody to ask, or it is asked already (OP-1018); `refused` says why"),
    ]
}
