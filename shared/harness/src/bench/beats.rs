//! Others' posts while a crowd goes out: how late is somebody who has nothing to do with it?

use jiff::{Timestamp, ToSpan};

use super::{ground::Ground, platform::Platform, scenes::PATIENCE};
use crate::Done;

/// How many are due at the same instant.
const BEAT: usize = 50;

/// Schedules a few posts for an instant soon, waits until they are out, and again while `goes_on`. Returns how late each was in
/// milliseconds, sorted.
pub(super) async fn beats(ground: &mut Ground, other: &Platform, mut goes_on: impl FnMut() -> bool) -> Done<Vec<f64>> {
    let mut late = Vec::new();
    while goes_on() {
        let due = Timestamp::now().checked_add(2.seconds())?;
        ground.schedule(BEAT, due, other).await?;
        if Timestamp::now() > due {
            return Err("posts were accepted after they were due: what would be measured is the intake".into());
        }
        other.wait_for(BEAT, PATIENCE).await?;
        late.extend(other.lateness(due));
        other.instant.clear();
    }
    late.sort_by(f64::total_cmp);
    Ok(late)
}
