//! Which part of a target is in doubt, so that a person looks for the right one.

use channels::{Channel, FirstComment};
use domain::{Draft, State, Target};

use crate::api::PartInDoubt;

/// How many characters of a part's words are quoted.
const QUOTED: usize = 60;

/// The part of `target` in doubt, of a draft that goes out in more than one.
pub(crate) fn part(target: &Target, draft: &Draft, channel: &dyn Channel) -> Option<PartInDoubt> {
    let open = matches!(target.state, State::InDoubt | State::Processing);
    let armed = target.armed.as_ref().filter(|_| open)?;
    let parts = channel.parts(draft);
    let begins = short(&words(draft, armed.part, channel));
    (parts > 1).then_some(PartInDoubt { part: armed.part.saturating_add(1), parts, begins })
}

/// What the part says. A part that no thread has is the first comment.
fn words(draft: &Draft, part: u16, channel: &dyn Channel) -> String {
    let said = draft.parts().into_iter().nth(usize::from(part)).map(|part| part.text);
    said.unwrap_or_else(|| match channel.about().offers.first_comment {
        FirstComment::Setting(name) => draft.0.settings.get(name).cloned().unwrap_or_default(),
        FirstComment::None | FirstComment::Thread => String::new(),
    })
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(QUOTED).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

impl PartInDoubt {
    /// In words: `part 3 of 5 ("And then we")`.
    pub fn words(&self) -> String {
        let quoted = if self.begins.is_empty() { String::new() } else { format!(" (\"{}\")", self.begins) };
        format!("part {} of {}{quoted}", self.part, self.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_part_is_quoted_on_one_line() {
        assert_eq!(short("And\n\nthen"), "And then");
        assert_eq!(short(&"é".repeat(QUOTED)), "é".repeat(QUOTED));
        assert_eq!(short(&"é".repeat(QUOTED + 1)), format!("{}…", "é".repeat(QUOTED)));
        let silent = PartInDoubt { part: 2, parts: 2, begins: String::new() };
        assert_eq!(silent.words(), "part 2 of 2");
        assert_eq!(PartInDoubt { begins: "And".into(), ..silent }.words(), "part 2 of 2 (\"And\")");
    }
}
