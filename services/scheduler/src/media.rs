//! Removes media that nobody uses any more.
//!
//! Every file that an attempt uses is made young again, so what is old belongs to posts that are over, or that nobody has tried for
//! that long. Such a post fetches its file again and takes no other bytes for it: removing costs a fetch, never a wrong picture. So
//! any number of schedulers may sweep, with no word between them.

use std::time::Duration;

use channels::Media;
use runtime::Runtime;

use crate::Scheduler;

const EVERY: Duration = Duration::from_secs(3600);

pub(crate) async fn run(scheduler: Scheduler) {
    if let Some((media, keep_for)) = &scheduler.media {
        sweeps(&scheduler.runtime, media, *keep_for).await;
    }
}

async fn sweeps(runtime: &Runtime, media: &Media, keep_for: Duration) {
    let stop = runtime.stop();
    loop {
        // A sweep may take hours. What is left of it is done by the next.
        let swept = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            swept = media.sweep(keep_for) => swept,
        };
        match swept {
            Ok(0) => {}
            Ok(objects) => tracing::info!(objects, "removed media that nobody has used for long"),
            Err(failure) => tracing::warn!(reason = %failure.said.text, "some old media could not be removed"),
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = runtime.sleep(EVERY) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use channels::{Http, HttpOptions, MediaOptions, S3Options, Secret, StoreAt};

    use super::*;

    #[tokio::test]
    async fn a_stop_does_not_wait_for_a_sweep() {
        // A storage that is asked and never answers.
        let storage = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = S3Options {
            endpoint: Some(format!("http://{}", storage.local_addr().unwrap()).parse().unwrap()),
            region: Some("here".into()),
            key: Some(("id".into(), Secret::new("hush"))),
            allow_http: true,
            ..S3Options::default()
        };
        let media = MediaOptions { store: StoreAt::S3(options, "kept".into()), ..MediaOptions::default() };
        let runtime = Runtime::system();
        let http = Http::new(HttpOptions { media, ..HttpOptions::default() }, runtime.clone()).unwrap();
        let mut sweeping = std::pin::pin!(sweeps(&runtime, http.media(), EVERY));
        let asked = tokio::select! {
            biased;
            () = &mut sweeping => None,
            asked = storage.accept() => asked.ok(),
        };
        assert!(asked.is_some());
        runtime.stop().cancel();
        tokio::time::timeout(Duration::from_secs(20), sweeping).await.expect("it stops");
    }
}
