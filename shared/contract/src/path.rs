//! Where in a message something is, without an allocation until somebody asks.

use std::fmt;

/// A place in a JSON message. Shown as a JSON path: `$.targets[1].account`.
#[derive(Debug, Clone, Copy)]
pub enum Path<'a> {
    /// The whole message.
    Root,
    /// A field of the object at a path.
    Field(&'a Path<'a>, &'a str),
    /// An item of the array at a path.
    Item(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    /// The field `name` of what is here.
    pub fn field(&'a self, name: &'a str) -> Self {
        Path::Field(self, name)
    }

    /// The item `at` of what is here.
    pub fn item(&'a self, at: usize) -> Self {
        Path::Item(self, at)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => f.write_str("$"),
            Path::Field(parent, name) if is_plain(name) => write!(f, "{parent}.{name}"),
            Path::Field(parent, name) => write!(f, "{parent}[{name:?}]"),
            Path::Item(parent, at) => write!(f, "{parent}[{at}]"),
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_like_json_path() {
        let targets = Path::Root.field("targets");
        let second = targets.item(1);
        let settings = second.field("settings");
        assert_eq!(settings.field("reply to").to_string(), r#"$.targets[1].settings["reply to"]"#);
        assert_eq!(Path::Root.to_string(), "$");
    }
}
