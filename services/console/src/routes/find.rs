//! Reading what a caller may see. What is another tenant's does not exist for the caller.

use std::collections::BTreeMap;

use domain::{PostId, Target, TargetId};
use ledger::{PostView, TargetView};

use crate::{
    Console, Problem,
    access::Caller,
    show::{Frame, pauses_for},
};

/// A post of the caller's.
pub(super) async fn post(console: &Console, caller: &Caller, id: PostId, attempts: bool) -> Result<PostView, Problem> {
    let found = console.ledger.post(id, attempts).await?;
    let own = found.filter(|post| caller.owns(&post.tenant)).ok_or_else(|| Problem::not_found(format!("post {id}")))?;
    know_accounts(console, &own.targets).await;
    Ok(own)
}

/// A target of the caller's.
pub(super) async fn target(console: &Console, caller: &Caller, id: TargetId) -> Result<TargetView, Problem> {
    let found = console.ledger.target(id).await?;
    let own = found.filter(|view| caller.owns(&view.target.tenant));
    let own = own.ok_or_else(|| Problem::not_found(format!("target {id}")))?;
    know_accounts(console, std::slice::from_ref(&own)).await;
    Ok(own)
}

/// Another process may have connected a moment ago what these wait for.
async fn know_accounts(console: &Console, targets: &[TargetView]) {
    let waiting = targets.iter().map(|view| &view.target).filter(|target| target.state.is_waiting());
    let is_missing =
        |target: &Target| console.accounts.find(&target.tenant, &target.channel, &target.account).is_none();
    if waiting.into_iter().any(is_missing) {
        console.accounts.catch_up().await;
    }
}

/// What showing targets to the caller needs to know.
pub(super) async fn frame(console: &Console, caller: &Caller) -> Result<Frame, Problem> {
    let (now, pauses) = futures::try_join!(console.ledger.now(), console.ledger.pauses())?;
    let policy = console.ledger.policy().clone();
    let (channels, accounts) = (console.channels.clone(), console.accounts.clone());
    Ok(Frame { now, pauses: pauses_for(caller, pauses), channels, accounts, policy, stopped: BTreeMap::new() })
}

/// The same, with what keeps the work on these targets from being done.
pub(super) async fn frame_of<'a>(
    console: &Console,
    caller: &Caller,
    targets: impl IntoIterator<Item = &'a Target>,
) -> Result<Frame, Problem> {
    let is_over = |target: &&Target| target.state.is_terminal() && target.listed.is_none();
    let channels = targets.into_iter().filter(|target| !is_over(target)).map(|target| target.channel.clone()).collect();
    let (frame, stopped) = futures::join!(frame(console, caller), async { console.stopped(caller, &channels).await });
    Ok(Frame { stopped, ..frame? })
}
