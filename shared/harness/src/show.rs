//! Progress and results for people.

use std::{io::IsTerminal, time::Duration};

use comfy_table::{Table, presets};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::{api::Counts, tally::Tally};

/// Progress per channel: bars on a terminal, plain lines elsewhere.
pub struct Progress {
    bars: Option<MultiProgress>,
    lines: Vec<(String, ProgressBar)>,
    last: Option<String>,
}

impl Default for Progress {
    fn default() -> Self {
        let bars = std::io::stdout().is_terminal().then(MultiProgress::new);
        Self { bars, lines: Vec::new(), last: None }
    }
}

impl Progress {
    /// Shows where the targets stand.
    pub fn show(&mut self, counts: &Counts, at: Duration) {
        match self.bars.clone() {
            Some(bars) => counts.iter().for_each(|(channel, states)| self.bar(&bars, channel, states)),
            None => self.line(counts, at),
        }
    }

    /// Says something without spoiling the bars.
    pub fn say(&self, sentence: &str) {
        match &self.bars {
            Some(bars) => {
                let _ = bars.println(sentence);
            }
            None => println!("{sentence}"),
        }
    }

    /// Ends the display.
    pub fn end(&self) {
        for (_, bar) in &self.lines {
            bar.abandon();
        }
    }

    fn bar(&mut self, bars: &MultiProgress, channel: &str, states: &std::collections::BTreeMap<String, u64>) {
        let total = states.values().sum();
        let at = match self.lines.iter().position(|(name, _)| name == channel) {
            Some(at) => at,
            None => {
                let style = ProgressStyle::with_template("{prefix:10} [{bar:30}] {pos:>4}/{len:4} {msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("=> ");
                let bar = bars.add(ProgressBar::new(total).with_style(style).with_prefix(channel.to_owned()));
                self.lines.push((channel.to_owned(), bar));
                self.lines.len() - 1
            }
        };
        let bar = &self.lines[at].1;
        bar.set_length(total);
        bar.set_position(states.get("published").copied().unwrap_or_default());
        bar.set_message(others(states));
    }

    fn line(&mut self, counts: &Counts, at: Duration) {
        let line: Vec<_> = counts
            .iter()
            .map(|(channel, states)| {
                let published = states.get("published").copied().unwrap_or_default();
                format!("{channel} {published}/{} {}", states.values().sum::<u64>(), others(states))
            })
            .collect();
        let line = line.join(" | ");
        if self.last.as_ref() != Some(&line) {
            println!("{:5.1} s  {line}", at.as_secs_f64());
            self.last = Some(line);
        }
    }
}

fn others(states: &std::collections::BTreeMap<String, u64>) -> String {
    let others: Vec<_> = states
        .iter()
        .filter(|(state, _)| *state != "published")
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    others.join(", ")
}

/// The result as a table.
pub fn table(tally: &Tally) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["channel", "targets", "published", "after retries", "doubts settled", "need a person"]);
    for (name, row) in &tally.rows {
        let figures = [row.targets, row.published, row.retried, row.settled, row.with_person];
        table.add_row(std::iter::once((*name).to_owned()).chain(figures.iter().map(ToString::to_string)));
    }
    let mut text = format!("{table}\n");
    for (code, count) in &tally.dead_letters {
        text += &format!("  {count} dead letters with {code} (docs/errors/{code}.md)\n");
    }
    text += &format!(
        "\n  counted by the platforms:  duplicates {}   missed {}   disagreements {}\n",
        tally.duplicates, tally.missed, tally.disagreements
    );
    for story in &tally.stories {
        text += &format!("\n  {story}\n");
    }
    text
}
