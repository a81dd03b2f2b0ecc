//! What platforms take of pictures and videos, as data.

use std::time::Duration;

use crate::{Kind, Probe};

/// What a channel takes of files of some kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes {
    /// Their MIME types.
    pub kinds: &'static [&'static str],
    /// The least and the most bytes.
    pub bytes: (u64, u64),
    /// The least and the most pixels across.
    pub width: (u32, u32),
    /// The least and the most pixels down.
    pub height: (u32, u32),
    /// The most pixels in all.
    pub pixels: u64,
    /// The narrowest and the widest shape, as width and height.
    pub shape: Option<(Shape, Shape)>,
    /// The shortest and the longest time a video may play.
    pub lasting: (Duration, Duration),
}

/// A width to a height, as `(16, 9)`.
pub type Shape = (u32, u32);

impl Takes {
    /// Every kind of picture and video that we know: how large they may be is the server's own matter.
    pub const ANY: &'static [Takes] = &[Takes::new(Kind::PICTURES, u64::MAX), Takes::new(Kind::VIDEOS, u64::MAX)];

    /// Files of these kinds, of at most so many bytes.
    pub const fn new(kinds: &'static [&'static str], most_bytes: u64) -> Self {
        Self {
            kinds,
            bytes: (0, most_bytes),
            width: (0, u32::MAX),
            height: (0, u32::MAX),
            pixels: u64::MAX,
            shape: None,
            lasting: (Duration::ZERO, Duration::MAX),
        }
    }

    /// The same, of at least so many bytes.
    pub const fn of_at_least(mut self, bytes: u64) -> Self {
        self.bytes.0 = bytes;
        self
    }

    /// The same, with so many pixels across.
    pub const fn across(mut self, least: u32, most: u32) -> Self {
        self.width = (least, most);
        self
    }

    /// The same, with so many pixels down.
    pub const fn down(mut self, least: u32, most: u32) -> Self {
        self.height = (least, most);
        self
    }

    /// The same, with at most so many pixels in all.
    pub const fn with_pixels(mut self, most: u64) -> Self {
        self.pixels = most;
        self
    }

    /// The same, no narrower and no wider than this.
    pub const fn shaped(mut self, narrowest: Shape, widest: Shape) -> Self {
        self.shape = Some((narrowest, widest));
        self
    }

    /// The same, playing at least and at most so many seconds.
    pub const fn lasting(mut self, least: u64, most: u64) -> Self {
        self.lasting = (Duration::from_secs(least), Duration::from_secs(most));
        self
    }

    /// Whether it is about files of this kind.
    pub fn is_for(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind.mime)
    }

    /// Everything about a file of the right kind that does not fit. What is not known of it fits.
    pub fn misfits(&self, size: u64, probe: Probe) -> Vec<Misfit> {
        let mut misfits = Vec::new();
        let (least, most) = self.bytes;
        if size > most {
            misfits.push(Misfit::TooManyBytes { size, most });
        } else if size < least {
            misfits.push(Misfit::TooFewBytes { size, least });
        }
        let sides = probe.picture.map(|picture| (picture.width, picture.height));
        if let Some((width, height)) = sides.or(probe.video.map(|video| (video.width, video.height))) {
            self.misfitting_sides(width, height, &mut misfits);
        }
        if let Some(video) = probe.video {
            let (least, most) = self.lasting;
            if video.duration > most {
                misfits.push(Misfit::TooLong { plays: video.duration, most });
            } else if video.duration < least {
                misfits.push(Misfit::TooShort { plays: video.duration, least });
            }
        }
        misfits
    }

    fn misfitting_sides(&self, width: u32, height: u32, misfits: &mut Vec<Misfit>) {
        let pixels = u64::from(width) * u64::from(height);
        if width > self.width.1 || height > self.height.1 || pixels > self.pixels {
            misfits.push(Misfit::TooManyPixels { width, height });
        } else if width < self.width.0 || height < self.height.0 {
            misfits.push(Misfit::TooFewPixels { width, height });
        }
        let Some((narrowest, widest)) = self.shape else { return };
        // Sides are whole numbers: a pixel more or less is no other shape.
        let [w, h] = [width, height].map(i64::from);
        let is_wider = |w: i64, than: Shape| w * i64::from(than.1) > h * i64::from(than.0);
        if is_wider(w - 1, widest) {
            misfits.push(Misfit::TooWide { width, height, widest });
        } else if !is_wider(w + 1, narrowest) && w * i64::from(narrowest.1) != h * i64::from(narrowest.0) {
            misfits.push(Misfit::TooNarrow { width, height, narrowest });
        }
    }
}

/// One way in which a file does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Misfit {
    TooManyBytes { size: u64, most: u64 },
    TooFewBytes { size: u64, least: u64 },
    TooManyPixels { width: u32, height: u32 },
    TooFewPixels { width: u32, height: u32 },
    TooNarrow { width: u32, height: u32, narrowest: Shape },
    TooWide { width: u32, height: u32, widest: Shape },
    TooShort { plays: Duration, least: Duration },
    TooLong { plays: Duration, most: Duration },
}

impl Misfit {
    /// Whether a smaller picture of the same would fit.
    pub fn is_size(self) -> bool {
        matches!(self, Misfit::TooManyBytes { .. } | Misfit::TooManyPixels { .. })
    }

    /// What does not fit, in words.
    pub fn words(self) -> String {
        match self {
            Misfit::TooManyBytes { size, most } => format!("the file has {size} bytes; the channel takes {most}"),
            Misfit::TooFewBytes { size, least } => format!("the file has {size} bytes; the channel wants {least}"),
            Misfit::TooManyPixels { width, height } => format!("{width}x{height} pixels are too many for the channel"),
            Misfit::TooFewPixels { width, height } => format!("{width}x{height} pixels are too few for the channel"),
            Misfit::TooNarrow { width, height, narrowest: (w, h) } => {
                format!("{width}x{height} is too narrow; the channel takes {w}:{h} and wider")
            }
            Misfit::TooWide { width, height, widest: (w, h) } => {
                format!("{width}x{height} is too wide; the channel takes {w}:{h} and narrower")
            }
            Misfit::TooShort { plays, least } => {
                format!("it plays {:.1} s; the channel wants {} s", plays.as_secs_f64(), least.as_secs())
            }
            Misfit::TooLong { plays, most } => {
                format!("it plays {:.1} s; the channel takes {} s", plays.as_secs_f64(), most.as_secs())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Picture, Video};

    fn picture(width: u32, height: u32) -> Probe {
        Probe { picture: Some(Picture { width, height, animated: false }), video: None }
    }

    fn video(width: u32, height: u32, millis: u64) -> Probe {
        Probe { picture: None, video: Some(Video { width, height, duration: Duration::from_millis(millis) }) }
    }

    const ANY: Takes = Takes::new(&["image/jpeg"], 100);

    fn misfit(takes: Takes, size: u64, probe: Probe) -> Option<Misfit> {
        let misfits = takes.misfits(size, probe);
        assert!(misfits.len() < 2, "{misfits:?}");
        misfits.into_iter().next()
    }

    #[test]
    fn bytes_are_limited_on_both_sides() {
        let takes = ANY.of_at_least(10);
        assert_eq!(misfit(takes, 101, Probe::default()), Some(Misfit::TooManyBytes { size: 101, most: 100 }));
        assert_eq!(misfit(takes, 9, Probe::default()), Some(Misfit::TooFewBytes { size: 9, least: 10 }));
        assert_eq!(misfit(takes, 100, Probe::default()), None);
        assert_eq!(misfit(takes, 10, Probe::default()), None);
    }

    #[test]
    fn width_is_limited_on_both_sides() {
        let takes = ANY.across(320, 1440);
        assert_eq!(misfit(takes, 1, picture(1441, 9)), Some(Misfit::TooManyPixels { width: 1441, height: 9 }));
        assert_eq!(misfit(takes, 1, picture(319, 9)), Some(Misfit::TooFewPixels { width: 319, height: 9 }));
        assert_eq!(misfit(takes, 1, picture(1440, 9000)), None);
    }

    #[test]
    fn height_is_limited_on_both_sides() {
        let takes = ANY.down(320, 1440);
        assert_eq!(misfit(takes, 1, video(9, 1441, 1)), Some(Misfit::TooManyPixels { width: 9, height: 1441 }));
        assert_eq!(misfit(takes, 1, video(9, 319, 1)), Some(Misfit::TooFewPixels { width: 9, height: 319 }));
        assert_eq!(misfit(takes, 1, video(9000, 1440, 1)), None);
    }

    #[test]
    fn pixels_are_limited_in_all() {
        let takes = ANY.with_pixels(1000);
        assert_eq!(misfit(takes, 1, picture(11, 91)), Some(Misfit::TooManyPixels { width: 11, height: 91 }));
        assert_eq!(misfit(takes, 1, picture(10, 100)), None);
        let huge = picture(u32::MAX, u32::MAX);
        assert!(misfit(takes, 1, huge).is_some());
    }

    #[test]
    fn shape_is_limited_on_both_sides_to_the_pixel() {
        let takes = ANY.shaped((4, 5), (191, 100));
        for (width, height) in [(1080, 1350), (1080, 566), (1080, 1351), (100, 100)] {
            assert_eq!(misfit(takes, 1, picture(width, height)), None, "{width}x{height}");
        }
        let narrow = Misfit::TooNarrow { width: 1080, height: 1400, narrowest: (4, 5) };
        assert_eq!(misfit(takes, 1, picture(1080, 1400)), Some(narrow));
        let wide = Misfit::TooWide { width: 1080, height: 550, widest: (191, 100) };
        assert_eq!(misfit(takes, 1, video(1080, 550, 1)), Some(wide));
    }

    #[test]
    fn time_is_limited_on_both_sides() {
        let takes = ANY.lasting(3, 60);
        let (least, most) = (Duration::from_secs(3), Duration::from_secs(60));
        let plays = Duration::from_millis;
        assert_eq!(misfit(takes, 1, video(9, 9, 2999)), Some(Misfit::TooShort { plays: plays(2999), least }));
        assert_eq!(misfit(takes, 1, video(9, 9, 60_001)), Some(Misfit::TooLong { plays: plays(60_001), most }));
        assert_eq!(misfit(takes, 1, video(9, 9, 60_000)), None);
        assert_eq!(misfit(takes, 1, picture(9, 9)), None);
    }

    #[test]
    fn several_misfits_are_all_told() {
        let takes = ANY.across(0, 10).shaped((1, 1), (2, 1)).lasting(5, 6);
        assert_eq!(takes.misfits(1000, video(1000, 10, 1)).len(), 4);
    }
}
