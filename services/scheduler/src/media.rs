//! Removes media that nobody uses any more.
//!
//! Every file that an attempt uses is made young again, so what is old belongs to posts that are over, or that nobody has tried for
//! that long. Such a post fetches its file again and takes no other bytes for it: removing costs a fetch, never a wrong picture. So
//! any number of schedulers may sweep, with no word between them.

use std::time::Duration;

use crate::Scheduler;

const EVERY: Duration = Duration::from_secs(3600);

pub(crate) async fn run(scheduler: Scheduler) {
    let Some((media, keep_for)) = &scheduler.media else { return };
    let stop = scheduler.runtime.stop();
    loop {
        match media.sweep(*keep_for).await {
            Ok(0) => {}
            Ok(objects) => tracing::info!(objects, "removed media that nobody has used for long"),
            Err(failure) => tracing::warn!(reason = %failure.said.text, "old media could not be removed"),
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = scheduler.runtime.sleep(EVERY) => {}
        }
    }
}
