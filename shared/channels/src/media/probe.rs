//! What the headers of a picture or video say. Nothing is decoded, and little is read however large the file is.

mod picture;
mod video;

use std::io::{Read, Seek};

use super::{Kind, Picture, Video};

/// What is known of a file without decoding it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Probe {
    /// Of a picture.
    pub picture: Option<Picture>,
    /// Of a video in MP4 or QuickTime. Of other videos nothing is read.
    pub video: Option<Video>,
}

impl Probe {
    /// Reads the headers of a file of `kind`. What cannot be read is not known: then it is for the platform to say.
    pub fn of(kind: Kind, mut file: impl Read + Seek) -> Self {
        match kind.mime {
            "video/mp4" | "video/quicktime" => Self { video: video::read(&mut file), ..Self::default() },
            _ if kind.is_image() => Self { picture: picture::read(kind, &mut file), ..Self::default() },
            _ => Self::default(),
        }
    }
}
