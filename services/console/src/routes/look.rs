//! Looking again: has the platform asked once more about a target that waits for a person's word. What an answer is worth is decided as for
//! the machine's own looks.

use axum::{Json, extract::State};
use domain::{Command, Target, TargetId};
use jiff::Timestamp;
use serde_json::json;

use super::{find, retry::refusal, targets};
use crate::{
    Console, Problem,
    access::Caller,
    api::{self, RefusedTarget},
    audited::Intent,
    extract::Id,
    jobs::account,
    look::{How, Look, NoLook, When},
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
        let what = verdict(&view.target, &frame).map_err(|reason| {
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
pub(super) fn verdict(target: &Target, frame: &Frame) -> Result<String, String> {
    frame.looks().at(target).map(|look| told(&look)).map_err(|none| untold(&none, target, frame.now))
}

fn told(Look { title, how, resends, when }: &Look) -> String {
    let answers = match how {
        How::Verdict => return format!("{title} is asked for its verdict now. If there is none yet, it is back here."),
        How::Repeat => format!(
            "The call is made once more with the same key, which {title} remembers: if it is out, that is what it answers, and if \
             it never arrived, that sends it."
        ),
        How::Listing => {
            "If it shows the post, that is recorded as published. If it is surely not there, it goes out, as after any failure."
                .to_owned()
        }
    };
    let otherwise = match resends {
        true => "If that tells nothing, it is sent again all the same: its account wants it so (`on_doubt`).",
        false => "If that tells nothing, it is back here, and nothing is sent.",
    };
    let when = match when {
        When::After(scope) => format!("{title} is asked once the pause of {scope} ends."),
        When::At(at) => format!("{title} is asked at {}: before, it may not be done with the call.", instant(*at)),
        When::Now => format!("{title} is asked now."),
    };
    format!("{when} {answers} {otherwise}")
}

fn untold(none: &NoLook, target: &Target, now: Timestamp) -> String {
    match none {
        NoLook::Refused(reason) => refusal(target, reason.reason(), now),
        NoLook::ByItself(at) if now < *at => format!("the platform is asked by itself at {}", instant(*at)),
        NoLook::ByItself(_) => "the platform is asked by itself, now".into(),
        NoLook::NoChannel => format!("nothing here knows the channel {}", target.channel),
        NoLook::NoAccount(title) => format!(
            "there is no account {} any more, so {title} cannot be asked; connect it again first",
            account(target)
        ),
        NoLook::OnlyAPerson(title) => format!("{title} cannot be asked what became of it: only a person can tell"),
    }
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
