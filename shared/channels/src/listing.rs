//! What a platform lists of an account: for looks, which search it for one post, and for whoever compares all of it with the ledger.

use domain::{Draft, Receipt};
use jiff::Timestamp;

use crate::text;

/// What a platform shows of an account's posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// These.
    Posts(Listing),
    /// They cannot be listed, and why not: after "of this account …".
    CannotTell(String),
}

/// The posts of an account, in no order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// What is there, as far as it was read.
    pub posts: Vec<ListedPost>,
    /// Where reading stopped before the end, because there is too much.
    pub cut: Option<Cut>,
}

/// A post as its platform shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPost {
    /// The platform's id, as a publish would have given it, and where a person sees it.
    pub receipt: Receipt,
    /// When it was made, by the platform's clock; [`Timestamp::MIN`] if the platform does not say.
    pub at: Timestamp,
    /// What it says.
    pub wording: Wording,
}

/// Which part of a listing was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// What was made before this.
    Before(Timestamp),
    /// What was made after this.
    After(Timestamp),
    /// Any of it: the listing is in no order.
    Anywhere,
}

/// What a post says, so that two that say the same to a reader are equal: without white space, servers behind handles, and the ends of
/// web addresses that platforms change. Printed, it is what is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wording(String);

impl Wording {
    /// The wording of a text.
    pub fn of(text: &str) -> Self {
        let bare = text::bare_addresses(&text::short_handles(text));
        Self(bare.chars().filter(|c| !c.is_whitespace()).collect())
    }

    /// The wording of publish point `part` of a draft, where it is the text of the part with that number.
    pub(crate) fn of_part(draft: &Draft, part: u16) -> Self {
        let part = text::parts(draft).into_iter().nth(usize::from(part));
        part.map(|part| Self::of(&part.text)).unwrap_or_default()
    }

    /// There are no words: nothing tells such posts apart.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What was read of a listing.
pub(crate) struct Seen<T> {
    /// What there is, as far as it was read.
    pub found: Vec<T>,
    /// Where reading stopped before the end.
    pub cut: Option<Cut>,
}

impl<T> Seen<T> {
    /// Everything that was asked for.
    pub fn all(found: Vec<T>) -> Self {
        Self { found, cut: None }
    }

    /// As many as are read, and there are more.
    pub fn cut(found: Vec<T>, cut: Cut) -> Self {
        Self { found, cut: Some(cut) }
    }

    /// Everything that was asked for; `None` if there is more than was read.
    pub fn whole(self) -> Option<Vec<T>> {
        self.cut.is_none().then_some(self.found)
    }

    /// As a listing of posts; `None` leaves one out.
    pub fn listing(self, post: impl FnMut(T) -> Option<ListedPost>) -> Listed {
        Listed::Posts(Listing { posts: self.found.into_iter().filter_map(post).collect(), cut: self.cut })
    }
}

impl Listed {
    /// Of this account nothing can be told, because of `why`.
    pub(crate) fn cannot_tell(why: &str) -> Self {
        Listed::CannotTell(why.into())
    }

    /// Both listings together.
    pub(crate) fn with(self, more: Self) -> Self {
        match (self, more) {
            (Listed::Posts(mut all), Listed::Posts(more)) => {
                all.posts.extend(more.posts);
                all.cut = all.cut.or(more.cut);
                Listed::Posts(all)
            }
            (Listed::CannotTell(why), _) | (_, Listed::CannotTell(why)) => Listed::CannotTell(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_platforms_change_is_no_difference() {
        let ours = Wording::of("Hi @ann@mastodon.example,  see\nhttps://a.example/ (and http://b.example/x)");
        assert_eq!(ours, Wording::of("Hi @ann, see https://a.example (and https://b.example/x)"));
        assert_ne!(ours, Wording::of("Hi @ann, see https://a.example (and https://b.example/y)"));
        assert!(Wording::of(" \n").is_empty() && !Wording::of("a").is_empty());
    }

    #[test]
    fn of_two_listings_the_cut_stays() {
        let (whole, cut) = (Listing::default(), Listing { cut: Some(Cut::Anywhere), ..Listing::default() });
        let both = Listed::Posts(whole.clone()).with(Listed::Posts(cut.clone()));
        assert_eq!(both, Listed::Posts(cut));
        assert_eq!(Listed::Posts(whole).with(Listed::cannot_tell("no")), Listed::cannot_tell("no"));
    }
}
