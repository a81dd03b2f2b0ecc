//! Waiting on while nobody answers. What is waited for goes on without us: a restart of what tells of it is no reason to leave.

use std::time::Duration;

use runtime::Runtime;

use super::{out::Out, text, trouble::Trouble};

/// For how long nobody need answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time between two attempts to ask.
const AGAIN: Duration = Duration::from_secs(1);

/// Asks until there is an answer, for a minute. `goes_on`: what goes on meanwhile, and how it is looked at later.
///
/// # Errors
/// Whatever is no matter of time, at once; and that nobody has answered for a minute, with `goes_on`.
pub(crate) async fn outlasting<T>(
    runtime: &Runtime,
    out: &mut Out,
    goes_on: &str,
    ask: impl AsyncFn() -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let limit = runtime.limit(PATIENCE);
    let mut is_told = false;
    loop {
        let trouble = match ask().await {
            Err(trouble) if trouble.may_pass() => trouble,
            answer => return answer,
        };
        if runtime.left(limit).is_zero() {
            return Err(Trouble::OutOfSight { goes_on: goes_on.into(), last: Box::new(trouble) });
        }
        if !is_told {
            out.remark(&text::trouble::silent(&trouble))?;
            is_told = true;
        }
        runtime.sleep(AGAIN).await;
    }
}
