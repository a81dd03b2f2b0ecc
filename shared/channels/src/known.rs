//! Which names of settings are known, and which of them a mistyped one stands for.

/// The settings that a post may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Any: they are passed on as they are.
    Any,
    /// These only.
    These(&'static [&'static str]),
}

impl Known {
    /// Whether there is a setting of this name.
    pub fn has(self, name: &str) -> bool {
        match self {
            Known::Any => true,
            Known::These(names) => names.contains(&name),
        }
    }

    /// Their names; none where any will do.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Known::Any => &[],
            Known::These(names) => names,
        }
    }
}

/// The one of `known` that `name` is most likely a slip of; `None` if it is like none of them.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let far = |known: &str| strsim::osa_distance(&name, known);
    // A third of the letters may be wrong: more of them make another word.
    let like = known.into_iter().map(|known| (far(known), known)).filter(|(far, known)| far * 3 <= known.len());
    like.min_by_key(|(far, _)| *far).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_word() {
        let known = ["visibility", "language", "spoiler_text", "via"];
        for (name, meant) in [
            ("visiblity", Some("visibility")),
            ("Visibility", Some("visibility")),
            ("langauge", Some("language")),
            ("spoilertext", Some("spoiler_text")),
            ("vai", Some("via")),
            ("title", None),
            ("", None),
            ("a very long name that is like none", None),
        ] {
            assert_eq!(nearest(name, known), meant, "{name}");
        }
        assert_eq!(nearest("title", []), None);
        assert!(Known::Any.has("title") && !Known::These(&["text"]).has("title"));
    }
}
