//! Waiting until posts are settled, and showing how they fare.

use std::{collections::HashMap, time::Duration};

use console::api::{Post, Target};
use domain::{PostId, State, TargetId};
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use runtime::Runtime;

use super::{
    Ended,
    client::{Client, Reply},
    out::Out,
    outlast::outlasting,
    status, text,
    trouble::Trouble,
};

/// The time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// What is said when nobody has answered for long.
const GOES_ON: &str = "What was scheduled goes on all the same: `oncepost status POST` tells how it fares.";
/// Posts asked for at once.
const ABREAST: usize = 8;
/// More targets than this share one bar.
const MOST_BARS: usize = 24;

/// Looks at `posts` until nothing more happens to them by itself. The posts do not need us: ending the wait ends nothing else.
pub(crate) async fn until_settled(client: &Client, out: &mut Out, posts: &[PostId]) -> Result<Ended, Trouble> {
    let runtime = Runtime::system();
    let mut shown = Shown::default();
    let mut open = posts.to_vec();
    let mut ended = Ended::Well;
    loop {
        let ask = async || {
            stream::iter(open.iter().map(PostId::to_string))
                .map(|id| async move { client.get(&["posts", &id], &[]).await })
                .buffered(ABREAST)
                .try_collect::<Vec<Reply<Post>>>()
                .await
        };
        let replies = outlasting(&runtime, out, GOES_ON, ask).await?;
        shown.take(out, replies.iter().map(|reply| &reply.value))?;
        open.clear();
        for reply in replies {
            if !reply.value.targets.iter().all(is_settled) {
                open.push(reply.value.id);
                continue;
            }
            if status::ended(&reply.value) == Ended::Attention || !all_out(&reply.value) {
                ended = Ended::Attention;
            }
            if out.is_json() {
                out.answer(&reply.raw, String::new)?;
            } else {
                shown.finished.push(reply.value);
            }
        }
        if open.is_empty() {
            break;
        }
        runtime.sleep(LOOK_EVERY).await;
    }
    shown.end();
    if !out.is_json() {
        out.answer("", || text::post::settled(&shown.finished))?;
    }
    Ok(ended)
}

/// Nothing more happens to it by itself.
pub(crate) fn is_settled(target: &Target) -> bool {
    target.state.is_terminal() || target.needs_person.is_some()
}

fn all_out(post: &Post) -> bool {
    post.targets.iter().all(|target| matches!(target.state, State::Published))
}

/// What has been shown so far.
#[derive(Default)]
struct Shown {
    states: HashMap<TargetId, State>,
    bars: HashMap<TargetId, ProgressBar>,
    whole: Option<ProgressBar>,
    all: Option<MultiProgress>,
    finished: Vec<Post>,
}

impl Shown {
    /// Shows what is new.
    fn take<'a>(&mut self, out: &mut Out, posts: impl Iterator<Item = &'a Post>) -> Result<(), Trouble> {
        let targets: Vec<&Target> = posts.flat_map(|post| &post.targets).collect();
        if out.is_watched() && self.all.is_none() {
            self.draw(&targets);
        }
        for target in targets {
            let before = self.states.insert(target.id, target.state);
            if before == Some(target.state) {
                continue;
            }
            let line = text::target::line(target, before);
            match (self.bars.get(&target.id), &self.whole) {
                (Some(bar), _) => {
                    bar.set_message(line);
                    if is_settled(target) {
                        bar.finish();
                    }
                }
                (None, Some(whole)) => whole.inc(u64::from(is_settled(target))),
                (None, None) => out.remark(&line)?,
            }
        }
        Ok(())
    }

    fn draw(&mut self, targets: &[&Target]) {
        let all = MultiProgress::new();
        if targets.len() <= MOST_BARS {
            for target in targets {
                let bar = all.add(ProgressBar::new_spinner());
                bar.enable_steady_tick(Duration::from_millis(120));
                self.bars.insert(target.id, bar);
            }
        } else {
            let bar = all.add(ProgressBar::new(targets.len() as u64));
            if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos} of {len} targets settled, {elapsed}") {
                bar.set_style(style);
            }
            self.whole = Some(bar);
        }
        self.all = Some(all);
    }

    fn end(&self) {
        if let Some(bar) = &self.whole {
            bar.finish();
        }
    }
}
