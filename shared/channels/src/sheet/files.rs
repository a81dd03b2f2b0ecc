//! Files of some kinds, and what is limited of them.

use serde::{Deserialize, Serialize};

use super::words::{bytes, grouped, span};
use crate::{Takes, limits::Shape};

/// What a platform takes of files of some kinds. What is absent is not limited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// Their MIME types.
    pub kinds: Vec<String>,
    /// In bytes.
    pub bytes: Range,
    /// Pixels across.
    pub width: Range,
    /// Pixels down.
    pub height: Range,
    /// The most pixels in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_pixels: Option<u64>,
    /// The narrowest shape, as `4:5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrowest: Option<String>,
    /// The widest shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widest: Option<String>,
    /// How long a video plays, in seconds.
    pub seconds: Range,
}

/// From the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<u64>,
    /// The most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u64>,
}

impl Range {
    fn of(least: u64, most: u64, none: u64) -> Self {
        Self { least: Some(least).filter(|least| *least > 0), most: Some(most).filter(|most| *most < none) }
    }

    fn said(self, number: impl Fn(u64) -> String) -> Option<String> {
        match (self.least, self.most) {
            (None, None) => None,
            (None, Some(most)) => Some(format!("up to {}", number(most))),
            (Some(least), None) => Some(format!("at least {}", number(least))),
            (Some(least), Some(most)) => Some(format!("{} to {}", number(least), number(most))),
        }
    }
}

impl Files {
    /// What `takes` says.
    pub fn of(takes: &Takes) -> Self {
        let shape = |(width, height): Shape| format!("{width}:{height}");
        let no_side = u64::from(u32::MAX);
        Self {
            kinds: takes.kinds.iter().map(|&kind| kind.into()).collect(),
            bytes: Range::of(takes.bytes.0, takes.bytes.1, u64::MAX),
            width: Range::of(takes.width.0.into(), takes.width.1.into(), no_side),
            height: Range::of(takes.height.0.into(), takes.height.1.into(), no_side),
            most_pixels: Some(takes.pixels).filter(|pixels| *pixels < u64::MAX),
            narrowest: takes.shape.map(|(narrowest, _)| shape(narrowest)),
            widest: takes.shape.map(|(_, widest)| shape(widest)),
            seconds: Range::of(takes.lasting.0.as_secs(), takes.lasting.1.as_secs(), u64::MAX),
        }
    }

    /// In words: `mp4: 75 KiB to 500 MiB, 3 s to 30 minutes, 5:12 to 12:5`.
    pub fn said(&self) -> String {
        let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.rsplit('/').next().unwrap_or(kind)).collect();
        let number = |number: u64| grouped(usize::try_from(number).unwrap_or(usize::MAX));
        let limits = [
            self.bytes.said(|most| bytes(usize::try_from(most).unwrap_or(usize::MAX))),
            self.width.said(number).map(|said| format!("{said} px wide")),
            self.height.said(number).map(|said| format!("{said} px high")),
            self.most_pixels.map(|most| format!("up to {} pixels", number(most))),
            self.narrowest
                .as_ref()
                .zip(self.widest.as_ref())
                .map(|(narrowest, widest)| format!("{narrowest} to {widest}")),
            self.seconds.said(span),
        ];
        let limits: Vec<_> = limits.into_iter().flatten().collect();
        let limits = if limits.is_empty() { "no limit known".to_owned() } else { limits.join(", ") };
        format!("{}: {limits}", kinds.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_limited_is_said_and_nothing_else() {
        let video = Takes::new(&["video/mp4", "video/quicktime"], 500 << 20).of_at_least(75 << 10).lasting(3, 1800);
        let said = Files::of(&video.shaped((5, 12), (12, 5))).said();
        assert_eq!(said, "mp4, quicktime: 75 KiB to 500 MiB, 5:12 to 12:5, 3 s to 30 minutes");
        let picture = Takes::new(&["image/gif"], 15 << 20).across(0, 1280).down(0, 1080).with_pixels(1_000_000);
        let said = Files::of(&picture).said();
        assert_eq!(said, "gif: up to 15 MiB, up to 1,280 px wide, up to 1,080 px high, up to 1,000,000 pixels");
        assert_eq!(Files::of(&Takes::new(&["image/png"], u64::MAX)).said(), "png: no limit known");
    }
}
