//! What came of a campaign: what oncepost says, held against what the platforms count.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::{
    Done,
    api::{Api, text},
    campaign::Planned,
    faults::Platforms,
};

/// The result of a campaign, for people as a table and for scripts as one line of JSON.
#[derive(Debug, Default, Serialize)]
pub struct Tally {
    /// Posts that were scheduled.
    pub posts: usize,
    /// Their targets.
    pub targets: usize,
    /// Out, by oncepost's word.
    pub published: usize,
    /// Of these, how many needed more than one attempt.
    pub retried: usize,
    /// Outcomes that were not known for a while and were settled without a person.
    pub doubts_settled_by_machine: usize,
    /// Targets that need a person, by reason.
    pub dead_letters: BTreeMap<String, usize>,
    /// Targets held back by a pause.
    pub held: usize,
    /// Targets that need a person because nobody could find out whether they went out.
    pub undecided: usize,
    /// Publish points that a platform shows more than once. Counted by the platforms.
    pub duplicates: usize,
    /// Targets that are neither out on the platform nor accounted for. Counted by the platforms.
    pub missed: usize,
    /// Targets that oncepost calls published and the platform does not show, or the other way round.
    pub disagreements: usize,
    /// What was killed.
    pub kills: BTreeMap<&'static str, usize>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The promises held.
    pub held_promises: bool,
    /// What happened to each target that broke a promise or was left behind.
    #[serde(skip)]
    pub stories: Vec<String>,
    /// Per channel: targets, published, retried, settled, needing a person.
    #[serde(skip)]
    pub channels: BTreeMap<String, [usize; 5]>,
}

impl Tally {
    /// Takes stock of `plan`, whose posts have the ids in `posts`.
    ///
    /// # Errors
    /// oncepost does not answer.
    pub async fn take(api: &Api, plan: &[Planned], posts: &[String], platforms: &Platforms) -> Done<Self> {
        let mut tally = Self { posts: plan.len(), ..Self::default() };
        for (planned, id) in plan.iter().zip(posts) {
            let post = api.get(&format!("/v1/posts/{id}?attempts=true")).await?;
            for target in post["targets"].as_array().into_iter().flatten() {
                tally.add(planned, target, platforms);
            }
        }
        let (_, twice) = platforms.totals();
        tally.duplicates = tally.duplicates.max(twice);
        tally.held_promises = tally.duplicates == 0 && tally.missed == 0 && tally.disagreements == 0;
        Ok(tally)
    }

    fn add(&mut self, planned: &Planned, target: &Value, platforms: &Platforms) {
        let (channel, account, state) = (text(&target["channel"]), text(&target["account"]), text(&target["state"]));
        let Some(plan) = planned.targets.iter().find(|plan| plan.channel == channel && plan.account == account) else {
            self.disagreements += 1;
            return;
        };
        let counts: Vec<_> = plan.markers.iter().map(|marker| platforms.count(&channel, &account, marker)).collect();
        let out = counts.iter().all(|count| *count > 0);
        let twice = counts.iter().filter(|count| **count > 1).count();
        let attempts: Vec<_> = target["attempts"].as_array().into_iter().flatten().collect();
        let doubted = attempts.iter().any(|attempt| matches!(attempt["outcome"].as_str(), Some("unknown" | "lost")));
        let listed = !target["needs_person"].is_null();
        let before = (self.duplicates, self.missed, self.disagreements);
        self.duplicates += twice;
        let row = self.channels.entry(channel).or_default();
        self.targets += 1;
        row[0] += 1;
        match state.as_str() {
            "published" => {
                self.published += 1;
                row[1] += 1;
                if attempts.len() > 1 {
                    self.retried += 1;
                    row[2] += 1;
                }
                if doubted {
                    self.doubts_settled_by_machine += 1;
                    row[3] += 1;
                }
                self.disagreements += usize::from(!out);
            }
            "held" => self.held += 1,
            _ if listed => {
                let reason = text(&target["diagnosis"]["code"]);
                *self.dead_letters.entry(reason).or_default() += 1;
                self.undecided += usize::from(state == "in_doubt");
                row[4] += 1;
                self.disagreements += usize::from(out && state == "failed");
            }
            // Neither out, nor held, nor with a person: somebody was forgotten.
            _ => self.missed += 1,
        }
        if before != (self.duplicates, self.missed, self.disagreements) {
            self.stories.push(story(planned, target, &counts));
        }
    }
}

/// What happened to one target, line by line.
fn story(planned: &Planned, target: &Value, counts: &[usize]) -> String {
    let mut lines = vec![format!(
        "post {} on {}/{}: {}, parts seen on the platform {counts:?}, next step: {}",
        planned.number,
        text(&target["channel"]),
        text(&target["account"]),
        text(&target["state"]),
        text(&target["next_step"]),
    )];
    for attempt in target["attempts"].as_array().into_iter().flatten() {
        lines.push(format!(
            "    {} {} {} -> {} {} {}",
            text(&attempt["number"]),
            text(&attempt["kind"]),
            text(&attempt["began_at"]),
            text(&attempt["outcome"]),
            text(&attempt["failure"]["code"]),
            text(&attempt["failure"]["said"]["text"]),
        ));
    }
    lines.join("\n")
}
