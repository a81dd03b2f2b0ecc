//! An upload session: where it is, and how far it says that it got.

use url::{Origin, Url};

use super::video;
use crate::{Account, Answer};

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    /// The next byte that it wants.
    At(u64),
    /// The video is there; its id.
    Done(String),
    /// It has ended, or never was.
    Gone,
}

/// What a session says of itself. What we sent does not count: only what it says that it has.
pub(super) fn progress(answer: &Answer, total: u64) -> Option<Progress> {
    match answer.status {
        200 | 201 => video::made(answer).map(Progress::Done),
        308 => match answer.header("range") {
            None => Some(Progress::At(0)),
            Some(range) => {
                let last: u64 = range.trim().strip_prefix("bytes=0-")?.parse().ok()?;
                last.checked_add(1).filter(|next| *next <= total).map(Progress::At)
            }
        },
        404 | 410 => Some(Progress::Gone),
        _ => None,
    }
}

/// Where the new session is: at the account's own server, or at another of Google's if that is one. Nobody else is shown the token.
pub(super) fn address(location: &str, account: &Account) -> Option<Url> {
    let url = Url::parse(location).ok()?;
    let google =
        |url: &Url| url.scheme() == "https" && url.host_str().is_some_and(|host| host.ends_with(".googleapis.com"));
    let same = url.origin() == account.base_url.origin() && matches!(url.origin(), Origin::Tuple(..));
    (same || (google(&url) && google(&account.base_url))).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::{account, answer};

    #[test]
    fn the_session_alone_says_how_far_it_is() {
        let at = |status, headers: &[(&'static str, &str)], body| progress(&answer(false, status, headers, body), 10);
        assert_eq!(at(308, &[("range", "bytes=0-4")], ""), Some(Progress::At(5)));
        assert_eq!(at(308, &[("range", "bytes=0-9")], ""), Some(Progress::At(10)));
        assert_eq!(at(308, &[], ""), Some(Progress::At(0)), "nothing yet");
        for nonsense in ["bytes=0-10", "bytes=3-4", "bytes=0-", "0-4", "bytes=0-18446744073709551615"] {
            assert_eq!(at(308, &[("range", nonsense)], ""), None, "{nonsense}");
        }
        assert_eq!(at(201, &[], r#"{"id":"v"}"#), Some(Progress::Done("v".into())));
        assert_eq!((at(200, &[], "{}"), at(503, &[], "")), (None, None));
        assert_eq!([at(404, &[], ""), at(410, &[], "")], [Some(Progress::Gone), Some(Progress::Gone)]);
    }

    #[test]
    fn a_session_at_a_stranger_is_none() {
        let mut account = account("x");
        account.base_url = "https://www.googleapis.com".parse().unwrap();
        let at = |location: &str, account: &Account| address(location, account).is_some();
        assert!(at("https://www.googleapis.com/upload/youtube/v3/videos?upload_id=x", &account));
        assert!(at("https://uploads.googleapis.com/x", &account));
        for stranger in ["https://googleapis.com.evil.example/x", "http://www.googleapis.com/x", "/relative", "data:x"]
        {
            assert!(!at(stranger, &account), "{stranger}");
        }
        account.base_url = "http://127.0.0.1:8080/sub".parse().unwrap();
        assert!(at("http://127.0.0.1:8080/x", &account) && !at("https://www.googleapis.com/x", &account));
    }
}
