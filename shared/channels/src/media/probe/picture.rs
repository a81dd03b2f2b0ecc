//! Pictures.

use std::io::{BufReader, Read, Seek, SeekFrom};

use image::metadata::Orientation;

use super::super::{Kind, Picture};

/// How far into a file is looked for what turns it or makes it move.
const NEAR: u64 = 256 * 1024;

pub(super) fn read(kind: Kind, file: &mut (impl Read + Seek)) -> Option<Picture> {
    let size = imagesize::reader_size(BufReader::new(&mut *file)).ok()?;
    let (width, height) = (u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?);
    if width == 0 || height == 0 {
        return None;
    }
    file.seek(SeekFrom::Start(0)).ok()?;
    let mut start = Vec::new();
    file.take(NEAR).read_to_end(&mut start).ok()?;
    let animated = match kind.mime {
        // Still ones are rare, and telling them apart means reading the whole file.
        "image/gif" => true,
        "image/webp" => start.get(12..16) == Some(b"VP8X") && start.get(20).is_some_and(|flags| flags & 0x02 != 0),
        "image/png" => is_apng(&start),
        _ => false,
    };
    let turned = kind.mime == "image/jpeg" && exif(&start).is_some_and(is_turned);
    let (width, height) = if turned { (height, width) } else { (width, height) };
    Some(Picture { width, height, animated })
}

/// Whether a PNG says before its first picture that there are more.
fn is_apng(start: &[u8]) -> bool {
    let mut at = 8;
    while let Some(head) = start.get(at..at + 8) {
        match &head[4..] {
            b"acTL" => return true,
            b"IDAT" => return false,
            _ => {}
        }
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        at = at.saturating_add(length).saturating_add(12);
    }
    false
}

/// The Exif block of a JPEG, from its TIFF header on.
fn exif(start: &[u8]) -> Option<&[u8]> {
    let mut at = 2;
    loop {
        let head = start.get(at..at + 4)?;
        let [0xff, marker, high, low] = *head else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let block = start.get(at + 4..(at + 2 + length).min(start.len()))?;
        match marker {
            0xe1 => {
                if let Some(tiff) = block.strip_prefix(b"Exif\0\0") {
                    return Some(tiff);
                }
            }
            // The picture itself begins.
            0xda => return None,
            _ => {}
        }
        at += 2 + length;
    }
}

/// Whether it is shown lying on its side.
fn is_turned(exif: &[u8]) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    let orientation = Orientation::from_exif_chunk(exif);
    matches!(orientation, Some(Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ImageFormat, RgbImage};

    use super::*;

    fn written(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(RgbImage::new(30, 20)).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn probed(bytes: &[u8]) -> Option<Picture> {
        read(Kind::of(bytes).unwrap(), &mut Cursor::new(bytes))
    }

    #[test]
    fn sizes_are_read_from_headers() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
            let bytes = written(format);
            let animated = format == ImageFormat::Gif;
            assert_eq!(probed(&bytes), Some(Picture { width: 30, height: 20, animated }), "{format:?}");
        }
    }

    #[test]
    fn a_photo_taken_upright_is_upright() {
        let mut jpeg = written(ImageFormat::Jpeg);
        let tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let mut block = vec![0xff, 0xe1, 0, u8::try_from(tiff.len() + 8).unwrap()];
        block.extend(b"Exif\0\0");
        block.extend(tiff);
        jpeg.splice(2..2, block);
        assert_eq!(probed(&jpeg), Some(Picture { width: 20, height: 30, animated: false }));
    }

    #[test]
    fn pictures_that_move_are_known() {
        let mut png = written(ImageFormat::Png);
        png.splice(33..33, *b"\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\0\0\0\0");
        assert!(probed(&png).unwrap().animated);
        let webp = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x1d\0\0\x13\0\0";
        assert_eq!(probed(webp), Some(Picture { width: 30, height: 20, animated: true }));
    }

    #[test]
    fn a_file_cut_short_says_nothing() {
        let jpeg = written(ImageFormat::Jpeg);
        assert_eq!(probed(&jpeg[..20]), None);
    }
}
