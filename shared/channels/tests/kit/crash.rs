//! Workers that die in the middle.

use std::sync::Arc;

use testkit::{Cue, fake::Stage};

use super::stand::Stand;

/// An attempt whose worker dies after the platform has done what the first call of `method` on a path with `path` asks for, and
/// before it learns of it.
pub async fn dies_at(stage: &Stage, stand: &Arc<Stand>, method: &str, path: &str) {
    let is_meant = |call: &testkit::Call| call.method == method && call.path.contains(path);
    let before = stage.calls().iter().filter(|call| is_meant(call)).count();
    stage.cue(Cue { hold_after: true, ..Cue::default() }.on(method, path));
    let dying = stand.clone();
    let worker = stand.http.runtime().spawn(async move { dying.attempt().await });
    stage.until(|stage| stage.calls().iter().filter(|call| is_meant(call)).count() > before).await;
    worker.abort();
    stage.release();
    stage.until(|stage| stage.calls().iter().filter(|call| is_meant(call)).all(|call| call.did != "working")).await;
}
