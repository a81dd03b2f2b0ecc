//! What came of a campaign: what oncepost says, held against what the platforms count, by the promises as the domain defines them.

use std::collections::BTreeMap;

use domain::{State, Target, invariant::Violation};
use serde::Serialize;
use serde_json::Value;

use crate::{
    Done,
    api::{Api, text},
    campaign::{Planned, PlannedTarget},
    faults::Platforms,
    reading,
    shown::Shown,
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
    /// Targets whose outcome was not known for a while.
    pub doubts: usize,
    /// Of these, how many were settled without a person.
    pub doubts_settled_by_machine: usize,
    /// Targets that need a person, by reason.
    pub dead_letters: BTreeMap<String, usize>,
    /// Attempts that a worker did not bring to their end.
    pub attempts_lost: usize,
    /// Targets held back by a pause.
    pub held: usize,
    /// Targets that need a person because nobody could find out whether they went out.
    pub undecided: usize,
    /// Publish points that a platform shows more than once. Counted by the platforms.
    pub duplicates: usize,
    /// Targets that have not come to rest: neither out, nor held, nor at an end, nor with a person.
    pub missed: usize,
    /// Targets of which oncepost says what the platform does not show, or does not say what it shows.
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
    /// By what is told apart: how it went.
    #[serde(skip)]
    pub rows: BTreeMap<&'static str, Row>,
}

/// How it went for one kind of target.
#[derive(Debug, Default, Clone, Copy)]
pub struct Row {
    /// All of them.
    pub targets: usize,
    /// Out.
    pub published: usize,
    /// Out, after more than one attempt.
    pub retried: usize,
    /// In doubt for a while.
    pub doubts: usize,
    /// Of these, settled without a person.
    pub settled: usize,
    /// With a person, because nobody could tell whether they are out.
    pub undecided: usize,
    /// With a person.
    pub with_person: usize,
}

impl Tally {
    /// Takes stock of `plan`.
    ///
    /// # Errors
    /// oncepost does not answer, or not in the shape it should.
    pub async fn take(api: &Api, plan: &[Planned], platforms: &Platforms) -> Done<Self> {
        let mut tally = Self { posts: plan.len(), ..Self::default() };
        let shown = Shown::on(platforms);
        for planned in plan {
            match api.post_by_key(planned).await? {
                Some(post) => tally.add_post(planned, &post, &shown)?,
                None => tally.forgotten(planned),
            }
        }
        tally.duplicates = tally.duplicates.max(shown.twice);
        tally.held_promises = tally.duplicates == 0 && tally.missed == 0 && tally.disagreements == 0;
        Ok(tally)
    }

    /// How many targets need a person.
    pub fn people_needed(&self) -> usize {
        self.dead_letters.values().sum()
    }

    /// oncepost does not know a post that it has taken.
    fn forgotten(&mut self, planned: &Planned) {
        self.targets += planned.targets.len();
        self.missed += planned.targets.len();
        self.stories.push(format!("post {} was taken, and is not known", planned.number));
    }

    fn add_post(&mut self, planned: &Planned, post: &Value, shown: &Shown) -> Done {
        let targets = post["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
        for plan in &planned.targets {
            let own = |target: &&Value| target["channel"] == plan.channel && target["account"] == plan.account;
            match targets.iter().find(own) {
                Some(target) => self.add(planned.number, plan, target, shown)?,
                None => return Err(format!("post {} has lost its target on {}", planned.number, plan.channel).into()),
            }
        }
        Ok(())
    }

    fn add(&mut self, number: usize, plan: &PlannedTarget, told: &Value, shown: &Shown) -> Done {
        let visible: Vec<_> =
            plan.markers.iter().map(|part| shown.of(plan.channel, plan.account, part).len()).collect();
        let target = reading::target(told)?;
        self.count(plan.row, &target, told);
        let broken = reading::broken(&target, &visible);
        for violation in &broken {
            match violation {
                Violation::NoDuplicate => self.duplicates += visible.iter().filter(|times| **times > 1).count(),
                Violation::NoSilentMiss => self.missed += 1,
                _ => self.disagreements += 1,
            }
        }
        if !broken.is_empty() {
            self.stories.push(story(number, plan, told, &broken, shown));
        }
        Ok(())
    }

    fn count(&mut self, row: &'static str, target: &Target, told: &Value) {
        let attempts = told["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let doubted = attempts.iter().any(|attempt| attempt["failure"]["landed"] == "unknown");
        let row = self.rows.entry(row).or_default();
        let count = |total: &mut usize, of_row: &mut usize, holds: bool| {
            *total += usize::from(holds);
            *of_row += usize::from(holds);
        };
        let published = target.state == State::Published;
        let undecided = target.listed.is_some() && target.state == State::InDoubt;
        count(&mut self.targets, &mut row.targets, true);
        count(&mut self.published, &mut row.published, published);
        count(&mut self.retried, &mut row.retried, published && attempts.len() > 1);
        count(&mut self.doubts, &mut row.doubts, doubted);
        count(&mut self.doubts_settled_by_machine, &mut row.settled, doubted && target.listed.is_none() && published);
        count(&mut self.undecided, &mut row.undecided, undecided);
        self.attempts_lost += attempts.iter().filter(|attempt| attempt["outcome"] == "lost").count();
        self.held += usize::from(target.state == State::Held);
        if target.listed.is_some() {
            row.with_person += 1;
            *self.dead_letters.entry(text(&told["diagnosis"]["code"])).or_default() += 1;
        }
    }
}

/// What happened to one target, line by line: its attempts, and what the platform saw.
fn story(number: usize, plan: &PlannedTarget, told: &Value, broken: &[Violation], shown: &Shown) -> String {
    let mut lines = vec![format!(
        "post {number} on {}/{} ({}): {}, next step: {}",
        plan.channel,
        plan.account,
        text(&told["id"]),
        text(&told["state"]),
        text(&told["next_step"]),
    )];
    lines.extend(broken.iter().map(|violation| format!("    broken: {}", violation.promise())));
    for attempt in told["attempts"].as_array().into_iter().flatten() {
        let field = |pointer: &str| attempt.pointer(pointer).map(text).unwrap_or_default();
        lines.push(format!(
            "    attempt {} ({}) {} to {} by {}: {} {} {}",
            field("/number"),
            field("/kind"),
            field("/began_at"),
            field("/ended_at"),
            field("/worker"),
            field("/outcome"),
            field("/failure/code"),
            field("/failure/said/text"),
        ));
    }
    for marker in &plan.markers {
        let posts = shown.of(plan.channel, plan.account, marker);
        lines.push(format!("    the platform shows {marker} {} times", posts.len()));
        for post in posts {
            lines.push(format!("      post {} made at {}, listed from {}", post.id, post.created_at, post.listed_at));
            for call in shown.calls_of(plan.channel, post) {
                lines.push(format!(
                    "        call {} at {}: {}, status {:?}, made {:?}",
                    call.n, call.at, call.did, call.status, call.made
                ));
            }
        }
    }
    lines.join("\n")
}
