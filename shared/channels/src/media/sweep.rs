//! Removes from the store what nobody has used for long: what is ours by its name, and nothing else. A bucket or folder may hold
//! what others put there.

use std::{fs, io, path::Path as Folder, str::FromStr};

use domain::{Code, Failure, PostId};
use futures::StreamExt;
use jiff::Timestamp;
use object_store::{ObjectStoreExt, path::Path};

use super::{
    MediaHash, STEP,
    spool::off_thread,
    store::{FILES, GIVEN, MediaStore, StoreAt, away, place, time},
};

impl MediaStore {
    /// Removes what nobody has used since `before`; says how many objects that were. What cannot be removed keeps nothing else.
    ///
    /// # Errors
    /// The first that there was, once all else is done.
    pub(crate) async fn sweep(&self, before: Timestamp) -> Result<u64, Failure> {
        let mut removed = 0;
        let mut first = None;
        for prefix in [FILES, GIVEN] {
            let mut all = self.objects()?.list(Some(&Path::from(prefix)));
            while let Some(object) = all.next().await {
                let swept = match object {
                    Ok(object) if is_ours(object.location.as_ref()) && time(&object) < before => {
                        self.objects()?.delete(&object.location).await
                    }
                    Ok(_) => continue,
                    Err(error) => Err(error),
                };
                match swept {
                    Ok(()) => removed += 1,
                    Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => first = first.or(Some(away(error))),
                }
            }
        }
        if let StoreAt::Folder(folder) = &self.at {
            let folder = folder.clone();
            let swept = off_thread(move || Ok(sweep_unfinished(&folder, before))).await;
            let (files, error) = swept.unwrap_or_else(|error| (0, Some(error)));
            removed += files;
            let failure = |error| Failure::system(Code::OWN_HICCUP, STEP, format!("the folder for media: {error}"));
            first = first.or(error.map(failure));
        }
        first.map_or(Ok(removed), Err)
    }
}

/// Whether the store has written an object with this name.
fn is_ours(name: &str) -> bool {
    match name.split('/').collect::<Vec<_>>().as_slice() {
        [FILES, _, hash] => hash.parse::<MediaHash>().is_ok_and(|hash| place(hash).as_ref() == name),
        [GIVEN, post, revision, address] => {
            let digest = address.len() == 16 && address.bytes().all(|byte| byte.is_ascii_hexdigit());
            digest && is_exactly::<PostId>(post) && is_exactly::<u32>(revision)
        }
        _ => false,
    }
}

/// Whether the text is how we write a value of this kind: what reads it may take more.
fn is_exactly<T: FromStr + ToString>(text: &str) -> bool {
    text.parse::<T>().is_ok_and(|value| value.to_string() == text)
}

/// Removes what a killed worker has begun to write into a folder, such as `HASH#1`: no listing shows that. Says how many files
/// that were, and the first error.
fn sweep_unfinished(folder: &Folder, before: Timestamp) -> (u64, Option<io::Error>) {
    let (mut removed, mut first) = (0, None);
    let mut names = vec![FILES.to_owned(), GIVEN.to_owned()];
    while let Some(name) = names.pop() {
        let entries = fs::read_dir(folder.join(&name)).into_iter().flatten();
        for entry in entries.flatten() {
            let name = format!("{name}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                names.push(name);
            } else if is_unfinished(&name) {
                let written = entry.metadata().and_then(|about| about.modified()).ok();
                let old = written.and_then(|at| Timestamp::try_from(at).ok()).is_some_and(|at| at < before);
                match old.then(|| fs::remove_file(entry.path())) {
                    Some(Ok(())) => removed += 1,
                    Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => first = first.or(Some(error)),
                    _ => {}
                }
            }
        }
    }
    (removed, first)
}

fn is_unfinished(name: &str) -> bool {
    name.split_once('#').is_some_and(|(name, number)| is_ours(name) && is_exactly::<u64>(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_known_by_its_name() {
        let hash = MediaHash([0xa5; 32]);
        let post = PostId(uuid::Uuid::nil());
        let table = [
            (place(hash).to_string(), true),
            (format!("{GIVEN}/{post}/3/0123456789abcdef"), true),
            (format!("files/b5/{hash}"), false),
            (format!("files/a5/{hash}/more"), false),
            (format!("other/a5/{hash}"), false),
            ("files/a5/holiday.jpg".into(), false),
            ("files/report.pdf".into(), false),
            (format!("{GIVEN}/{post}/3/photo.jpg"), false),
            (format!("{GIVEN}/{post}/new/0123456789abcdef"), false),
            (format!("{GIVEN}/{post}/+3/0123456789abcdef"), false),
            (format!("{GIVEN}/someone/3/0123456789abcdef"), false),
            (hash.to_string(), false),
        ];
        for (name, ours) in table {
            assert_eq!(is_ours(&name), ours, "{name}");
            assert_eq!(is_unfinished(&format!("{name}#12")), ours, "{name}");
            assert!(!is_unfinished(&name) && !is_unfinished(&format!("{name}#x")), "{name}");
        }
    }
}
