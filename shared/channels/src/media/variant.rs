//! Another picture of the same: of a kind that the platform takes, or small enough for it.
//!
//! The same picture and the same limits give the same bytes. What cameras write into pictures, such as where they were taken, is
//! left out; colours keep their profile.

use std::io::{BufReader, Cursor, Read, Seek};

use image::{
    DynamicImage, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, RgbImage, codecs::jpeg::JpegEncoder,
    codecs::png::PngEncoder, imageops::FilterType,
};

use super::{Kind, Picture};
use crate::{Misfit, Probe, Takes};

/// How finely JPEGs are written: the first that is small enough counts.
const QUALITIES: [u8; 3] = [90, 80, 70];
/// How often the sides are made a fifth smaller before we give up.
const MOST_ROUNDS: usize = 16;
/// A larger file is not decoded: some decoders read it whole.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// What is to be made of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// What the platform takes.
    row: Takes,
    /// What it becomes.
    format: ImageFormat,
}

/// Whether the platform takes a file, or something that can be made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fit {
    /// As it is.
    Fits,
    /// Another picture of the same.
    Make(Wanted),
    /// Not at all, and why.
    Refused(String),
}

/// Why a platform that takes this does not take a file as it is; `None`: it does.
pub(crate) fn misfit(kind: Kind, size: u64, probe: Probe, takes: &[Takes]) -> Option<String> {
    if takes.is_empty() {
        return None;
    }
    match takes.iter().find(|row| row.is_for(kind)) {
        Some(row) => row.misfits(size, probe).first().copied().map(Misfit::words),
        None => Some(format!("the channel does not take {}", kind.mime)),
    }
}

/// How a file fits what a platform takes. A picture of more than `most_pixels` is never decoded.
pub(crate) fn fit(kind: Kind, size: u64, probe: Probe, takes: &[Takes], most_pixels: u64) -> Fit {
    let own = takes.iter().find(|row| row.is_for(kind));
    let Some(why) = misfit(kind, size, probe, takes) else { return Fit::Fits };
    let Some(picture) = probe.picture.filter(|picture| !picture.animated && format_of(kind).is_some()) else {
        return Fit::Refused(why);
    };
    let Some(wanted) = own.into_iter().chain(takes).find_map(|row| Wanted::of(*row)) else { return Fit::Refused(why) };
    if let Some(other) = wanted.row.misfits(size, probe).into_iter().find(|misfit| !misfit.is_size()) {
        return Fit::Refused(other.words());
    }
    if size > MOST_BYTES {
        return Fit::Refused(format!("{why}, and no smaller one is made of a picture above {MOST_BYTES} bytes"));
    }
    if pixels(picture) > most_pixels {
        let limit = format!("media.max_pixels ({most_pixels})");
        return Fit::Refused(format!("{why}, and no other is made of a picture with more pixels than {limit}"));
    }
    Fit::Make(wanted)
}

impl Wanted {
    fn of(row: Takes) -> Option<Self> {
        let takes = |mime| row.kinds.contains(&mime);
        let format = if takes("image/jpeg") {
            ImageFormat::Jpeg
        } else if takes("image/png") {
            ImageFormat::Png
        } else {
            return None;
        };
        Some(Self { row, format })
    }

    /// Whether a file is what was wanted.
    pub(crate) fn is(self, kind: Kind, size: u64, probe: Probe) -> bool {
        format_of(kind) == Some(self.format) && self.row.misfits(size, probe).is_empty()
    }

    /// Makes the picture. Takes a few times as many bytes of memory as it has pixels, and time: not for a thread that others wait for.
    pub(crate) fn make(self, kind: Kind, file: impl Read + Seek, most_pixels: u64) -> Result<Vec<u8>, String> {
        let broken = |error: image::ImageError| format!("the picture cannot be read: {error}");
        let format = format_of(kind).ok_or_else(|| format!("{} cannot be decoded", kind.mime))?;
        let mut reader = ImageReader::with_format(BufReader::new(file), format);
        let mut limits = image::Limits::default();
        // Whatever its headers say: sixteen bits for each of four colours, and as much again for the decoder.
        limits.max_alloc = Some(most_pixels.saturating_mul(16));
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(broken)?;
        let (width, height) = decoder.dimensions();
        if u64::from(width) * u64::from(height) > most_pixels {
            return Err(format!("{width}x{height} pixels are more than media.max_pixels ({most_pixels})"));
        }
        let orientation = decoder.orientation().map_err(broken)?;
        let profile = decoder.icc_profile().ok().flatten().filter(|profile| profile.get(16..20) == Some(b"RGB "));
        let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
        picture.apply_orientation(orientation);
        let mut picture = on_white(picture);
        let (mut width, mut height) = self.within(picture.width(), picture.height());
        for _ in 0..MOST_ROUNDS {
            picture = shrunk(picture, width, height);
            for quality in QUALITIES {
                let bytes = self.written(&picture, quality, profile.clone())?;
                if bytes.len() as u64 <= self.row.bytes.1 {
                    return Ok(bytes);
                }
                if self.format == ImageFormat::Png {
                    break;
                }
            }
            (width, height) = ((width * 4 / 5).max(1), (height * 4 / 5).max(1));
        }
        Err("no smaller picture can be made of it that the channel takes".into())
    }

    /// The largest size with the same shape that the platform takes.
    fn within(self, width: u32, height: u32) -> (u32, u32) {
        let (w, h) = (f64::from(width), f64::from(height));
        let by_pixels = (self.row.pixels as f64 / (w * h)).sqrt();
        let by = [1.0, f64::from(self.row.width.1) / w, f64::from(self.row.height.1) / h, by_pixels];
        let by = by.into_iter().fold(1.0, f64::min);
        if by >= 1.0 {
            return (width, height);
        }
        // Rounded down: a pixel more could be one too many.
        (((w * by) as u32).max(1), ((h * by) as u32).max(1))
    }

    fn written(self, picture: &RgbImage, quality: u8, profile: Option<Vec<u8>>) -> Result<Vec<u8>, String> {
        let mut bytes = Cursor::new(Vec::new());
        let (width, height) = picture.dimensions();
        let color = image::ExtendedColorType::Rgb8;
        let written = match self.format {
            ImageFormat::Png => {
                with_profile(PngEncoder::new(&mut bytes), profile).write_image(picture.as_raw(), width, height, color)
            }
            _ => with_profile(JpegEncoder::new_with_quality(&mut bytes, quality), profile).write_image(
                picture.as_raw(),
                width,
                height,
                color,
            ),
        };
        written.map_err(|error| format!("the picture cannot be written: {error}"))?;
        Ok(bytes.into_inner())
    }
}

/// Where a profile cannot be written along, colours are shown as if there was none.
fn with_profile<E: ImageEncoder>(mut encoder: E, profile: Option<Vec<u8>>) -> E {
    if let Some(profile) = profile {
        let _ = encoder.set_icc_profile(profile);
    }
    encoder
}

/// The kinds that can be decoded here.
fn format_of(kind: Kind) -> Option<ImageFormat> {
    match kind.mime {
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/png" => Some(ImageFormat::Png),
        "image/webp" => Some(ImageFormat::WebP),
        _ => None,
    }
}

fn pixels(picture: Picture) -> u64 {
    u64::from(picture.width) * u64::from(picture.height)
}

/// What can be seen through is laid on white.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b, a] = picture.get_pixel(x, y).0;
        let laid = |color: u8| {
            let sum = u16::from(color) * u16::from(a) + 255 * (255 - u16::from(a)) + 127;
            u8::try_from(sum / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([laid(r), laid(g), laid(b)])
    })
}

/// The picture at this size. Large ones are first averaged down, which needs little memory.
fn shrunk(picture: RgbImage, width: u32, height: u32) -> RgbImage {
    let (w, h) = picture.dimensions();
    if (w, h) == (width, height) {
        return picture;
    }
    let (half_w, half_h) = (width.saturating_mul(2), height.saturating_mul(2));
    let picture = if w > half_w && h > half_h { image::imageops::thumbnail(&picture, half_w, half_h) } else { picture };
    image::imageops::resize(&picture, width, height, FilterType::CatmullRom)
}

#[cfg(test)]
mod tests;
