use image::{Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

const MOST: u64 = 1_000_000;
const JPEG: Takes = Takes::new(&["image/jpeg"], 1_000_000);

/// A picture that does not become small by itself.
fn noise(width: u32, height: u32) -> DynamicImage {
    let mut state = 1_u32;
    DynamicImage::ImageRgba8(RgbaImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [r, g, b, _] = state.to_be_bytes();
        Rgba([r, g, b, 255])
    }))
}

fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    match format {
        ImageFormat::Jpeg => picture.to_rgb8().write_to(&mut bytes, format).unwrap(),
        _ => picture.write_to(&mut bytes, format).unwrap(),
    }
    bytes.into_inner()
}

fn probe(bytes: &[u8]) -> (Kind, u64, Probe) {
    let kind = Kind::of(bytes).unwrap();
    (kind, bytes.len() as u64, Probe::of(kind, Cursor::new(bytes)))
}

fn fit_of(bytes: &[u8], takes: &[Takes]) -> Fit {
    let (kind, size, probe) = probe(bytes);
    fit(kind, size, probe, takes, MOST)
}

fn made(bytes: &[u8], takes: &[Takes]) -> Vec<u8> {
    let Fit::Make(wanted) = fit_of(bytes, takes) else { panic!("{:?}", fit_of(bytes, takes)) };
    let made = wanted.make(probe(bytes).0, Cursor::new(bytes), MOST).unwrap();
    let (kind, size, probe) = probe(&made);
    assert!(wanted.is(kind, size, probe), "{kind:?} {size} {probe:?}");
    made
}

fn sides(bytes: &[u8]) -> (u32, u32) {
    probe(bytes).2.picture.map(|picture| (picture.width, picture.height)).unwrap()
}

#[test]
fn what_fits_is_left_as_it_is() {
    let jpeg = written(&noise(40, 30), ImageFormat::Jpeg);
    assert_eq!(fit_of(&jpeg, &[JPEG]), Fit::Fits);
    assert_eq!(fit_of(&jpeg, &[]), Fit::Fits);
}

#[test]
fn another_kind_is_made_where_the_platform_does_not_take_it() {
    let webp = written(&noise(40, 30), ImageFormat::WebP);
    let jpeg = made(&webp, &[JPEG]);
    assert_eq!(sides(&jpeg), (40, 30));
    let png = made(&webp, &[Takes::new(&["image/png"], 1_000_000)]);
    assert_eq!((probe(&png).0.mime, sides(&png)), ("image/png", (40, 30)));
}

#[test]
fn the_same_picture_and_limits_give_the_same_bytes() {
    let png = written(&noise(300, 200), ImageFormat::Png);
    let takes = [JPEG.across(1, 99), JPEG];
    assert_eq!(made(&png, &takes), made(&png, &takes));
}

#[test]
fn a_picture_is_shrunk_into_every_limit_and_keeps_its_shape() {
    let png = written(&noise(300, 200), ImageFormat::Png);
    assert_eq!(sides(&made(&png, &[JPEG.across(1, 150)])), (150, 100));
    assert_eq!(sides(&made(&png, &[JPEG.down(1, 50)])), (75, 50));
    assert_eq!(sides(&made(&png, &[JPEG.with_pixels(600)])), (30, 20));
    let small = Takes::new(&["image/png", "image/jpeg"], 4000);
    let bytes = made(&png, &[small]);
    assert!(bytes.len() <= 4000);
    let (width, height) = sides(&bytes);
    assert!(width < 300 && (f64::from(width) / f64::from(height) - 1.5).abs() < 0.1, "{width}x{height}");
}

#[test]
fn what_can_be_seen_through_becomes_white() {
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(8, 8, Rgba([255, 0, 0, 0])));
    let jpeg = made(&written(&clear, ImageFormat::Png), &[JPEG]);
    let pixel = image::load_from_memory(&jpeg).unwrap().to_rgb8().get_pixel(4, 4).0;
    assert!(pixel.iter().all(|color| *color > 250), "{pixel:?}");
}

#[test]
fn what_another_picture_would_not_mend_is_refused() {
    let wide = written(&noise(400, 20), ImageFormat::WebP);
    assert!(matches!(fit_of(&wide, &[JPEG.shaped((4, 5), (191, 100))]), Fit::Refused(why) if why.contains("too wide")));
    let small = written(&noise(40, 30), ImageFormat::WebP);
    assert!(matches!(fit_of(&small, &[JPEG.across(320, 1440)]), Fit::Refused(why) if why.contains("too few")));
    let gif = written(&noise(40, 30), ImageFormat::Gif);
    assert!(matches!(fit_of(&gif, &[JPEG]), Fit::Refused(why) if why.contains("image/gif")));
    let video = b"\0\0\0\x18ftypmp42\0\0\0\0";
    assert!(matches!(fit_of(video, &[JPEG]), Fit::Refused(why) if why.contains("video/mp4")));
    let webm = Takes::new(&["video/webm"], 10);
    assert!(matches!(fit_of(&small, &[webm]), Fit::Refused(_)));
}

/// A few bytes that claim to be a wall of pixels.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut png = written(&noise(1, 1), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    // The header's checksum is over its name and content.
    let sum = png[12..29].iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    });
    png[29..33].copy_from_slice(&(!sum).to_be_bytes());
    png
}

#[test]
fn a_decompression_bomb_is_refused_before_it_is_decoded() {
    let bomb = bomb(60_000, 60_000);
    let takes = [JPEG.across(1, 1440)];
    assert!(matches!(fit_of(&bomb, &takes), Fit::Refused(why) if why.contains("media.max_pixels")));
    let wanted = Wanted::of(takes[0]).unwrap();
    let why = wanted.make(probe(&bomb).0, Cursor::new(&bomb), MOST).unwrap_err();
    assert!(why.contains("media.max_pixels"), "{why}");
    // Even where that many pixels were allowed, the decoder takes no more memory than they could need.
    let refused = wanted.make(probe(&bomb).0, Cursor::new(&bomb), 60_000 * 60_000 + 1);
    assert!(refused.is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_file_makes_it_panic(kind in 0_usize..3, cut in 0_usize..2000, at in 0_usize..2000, byte: u8) {
        let format = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP][kind];
        let mut bytes = written(&noise(17, 11), format);
        bytes.truncate(bytes.len().min(cut + 16));
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Some(kind) = Kind::of(&bytes) {
            let wanted = Wanted::of(JPEG).unwrap();
            let _ = wanted.make(kind, Cursor::new(&bytes), 10_000);
        }
    }
}
