//! Scheduling posts.

use std::path::Path;

use console::api::{BatchAnswer, BatchItem};
use contract::Accepted;
use domain::PostId;
use reqwest::StatusCode;

use super::{
    Ended,
    client::Client,
    input::{self, Input},
    out::Out,
    text,
    trouble::Trouble,
    wait,
};

pub(crate) const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
/// The most messages sent in one batch: oncepost takes 1000.
const BATCH: usize = 500;
/// The most bytes sent in one batch: oncepost takes 16 MiB.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

pub(crate) async fn schedule(client: &Client, out: &mut Out, file: &Path, wait: bool) -> Result<Ended, Trouble> {
    let (posts, ended) = match input::read(file)? {
        Input::One(message) => {
            let reply = client.post_raw::<Accepted>(&["posts"], message, JSON).await?;
            let repeated = reply.status == StatusCode::OK;
            // While waiting, the answer with `--json` is the post as it ends.
            if !(wait && out.is_json()) {
                out.answer(&reply.raw, || text::schedule::accepted(&reply.value, repeated))?;
            }
            (vec![reply.value.post], Ended::Well)
        }
        Input::Many(messages) => many(client, out, messages, wait).await?,
    };
    if !wait {
        return Ok(ended);
    }
    let settled = wait::until_settled(client, out, &posts).await?;
    Ok(if settled == Ended::Well { ended } else { settled })
}

/// Sends messages in batches. Ends with [`Ended::Attention`] if any was refused.
async fn many(
    client: &Client,
    out: &mut Out,
    messages: Vec<String>,
    wait: bool,
) -> Result<(Vec<PostId>, Ended), Trouble> {
    let mut all = BatchAnswer { accepted: 0, repeated: 0, refused: 0, items: Vec::new() };
    let total = messages.len();
    for batch in batches(messages) {
        let lines: Vec<_> = batch.iter().map(|message| on_one_line(message)).collect();
        let reply = client.post_raw::<BatchAnswer>(&["posts:batch"], lines.join("\n"), LINES).await?;
        if out.is_json() && !wait {
            out.answer(&reply.raw, String::new)?;
        }
        add(&mut all, reply.value);
        if total > BATCH {
            out.remark(&format!("{} of {total} sent", all.items.len()))?;
        }
    }
    if !out.is_json() {
        out.answer("", || text::schedule::batch(&all))?;
    }
    let posts = all.items.iter().filter_map(|item| Some(item.answer.as_ref()?.post)).collect();
    Ok((posts, if all.refused == 0 { Ended::Well } else { Ended::Attention }))
}

fn batches(messages: Vec<String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && bytes + message.len() < BATCH_BYTES => {
                bytes += message.len();
                batch.push(message);
            }
            _ => {
                bytes = message.len();
                batches.push(vec![message]);
            }
        }
    }
    batches
}

/// A message of an array may span lines, which would tear it apart in a batch of lines.
fn on_one_line(message: &str) -> String {
    // A line break in JSON is white space between tokens, or the JSON is broken anyway.
    message.replace(['\r', '\n'], " ")
}

fn add(all: &mut BatchAnswer, more: BatchAnswer) {
    let before = all.items.len();
    all.accepted += more.accepted;
    all.repeated += more.repeated;
    all.refused += more.refused;
    all.items.extend(more.items.into_iter().map(|item| BatchItem { index: before + item.index, ..item }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_in_number_and_size_and_lose_nothing() {
        let sizes = |messages: Vec<String>| batches(messages).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(vec!["x".into(); 1201]), [500, 500, 201]);
        assert_eq!(sizes(vec!["x".repeat(BATCH_BYTES / 2); 3]), [1, 1, 1]);
        assert_eq!(sizes(vec![]), [0; 0]);
    }

    #[test]
    fn a_message_of_an_array_fits_on_a_line() {
        assert_eq!(on_one_line("{\r\n \"a\": \"b\\n\"\n}"), "{   \"a\": \"b\\n\" }");
    }
}
