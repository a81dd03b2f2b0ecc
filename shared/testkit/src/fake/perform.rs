//! One call from arrival to answer, with what the cue says in between.

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::to_bytes,
    extract::{ConnectInfo, Request, State},
    http::header::DATE,
    response::{IntoResponse, Response},
};
use tokio::sync::watch::Receiver;

use super::{Answer, Ask, Cue, End, Inner, Platform, control, serve::Scissors, socket};

/// More than any platform takes, so that the platform's own limit is what callers meet.
const LARGEST_BODY_BYTES: usize = 256 << 20;

/// Opens the door, with this in it.
pub(crate) fn open<P: Platform>(inner: &Arc<Inner<P>>) -> io::Result<()> {
    inner.door.open(Router::new().fallback(receive::<P>).with_state(inner.clone()))
}

async fn receive<P: Platform>(
    State(inner): State<Arc<Inner<P>>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    if P::SOCKETS && socket::is_wanted(&parts) {
        return socket::open(inner, scissors, parts).await;
    }
    let Ok(body) = to_bytes(body, LARGEST_BODY_BYTES).await else {
        // The caller broke off; nobody will read this.
        return Answer::text(400, "text/plain", "incomplete request").into_response();
    };
    let ask = Ask::new(&parts, body, inner.stage.now());
    // A task of its own: a server goes on with its work when the caller hangs up, and hyper would drop it here.
    let work = tokio::spawn(async move {
        match ask.path.strip_prefix("/_control/") {
            Some(path) => control::answer(&inner, path, &ask).into_response(),
            None => {
                let mut response = perform(&inner, &scissors, ask).await.into_response();
                // By the platform's clock, which may be wrong.
                if let Ok(date) = inner.stage.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string().parse() {
                    response.headers_mut().entry(DATE).or_insert(date);
                }
                response
            }
        }
    });
    work.await.unwrap_or_else(|error| {
        Answer::text(500, "text/plain", format!("the fake itself failed: {error}")).into_response()
    })
}

pub(crate) async fn perform<P: Platform>(inner: &Inner<P>, scissors: &Scissors, mut ask: Ask) -> Answer {
    let Inner { platform, stage, .. } = inner;
    let account = platform.account(&ask);
    let publishes = platform.publishes(&ask);
    // Before the call is seen to be there: whoever sees it may release it at once.
    let mut releases = stage.releases();
    let n = stage.arrived(&ask, inner.platform.secret(&ask), account.clone(), publishes);
    let cue = stage.take_cue(&ask, account.as_deref(), publishes);

    if let (true, Some(account)) = (cue.expire_token, &account) {
        platform.expire(account);
    }
    ask.list_late = Duration::from_millis(cue.list_late_ms);
    pause(&mut releases, cue.slow_before_ms, cue.hold_before).await;
    let answer = end(inner, &cue, ask).await;
    // What was made is true from here on, whether the answer arrives or not.
    let (did, cut) = match cue.end {
        End::Normal => ("answered", false),
        End::Refuse(_) => ("refuse", false),
        End::RateLimit { .. } => ("rate_limit", false),
        End::Outage => ("outage", false),
        End::CutBefore => ("cut_before", true),
        End::CutAfter => ("cut_after", true),
        End::Say(_) => ("say", false),
        End::Malformed => ("malformed", false),
    };
    pause(&mut releases, cue.slow_after_ms, cue.hold_after).await;
    if cut {
        scissors.cut(cue.reset);
    }
    stage.ended(n, did, (!cut).then_some(answer.status), answer.made.clone());
    answer
}

/// What is answered, after the platform did its part, if the cue lets it.
async fn end<P: Platform>(inner: &Inner<P>, cue: &Cue, ask: Ask) -> Answer {
    let Inner { platform, stage, .. } = inner;
    match &cue.end {
        End::Refuse(answer) => answer.clone(),
        End::RateLimit { seconds } => platform.limited(&ask, *seconds),
        End::Outage | End::CutBefore => Answer::outage(),
        End::Normal | End::CutAfter => platform.answer(ask, stage).await,
        End::Malformed => platform.answer(ask, stage).await.malformed(),
        End::Say(answer) => Answer { made: platform.answer(ask, stage).await.made, ..answer.clone() },
    }
}

async fn pause(releases: &mut Receiver<u64>, slow_ms: u64, hold: bool) {
    if slow_ms > 0 {
        tokio::time::sleep(Duration::from_millis(slow_ms)).await;
    }
    if hold {
        // Fails only when the fake is gone, and then nobody waits.
        let _ = releases.changed().await;
    }
}
