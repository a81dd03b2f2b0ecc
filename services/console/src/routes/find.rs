//! Reading what a caller may see. What is another tenant's does not exist for the caller.

use domain::{PostId, TargetId};
use ledger::{PostView, TargetView};

use crate::{
    Console, Problem,
    access::Caller,
    show::{Frame, pauses_for},
};

/// A post of the caller's.
pub(super) async fn post(console: &Console, caller: &Caller, id: PostId, attempts: bool) -> Result<PostView, Problem> {
    let found = console.ledger.post(id, attempts).await?;
    found.filter(|post| caller.owns(&post.tenant)).ok_or_else(|| Problem::not_found(format!("post {id}")))
}

/// A target of the caller's.
pub(super) async fn target(console: &Console, caller: &Caller, id: TargetId) -> Result<TargetView, Problem> {
    let found = console.ledger.target(id).await?;
    let own = found.filter(|view| caller.owns(&view.target.tenant));
    own.ok_or_else(|| Problem::not_found(format!("target {id}")))
}

/// What showing targets to the caller needs to know.
pub(super) async fn frame(console: &Console, caller: &Caller) -> Result<Frame, Problem> {
    let (now, pauses) = futures::try_join!(console.ledger.now(), console.ledger.pauses())?;
    let max_looks = console.ledger.policy().max_looks;
    Ok(Frame { now, pauses: pauses_for(caller, pauses), channels: console.channels.clone(), max_looks })
}
