//! The API's answers in words and tables, readable at 100 columns. Pure: what is shown depends on the answer only.

pub(super) mod accounts;
pub(super) mod act;
pub(super) mod assignments;
pub(super) mod audit;
pub(super) mod audit_log;
pub(super) mod channels;
pub(super) mod dlq;
pub(super) mod failures;
pub(super) mod forecast;
pub(super) mod hooks;
pub(super) mod incidents;
pub(super) mod jobs;
pub(super) mod notes;
pub(super) mod post;
pub(super) mod posts;
pub(super) mod processes;
pub(super) mod schedule;
pub(super) mod scorecard;
mod table;
pub(super) mod target;
pub(super) mod trouble;
pub(super) mod validate;
pub(super) mod world;

pub(crate) use table::{entries, table};

/// The width that everything fits into, in columns.
const WIDTH: usize = 100;

/// `text` broken into lines of at most [`WIDTH`] columns, the first behind `head`, the others indented as far.
pub(crate) fn labelled(head: &str, text: &str) -> String {
    let indent = " ".repeat(head.chars().count());
    let room = WIDTH.saturating_sub(indent.len()).max(20);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    let text = lines.join(&format!("\n{indent}"));
    format!("{head}{text}")
}

/// `count` of a thing: "1 target", "3 targets".
pub(crate) fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// Control characters of foreign text would steer the terminal.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// The start of a text on one line.
pub(crate) fn short(text: &str, most: usize) -> String {
    let flat = harmless(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= most {
        return flat;
    }
    let start: String = flat.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

/// An instant to the second.
pub(crate) fn instant(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_and_indented() {
        let text = labelled("  to do  ", &"word ".repeat(40));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(text.lines().skip(1).all(|line| line.starts_with("         word")));
    }

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(short("a\x1b[31mred\x07\n b", 50), "a\u{fffd}[31mred\u{fffd} b");
        assert_eq!(short("abcdef", 4), "abc…");
    }
}
