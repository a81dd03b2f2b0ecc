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

/// What the part says, if that can be told. Nothing is better than another part's words.
fn words(draft: &Draft, part: u16, channel: &dyn Channel) -> String {
    let texts = draft.parts();
    let said = texts.get(usize::from(part)).map(|part| part.text.clone());
    match channel.about().offers.first_comment {
        // What follows the post is the first comment.
        FirstComment::Setting(name) => said.or_else(|| draft.0.settings.get(name).cloned()).unwrap_or_default(),
        // A channel that sends files one by one has more publish points than the draft has texts.
        _ if usize::from(channel.parts(draft)) == texts.len() => said.unwrap_or_default(),
        _ => String::new(),
    }
}

/// The beginning of a text, on one line.
pub(crate) fn short(text: &str) -> String {
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
    use channels::{Http, HttpOptions, Registry};
    use domain::{Content, Media, Part};
    use runtime::Runtime;

    use super::*;

    #[test]
    fn no_part_is_quoted_by_the_words_of_another() {
        let registry = Registry::all(Http::new(HttpOptions::default(), Runtime::system()).unwrap());
        let file = |name: &str| Media { url: format!("https://cdn.example/{name}.png"), alt: None };
        let mut content = Content { text: "first".into(), ..Content::default() };
        content.thread.push(Part { text: "second".into(), media: vec![] });
        content.settings.insert("first_comment".into(), "comment".into());
        let said = |channel: &str, draft: &Draft| {
            let channel = registry.get(channel).unwrap();
            (0..channel.parts(draft)).map(|part| words(draft, part, &**channel)).collect::<Vec<_>>()
        };
        assert_eq!(said("matrix", &Draft(content.clone())), ["first", "second"]);
        content.media = vec![file("a"), file("b")];
        assert_eq!(said("matrix", &Draft(content.clone())), [""; 3], "two files are two events");
        content.thread.clear();
        assert_eq!(said("instagram", &Draft(content)), ["first", "comment"]);
    }

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
