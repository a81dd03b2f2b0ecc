//! What a file is, by its first bytes.

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its MIME type.
    pub mime: &'static str,
    /// What its name ends in.
    pub extension: &'static str,
}

const fn kind(mime: &'static str, extension: &'static str) -> Kind {
    Kind { mime, extension }
}

impl Kind {
    /// The types of all pictures.
    pub const PICTURES: &'static [&'static str] =
        &["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/heic"];
    /// The types of all videos.
    pub const VIDEOS: &'static [&'static str] = &["video/mp4", "video/quicktime", "video/webm"];

    /// The kind of file that an address seems to lead to, by the ending of its path. What it is, only its bytes say.
    pub fn by_ending(address: &str) -> Option<Self> {
        let url = url::Url::parse(address).ok()?;
        let (_, ending) = url.path().rsplit_once('.')?;
        Some(match ending.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => kind("image/jpeg", "jpg"),
            "png" => kind("image/png", "png"),
            "gif" => kind("image/gif", "gif"),
            "webp" => kind("image/webp", "webp"),
            "avif" => kind("image/avif", "avif"),
            "heic" | "heif" => kind("image/heic", "heic"),
            "mp4" | "m4v" => kind("video/mp4", "mp4"),
            "mov" => kind("video/quicktime", "mov"),
            "webm" => kind("video/webm", "webm"),
            _ => return None,
        })
    }

    /// The ending of an address that surely leads to neither a picture nor a video.
    pub fn says_neither(address: &str) -> Option<&'static str> {
        const NEITHER: &[&str] = &[
            "csv", "doc", "docx", "gz", "htm", "html", "json", "m4a", "mp3", "odt", "pdf", "ppt", "pptx", "svg", "txt",
            "wav", "xls", "xlsx", "xml", "zip",
        ];
        let url = url::Url::parse(address).ok()?;
        let (_, ending) = url.path().rsplit_once('.')?;
        NEITHER.iter().copied().find(|neither| ending.eq_ignore_ascii_case(neither))
    }

    /// Whether an address says by its ending that it leads to a video; `None` if it does not say.
    pub fn says_video(address: &str) -> Option<bool> {
        Self::by_ending(address).map(|kind| !kind.is_image())
    }

    /// The kind of file that starts with `bytes`, if it is one we know.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let brand = bytes.get(4..8).filter(|mark| *mark == b"ftyp").and_then(|_| bytes.get(8..12));
        Some(match bytes {
            [0xff, 0xd8, 0xff, ..] => kind("image/jpeg", "jpg"),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => kind("image/png", "png"),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => kind("image/gif", "gif"),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => kind("image/webp", "webp"),
            [0x1a, 0x45, 0xdf, 0xa3, ..] => kind("video/webm", "webm"),
            _ => match brand? {
                b"avif" | b"avis" => kind("image/avif", "avif"),
                b"heic" | b"heix" | b"mif1" | b"hevc" => kind("image/heic", "heic"),
                b"qt  " => kind("video/quicktime", "mov"),
                b"isom" | b"iso2" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1" | b"dash" | b"M4V " => {
                    kind("video/mp4", "mp4")
                }
                _ => return None,
            },
        })
    }

    /// Whether it is a picture.
    pub fn is_image(self) -> bool {
        self.mime.starts_with("image/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_is_a_hint_wherever_it_stands() {
        let table = [
            ("https://a.example/x.JPG?width=9", Some("image/jpeg")),
            ("https://a.example/x.y/z.mp4#t=3", Some("video/mp4")),
            ("s3://media/x.mov", Some("video/quicktime")),
            ("https://a.example/media?file=x.mp4", None),
            ("https://a.example/x.pdf", None),
            ("https://a.example/x.tar", None),
            ("x.mp4", None),
        ];
        for (address, mime) in table {
            assert_eq!(Kind::by_ending(address).map(|kind| kind.mime), mime, "{address}");
            let neither = address.ends_with(".pdf").then_some("pdf");
            assert_eq!(Kind::says_neither(address), neither, "{address}");
        }
    }

    #[test]
    fn files_are_known_by_their_first_bytes() {
        let cases: [(&[u8], Option<&str>); 9] = [
            (b"\xff\xd8\xff\xe0rest", Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\nrest", Some("image/png")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF1234WEBPVP8 ", Some("image/webp")),
            (b"\0\0\0\x20ftypavif", Some("image/avif")),
            (b"\0\0\0\x20ftypmp42", Some("video/mp4")),
            (b"<!DOCTYPE html>", None),
            (b"RIFF1234WAVE", None),
            (b"", None),
        ];
        for (bytes, mime) in cases {
            assert_eq!(Kind::of(bytes).map(|kind| kind.mime), mime, "{bytes:?}");
        }
    }
}
