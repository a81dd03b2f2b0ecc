//! Asking whether files are still where posts say.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use channels::Media;
use domain::{Failure, TargetId};
use futures::StreamExt;
use ledger::{Ledger, UpcomingTarget};
use runtime::Runtime;

use crate::{look::Options, report::MediaLook};

/// What became of the files.
#[derive(Default)]
pub(crate) struct Files {
    pub look: MediaLook,
    /// The addresses that gave no file, and why.
    pub failed: HashMap<String, Failure>,
    /// The files of these that we have all the same.
    pub kept: HashSet<(TargetId, String)>,
}

/// Asks each of the addresses once, a few at a time, as long as there is time. Those of the earliest targets come first.
pub(crate) async fn ask<'a>(
    wanted: impl Iterator<Item = (&'a UpcomingTarget, Vec<&'a str>)>,
    (runtime, ledger, media): (&Runtime, &dyn Ledger, &Media),
    options: &Options,
) -> Files {
    let (mut order, mut of): (Vec<String>, BTreeMap<&str, Vec<TargetId>>) = (Vec::new(), BTreeMap::new());
    for (target, addresses) in wanted {
        for address in addresses {
            let known = of.entry(address).or_insert_with(|| {
                order.push(address.to_owned());
                Vec::new()
            });
            known.push(target.target);
        }
    }
    let limit = runtime.limit(options.media_time);
    let answers: Vec<_> = futures::stream::iter(order)
        .map(|address: String| async move {
            match runtime.left(limit) {
                Duration::ZERO => (address, None),
                left => {
                    let answer = media.reach(&address, left.min(options.media_wait)).await;
                    (address, Some(answer))
                }
            }
        })
        .buffer_unordered(options.media_at_once.max(1))
        .collect()
        .await;
    let mut files = Files::default();
    for (address, answer) in answers {
        match answer {
            None => files.look.not_asked += 1,
            Some(answer) => {
                files.look.asked += 1;
                if let Err(failure) = answer {
                    for target in of.get(address.as_str()).into_iter().flatten() {
                        if is_kept(ledger, media, *target, &address).await {
                            files.kept.insert((*target, address.clone()));
                        }
                    }
                    files.failed.insert(address, failure);
                }
            }
        }
    }
    files
}

/// Whether we have the file already. If that cannot be told, it counts as one that we have not.
async fn is_kept(ledger: &dyn Ledger, media: &Media, target: TargetId, address: &str) -> bool {
    match ledger.target(target).await {
        Ok(Some(view)) => media.keeps(&view.target, address).await.unwrap_or_else(|failure| {
            tracing::debug!(code = %failure.code, said = failure.said.text, "whether a file is kept is not known");
            false
        }),
        _ => false,
    }
}
