//! Where posts are: an account's name, a chat, a room, a page. One place may be named in several ways, and those tell nothing of each other.

/// Whether these places are one with those, each named as [`crate::Channel::places`] does. `None`: no two of them are named alike, so
/// nobody can tell.
pub fn is_one_place(these: &[String], those: &[String]) -> Option<bool> {
    let pairs = || these.iter().flat_map(|this| those.iter().map(move |that| (this, that)));
    let alike: Vec<_> = pairs().filter(|(this, that)| sign(this) == sign(that)).collect();
    (!alike.is_empty()).then(|| alike.iter().any(|(this, that)| this == that))
}

/// What a kind of name begins with: `@acme`, `-100123`, `!room:a.example`.
fn sign(place: &str) -> Option<char> {
    place.chars().next().filter(|first| !first.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_alike_tells_of_each_other() {
        let told = |these: &[&str], those: &[&str]| {
            let owned = |places: &[&str]| places.iter().map(|&place| place.to_owned()).collect::<Vec<_>>();
            is_one_place(&owned(these), &owned(those))
        };
        assert_eq!(told(&["@acme"], &["@acme"]), Some(true));
        assert_eq!(told(&["@acme"], &["@other"]), Some(false));
        assert_eq!(told(&["@acme"], &["-100123"]), None, "a name says nothing of a number");
        assert_eq!(told(&["@acme"], &["-100123", "@acme"]), Some(true), "which a post's record may have both of");
        assert_eq!(told(&["@acme"], &["-100123", "@other"]), Some(false));
        assert_eq!(told(&["C17"], &["C18"]), Some(false));
        assert_eq!(told(&[], &["C18"]), None);
    }
}
