//! Whether a picture or a video: the platform fetches it itself, but must be told which.

use domain::{Failure, Media};
use url::Url;

use super::Graph;

const PICTURES: [&str; 5] = ["jpg", "jpeg", "png", "webp", "gif"];
const VIDEOS: [&str; 3] = ["mp4", "mov", "m4v"];

impl Graph {
    /// Whether the address leads to a video: by its ending, else by the file's first bytes.
    pub async fn is_video(&self, media: &Media) -> Result<bool, Failure> {
        match by_ending(&media.url) {
            Some(video) => Ok(video),
            None => Ok(!self.http.media().fetch(&media.url).await?.kind.is_image()),
        }
    }
}

/// Whether the address says that it is a video; `None` if it does not say.
pub(crate) fn by_ending(address: &str) -> Option<bool> {
    let url = Url::parse(address).ok()?;
    let (_, ending) = url.path().rsplit_once('.')?;
    let is = |ending_of: &[&str]| ending_of.iter().any(|known| ending.eq_ignore_ascii_case(known));
    if is(&VIDEOS) { Some(true) } else { is(&PICTURES).then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::by_ending;

    #[test]
    fn an_ending_tells_pictures_from_videos() {
        let table = [
            ("https://a.example/x.JPG?width=9", Some(false)),
            ("https://a.example/x.y/z.mp4#t=3", Some(true)),
            ("https://a.example/media?file=x.mp4", None),
            ("https://a.example/x.tar", None),
            ("x.mp4", None),
        ];
        for (address, video) in table {
            assert_eq!(by_ending(address), video, "{address}");
        }
    }
}
