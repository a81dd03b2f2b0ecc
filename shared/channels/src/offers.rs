//! What a channel can publish, as data: for whoever chooses a channel, and for the checks.

use crate::{Cap, Count, Known};

/// What a post on a channel may consist of, besides what [`crate::Limits`] and [`crate::Threads`] say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offers {
    /// A text goes out by itself; else every post needs a picture or a video.
    pub text_alone: bool,
    /// What becomes of a post's link.
    pub link: Link,
    /// The most pictures of a part; 0 where there are none, `usize::MAX` where nothing limits them.
    pub images: usize,
    /// The most videos of a part, likewise.
    pub videos: usize,
    /// How a first comment is asked for.
    pub first_comment: FirstComment,
    /// The platform may accept a post and decide about it later: until then it is `processing`.
    pub decides_later: bool,
    /// What else is limited.
    pub limits: &'static [Limit],
    /// The settings that a post may have.
    pub settings: Known,
    /// Those of them that hold the address of a picture: it is held to what media's addresses are held to.
    pub addresses: &'static [&'static str],
    /// The settings that an account may have, besides those that it must ([`crate::About::settings`]).
    pub account_settings: &'static [&'static str],
    /// The settings of an account with which another repeat safety holds.
    pub variants: &'static [Variant],
    /// How much the platform takes in a span, where its documents say so.
    pub caps: &'static [Cap],
}

impl Offers {
    /// Text that goes out by itself, with a link under it; nothing else.
    pub const TEXT: Offers = Offers {
        text_alone: true,
        link: Link::InText,
        images: 0,
        videos: 0,
        first_comment: FirstComment::None,
        decides_later: false,
        limits: &[],
        settings: Known::These(&[]),
        addresses: &[],
        account_settings: &[],
        variants: &[],
        caps: &[],
    };

    /// The same, with at most so many pictures or so many videos.
    pub const fn media(images: usize, videos: usize) -> Offers {
        Offers { images, videos, ..Offers::TEXT }
    }
}

/// What becomes of a post's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// It is put under the text, unless it is in it.
    InText,
    /// The platform takes it as a field of its own, where the post allows it.
    Attached,
}

/// How a first comment is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstComment {
    /// There is none.
    None,
    /// By the post's setting of this name.
    Setting(&'static str),
    /// The parts of a thread become comments.
    Thread,
}

/// One more limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is limited, as "the title", "hashtags".
    pub of: &'static str,
    /// The most of it.
    pub most: usize,
    /// In which unit, as "bytes"; empty where things are counted.
    pub unit: &'static str,
}

impl Limit {
    /// A text's limit.
    pub const fn text(of: &'static str, count: Count) -> Self {
        Self { of, most: count.most, unit: count.unit.name() }
    }

    /// The most of a countable thing.
    pub const fn of(of: &'static str, most: usize) -> Self {
        Self { of, most, unit: "" }
    }

    /// The most bytes of a thing.
    pub const fn bytes(of: &'static str, most: usize) -> Self {
        Self { of, most, unit: "bytes" }
    }
}

/// A setting of an account with which another repeat safety holds than for the channel in general.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// The setting's name.
    pub setting: &'static str,
    /// A value, or an example of one.
    pub value: &'static str,
    /// What that means, as in "Slack through an incoming webhook".
    pub means: &'static str,
}

impl Variant {
    /// A setting with a value and what it means.
    pub const fn new(setting: &'static str, value: &'static str, means: &'static str) -> Self {
        Self { setting, value, means }
    }
}
