//! The result of a run: one table for people, one line of JSON for scripts.

use std::{collections::BTreeMap, time::Duration};

use comfy_table::{Table, presets};
use serde::Serialize;

use super::{Options, ground, record::Seen, recovery::Recovery};
use crate::tally::{Row, Tally};

/// The result of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    check: &'static str,
    /// Every promise held, of one target at least.
    pub held: bool,
    seconds: f64,
    /// The seed.
    pub seed: u64,
    /// What `make chaos` is given as `ARGS` to do the same again.
    pub arguments: String,
    /// Posts that were scheduled.
    pub posts: usize,
    /// Their targets.
    pub targets: usize,
    /// By kind.
    pub kills: BTreeMap<&'static str, usize>,
    /// All of them.
    pub kills_total: usize,
    /// By kind.
    pub network_faults: BTreeMap<&'static str, usize>,
    /// How often every queue was emptied.
    pub purges: usize,
    /// Messages that were lost with that.
    pub messages_purged: u64,
    /// Messages that upstream sent again because nobody had heard of them.
    pub messages_sent_again: usize,
    /// Targets that are out, by oncepost's word and the platforms'.
    pub published: usize,
    /// Publish points that are out twice.
    pub duplicates: usize,
    /// Targets that have not come to rest.
    pub missed: usize,
    /// Targets on which oncepost and the platform do not agree.
    pub disagreements: usize,
    /// Promises that the ledger's scan or a process found broken.
    pub violations: u64,
    /// Targets whose outcome was not known for a while.
    pub doubts: usize,
    /// Of these, settled without a person.
    pub doubts_settled_by_machine: usize,
    /// Of these, on the operators' list because nobody else can tell.
    pub undecidable_listed: usize,
    /// All targets on the operators' list.
    pub people_needed: usize,
    /// The same for each 10,000 posts.
    pub people_needed_per_10000: f64,
    /// Of all on the list, those on accounts whose platform lets a machine find out.
    pub people_needed_where_a_machine_could_tell: usize,
    /// By kind of kill.
    pub recover_seconds: BTreeMap<&'static str, Recovery>,
    #[serde(skip)]
    rows: BTreeMap<&'static str, Row>,
    #[serde(skip)]
    dead_letters: BTreeMap<String, usize>,
    #[serde(skip)]
    at_rest: bool,
    #[serde(skip)]
    fallen: Vec<String>,
    /// What happened to each target that broke a promise.
    #[serde(skip)]
    pub stories: Vec<String>,
}

/// What was found when all was over.
pub(super) struct Found {
    /// What the platforms count against what the API says.
    pub tally: Tally,
    /// What the run has seen.
    pub seen: Seen,
    /// Times to recover.
    pub recover: BTreeMap<&'static str, Recovery>,
    /// Promises that oncepost itself found broken.
    pub violations: u64,
}

impl Report {
    pub(super) fn new(
        options: &Options,
        found: Found,
        at_rest: bool,
        messages_sent_again: usize,
        took: Duration,
    ) -> Self {
        let Found { tally, seen, recover: recover_seconds, violations } = found;
        let mut kills = BTreeMap::new();
        for kill in &seen.kills {
            *kills.entry(kill.kind).or_default() += 1;
        }
        let people_needed = tally.people_needed();
        let only_people = tally.rows.get(ground::NOTHING).map_or(0, |row| row.with_person);
        Self {
            check: "chaos",
            held: tally.targets > 0 && tally.held_promises && violations == 0 && at_rest && seen.fallen.is_empty(),
            seconds: round(took.as_secs_f64()),
            seed: options.seed,
            arguments: options.arguments(),
            posts: tally.posts,
            targets: tally.targets,
            kills_total: seen.kills.len(),
            kills,
            network_faults: seen.network,
            purges: seen.purges,
            messages_purged: seen.purged,
            messages_sent_again,
            published: tally.published,
            duplicates: tally.duplicates,
            missed: tally.missed,
            disagreements: tally.disagreements,
            violations,
            doubts: tally.doubts,
            doubts_settled_by_machine: tally.doubts_settled_by_machine,
            undecidable_listed: tally.undecided,
            people_needed,
            people_needed_per_10000: round(people_needed as f64 * 10_000.0 / tally.posts.max(1) as f64),
            people_needed_where_a_machine_could_tell: people_needed.saturating_sub(only_people),
            recover_seconds,
            rows: tally.rows,
            dead_letters: tally.dead_letters,
            at_rest,
            fallen: seen.fallen,
            stories: tally.stories,
        }
    }

    /// The result for people.
    pub fn table(&self) -> String {
        let mut targets = Table::new();
        targets.load_style(presets::UTF8_HORIZONTAL_ONLY);
        targets.set_header([
            "accounts",
            "targets",
            "published",
            "doubts",
            "settled by machine",
            "undecidable",
            "need a person",
        ]);
        for (name, row) in &self.rows {
            let figures = [row.targets, row.published, row.doubts, row.settled, row.undecided, row.with_person];
            targets.add_row(std::iter::once((*name).to_owned()).chain(figures.iter().map(ToString::to_string)));
        }
        let mut kills = Table::new();
        kills.load_style(presets::UTF8_HORIZONTAL_ONLY);
        kills.set_header(["killed", "times", "recovered after, median", "at most"]);
        for (kind, times) in &self.kills {
            let time = |of: fn(&Recovery) -> f64| {
                self.recover_seconds.get(kind).map_or_else(|| "-".into(), |found| format!("{:.2} s", of(found)))
            };
            kills.add_row([(*kind).to_owned(), times.to_string(), time(|found| found.median), time(|found| found.max)]);
        }
        let mut text = format!("{targets}\n\n{kills}\n\n");
        text += &format!("  network: {}\n", listed(&self.network_faults));
        text += &format!(
            "  queues emptied {} times, {} messages lost; {} messages sent again by upstream\n",
            self.purges, self.messages_purged, self.messages_sent_again
        );
        for (code, count) in &self.dead_letters {
            text += &format!("  {count} on the operators' list with {code} (docs/errors/{code}.md)\n");
        }
        text += &format!(
            "\n  counted by the platforms:  duplicates {}   missed {}   disagreements {}\n  counted by oncepost:       \
             violations {}\n",
            self.duplicates, self.missed, self.disagreements, self.violations
        );
        if !self.at_rest {
            text += "  NOT ALL CAME TO REST IN TIME: what still moves counts as missed\n";
        }
        for process in &self.fallen {
            text += &format!("  A PROCESS FELL: {process}\n");
        }
        for story in &self.stories {
            text += &format!("\n  {story}\n");
        }
        text
    }
}

fn listed(counts: &BTreeMap<&'static str, usize>) -> String {
    let parts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    if parts.is_empty() { "no faults".into() } else { parts.join(", ") }
}

fn round(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}
