//! Who is there, who is missing, and what answers.

use console::api::Processes;

use super::{Ended, client::Client, out::Out, text, trouble::Trouble};

/// Ends with [`Ended::Attention`] if somebody is missing without whom nothing goes out, if a part does not answer, or if that cannot be
/// told.
pub(crate) async fn processes(client: &Client, out: &mut Out) -> Result<Ended, Trouble> {
    let reply = client.get::<Processes>(&["processes"], &[]).await?;
    out.answer(&reply.raw, || text::processes::told(&reply.value))?;
    let found = &reply.value;
    let is_manned = found.missing.as_ref().is_some_and(|missing| missing.iter().all(|one| !one.stops_delivery));
    let answers = found.parts.iter().all(|part| part.answers != Some(false));
    Ok(if is_manned && answers { Ended::Well } else { Ended::Attention })
}
