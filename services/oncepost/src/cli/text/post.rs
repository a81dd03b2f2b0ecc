//! A post in words.

use console::api::Post;
use domain::State;

use super::{counted, instant, short, target};

/// Everything about a post.
pub(crate) fn whole(post: &Post) -> String {
    let mut blocks = vec![head(post)];
    blocks.extend(post.targets.iter().map(target::whole));
    blocks.join("\n\n")
}

fn head(post: &Post) -> String {
    let text = short(&post.content.text, 90);
    let text = if text.is_empty() { "(no text)".to_owned() } else { format!("“{text}”") };
    format!(
        "{}  {}\n  {text}\n  {}/{}, revision {}, accepted {}, {}",
        post.id,
        words(post.status),
        post.tenant,
        short(&post.key, 60),
        post.revision,
        instant(post.accepted_at),
        counted(post.targets.len(), "target"),
    )
}

/// A status in words.
pub(crate) fn words(status: domain::PostStatus) -> String {
    status.to_string().replace('_', " ")
}

/// How posts that were waited for have ended.
pub(crate) fn settled(posts: &[Post]) -> String {
    let targets = || posts.iter().flat_map(|post| &post.targets);
    let count = |wanted: State| targets().filter(|target| target.state == wanted).count();
    let all = targets().count();
    let published = count(State::Published);
    if published == all {
        return match all {
            1 => "The target is published.".into(),
            all => format!("All {all} targets are published."),
        };
    }
    let mut lines = vec![format!("Published: {published} of {}.", counted(all, "target"))];
    for post in posts {
        let open = post.targets.iter().filter(|target| target.state != State::Published);
        lines.extend(open.map(|target| format!("\n{}", target::whole(target))));
    }
    lines.join("\n")
}
