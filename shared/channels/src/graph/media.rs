//! Whether a picture or a video: the platform fetches it itself, but must be told which.

use domain::{Failure, Media};

use super::Graph;
use crate::Kind;

impl Graph {
    /// Whether the address leads to a video: by its ending, else by the file's first bytes.
    pub async fn is_video(&self, media: &Media) -> Result<bool, Failure> {
        let kind = match Kind::by_ending(&media.url) {
            Some(kind) => kind,
            None => self.http.media().fetch(&media.url).await?.kind,
        };
        Ok(!kind.is_image())
    }
}
