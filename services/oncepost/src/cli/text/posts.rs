//! Lists of posts.

use console::api::{PostLine, Posts};

use super::{instant, post, short, table};

/// A page of posts.
pub(crate) fn list(posts: &Posts, filtered: bool) -> String {
    if posts.posts.is_empty() {
        return match filtered {
            true => "No post fits.".into(),
            false => "There are no posts. `oncepost schedule FILE` makes the first.".into(),
        };
    }
    let rows = posts.posts.iter().map(|line| {
        [
            line.id.to_string(),
            post::words(line.status),
            states(line),
            instant(line.accepted_at),
            format!("{}/{}", line.tenant, short(&line.key, 40)),
        ]
    });
    let more = match (&posts.next, posts.searched_to) {
        (None, _) => String::new(),
        (Some(next), None) => format!("\nThere are more: --after {next}"),
        (Some(next), Some(at)) => format!("\nSearched back to {}. Older ones: --after {next}", instant(at)),
    };
    format!("{}{more}", table(["post", "status", "targets", "accepted", "tenant/key"], rows))
}

fn states(line: &PostLine) -> String {
    let states = line.states.iter().map(|(state, count)| format!("{count} {state}"));
    states.collect::<Vec<_>>().join(", ")
}
