//! Schedule messages from a file: one, an array, or one per line.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use serde_json::value::RawValue;

use super::trouble::Trouble;

const REMEDY: &str = "Give a file of JSON in UTF-8, or - for standard input.";

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// One message. Also whatever cannot be read: oncepost says what is wrong with it.
    One(String),
    /// Several, each as it was written.
    Many(Vec<String>),
}

/// Reads a file of messages, or standard input for `-`.
pub(crate) fn read(file: &Path) -> Result<Input, Trouble> {
    split(text(file)?).ok_or_else(|| Trouble::usage(format!("{} holds no message.", file.display()), REMEDY))
}

/// Reads a file as it is, or standard input for `-`.
pub(crate) fn text(file: &Path) -> Result<String, Trouble> {
    read_as(file, REMEDY)
}

/// The same, of a file of which something else is expected.
pub(crate) fn read_as(file: &Path, remedy: &str) -> Result<String, Trouble> {
    let mut text = String::new();
    let read = match file.to_str() {
        Some("-") => io::stdin().read_to_string(&mut text).map(|_| ()),
        _ => fs::read_to_string(file).map(|content| text = content),
    };
    read.map_err(|error| Trouble::usage(format!("{} cannot be read: {error}.", file.display()), remedy))?;
    Ok(text)
}

/// The messages in a text; none if there are none.
fn split(text: String) -> Option<Input> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return None;
    }
    if let Ok(items) = serde_json::from_str::<Vec<Box<RawValue>>>(text) {
        let items: Vec<_> = items.into_iter().map(|item| item.get().to_owned()).collect();
        return (!items.is_empty()).then_some(Input::Many(items));
    }
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if serde_json::from_str::<&RawValue>(text).is_err()
        && lines.len() > 1
        && lines.iter().all(|line| line.starts_with('{'))
    {
        return Some(Input::Many(lines.into_iter().map(str::to_owned).collect()));
    }
    Some(Input::One(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Input> {
        split(text.into())
    }

    #[test]
    fn the_three_forms_are_told_apart() {
        assert_eq!(of("{\n \"a\": 1\n}\n"), Some(Input::One("{\n \"a\": 1\n}".into())));
        assert_eq!(of("[{\"a\": 1}, {\"b\":2}]"), Some(Input::Many(vec!["{\"a\": 1}".into(), "{\"b\":2}".into()])));
        assert_eq!(of("{\"a\":1}\n\n{\"b\":2}\n"), Some(Input::Many(vec!["{\"a\":1}".into(), "{\"b\":2}".into()])));
        assert_eq!(of(" \n"), None);
        assert_eq!(of("[]"), None);
    }

    #[test]
    fn one_broken_line_does_not_hide_the_others() {
        assert_eq!(of("{\"a\":1}\n{\"b\":\n"), Some(Input::Many(vec!["{\"a\":1}".into(), "{\"b\":".into()])));
    }

    #[test]
    fn what_cannot_be_read_is_left_to_oncepost_to_judge() {
        assert_eq!(of("{ \"a\": "), Some(Input::One("{ \"a\":".into())));
        assert_eq!(of("hello"), Some(Input::One("hello".into())));
    }
}
