//! Reading JSON by hand, so that every problem is found in one go and each says where it is.

use std::str::FromStr;

use domain::{Code, InvalidName};
use serde_json::{Map, Value};

use crate::{Path, Problem};

/// More than this many problems help nobody.
const MOST_PROBLEMS: usize = 100;

/// Collects what is wrong. Whatever reads returns `None` exactly when it has told a problem.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    problems: Vec<Problem>,
    untold: usize,
    ignored: Vec<Problem>,
}

/// An object being read. A field that is `null` counts as absent.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    path: &'a Path<'a>,
    map: &'a Map<String, Value>,
}

impl Reader {
    /// Tells a problem and returns nothing, for the reader that found it to return.
    pub fn problem<T>(&mut self, path: &Path<'_>, code: Code, message: impl Into<String>) -> Option<T> {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem::new(path, code, message));
        } else {
            self.untold += 1;
        }
        None
    }

    /// All that was told.
    pub fn finish(mut self) -> Vec<Problem> {
        if self.untold > 0 {
            let message = format!("and {} more problems", self.untold);
            self.problems.push(Problem::new(Path::Root, Code::BAD_FIELD, message));
        }
        self.problems
    }

    /// Remembers the fields of an object that are none of `known`: they are ignored, and its sender is told.
    pub fn only(&mut self, fields: Fields<'_>, known: &[&str]) {
        let unknown = fields.map.keys().filter(|name| !known.contains(&name.as_str()));
        let room = MOST_PROBLEMS.saturating_sub(self.ignored.len());
        let told = unknown.take(room).map(|name| {
            let message = format!("is no field that is known here, and is ignored; there are: {}", known.join(", "));
            let remedy = "Correct its name, or leave it out.".to_owned();
            Problem { remedy, ..Problem::new(fields.path.field(name), Code::BAD_FIELD, message) }
        });
        self.ignored.extend(told);
    }

    /// What was ignored, so far.
    pub fn ignored(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.ignored)
    }

    /// How many problems there are so far.
    pub fn count(&self) -> usize {
        self.problems.len() + self.untold
    }

    /// Reads with `read`; nothing if anything in it was wrong, even where `read` could go on.
    pub fn whole<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.count();
        read(self).filter(|_| self.count() == before)
    }

    fn wrong<T>(&mut self, path: &Path<'_>, wanted: &str, found: &Value) -> Option<T> {
        self.problem(path, Code::BAD_FIELD, format!("must be {wanted}, but is {}", kind_of(found)))
    }

    /// An object.
    pub fn object<'a>(&mut self, path: &'a Path<'a>, value: &'a Value) -> Option<Fields<'a>> {
        match value {
            Value::Object(map) => Some(Fields { path, map }),
            other => self.wrong(path, "an object", other),
        }
    }

    /// A text. The character NUL is refused: no platform shows it and not every store keeps it.
    pub fn text(&mut self, path: &Path<'_>, value: &Value) -> Option<String> {
        match value {
            Value::String(text) if text.contains('\0') => {
                self.problem(path, Code::BAD_FIELD, "holds the character NUL (U+0000)")
            }
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) => {
                let found = kind_of(value);
                self.problem(path, Code::BAD_FIELD, format!("must be text, but is {found}; write \"{value}\""))
            }
            other => self.wrong(path, "text", other),
        }
    }

    /// A name.
    pub fn name<T: FromStr<Err = InvalidName>>(&mut self, path: &Path<'_>, value: &Value) -> Option<T> {
        match self.text(path, value)?.parse() {
            Ok(name) => Some(name),
            Err(error) => self.problem(path, Code::BAD_FIELD, error.to_string()),
        }
    }

    /// An id.
    pub fn id<T: FromStr<Err = uuid::Error>>(&mut self, path: &Path<'_>, value: &Value) -> Option<T> {
        match self.text(path, value)?.parse() {
            Ok(id) => Some(id),
            Err(_) => self.problem(path, Code::BAD_FIELD, "must be a UUID"),
        }
    }

    /// A list, each item read with `read`; items that cannot be read are left out.
    pub fn list<T>(
        &mut self,
        path: &Path<'_>,
        value: &Value,
        mut read: impl FnMut(&mut Self, &Path<'_>, &Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        match value {
            Value::Array(items) => {
                Some(items.iter().enumerate().filter_map(|(at, item)| read(self, &path.item(at), item)).collect())
            }
            other => self.wrong(path, "a list", other),
        }
    }

    /// An object of texts.
    pub fn texts<C: FromIterator<(String, String)>>(&mut self, path: &Path<'_>, value: &Value) -> Option<C> {
        let fields = self.object(path, value)?;
        let read = |(name, value): (&String, &Value)| Some((name.clone(), self.text(&path.field(name), value)?));
        Some(fields.map.iter().filter_map(read).collect())
    }

    /// A field that must be there.
    pub fn need<T>(
        &mut self,
        of: Fields<'_>,
        name: &str,
        read: impl FnOnce(&mut Self, &Path<'_>, &Value) -> Option<T>,
    ) -> Option<T> {
        match of.get(name) {
            Some(value) => read(self, &of.path.field(name), value),
            None => self.problem(&of.path.field(name), Code::BAD_FIELD, "is missing"),
        }
    }

    /// A field that may be missing.
    pub fn may<T>(
        &mut self,
        of: Fields<'_>,
        name: &str,
        read: impl FnOnce(&mut Self, &Path<'_>, &Value) -> Option<T>,
    ) -> Option<T> {
        read(self, &of.path.field(name), of.get(name)?)
    }
}

impl<'a> Fields<'a> {
    /// The value of a field that is there and not `null`.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
