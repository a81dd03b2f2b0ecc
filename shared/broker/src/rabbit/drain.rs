//! Everything that is finished, at once.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use futures::{
    StreamExt,
    stream::FuturesUnordered,
    task::{ArcWake, AtomicWaker, waker},
};

/// Futures whose results are taken in batches.
///
/// A batch holds every future that had finished when it was taken, in the order in which they were woken: [`super::returns`] relies on
/// seeing nothing before what finished earlier. `FuturesUnordered` alone may pause in between.
pub(super) struct Batches<F> {
    running: FuturesUnordered<F>,
    bell: Arc<Bell>,
}

/// Passes a wake on and remembers that it came.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    task: AtomicWaker,
}

impl ArcWake for Bell {
    fn wake_by_ref(bell: &Arc<Self>) {
        bell.rung.store(true, Ordering::SeqCst);
        bell.task.wake();
    }
}

impl<F: Future> Batches<F> {
    pub(super) fn new() -> Self {
        Self { running: FuturesUnordered::new(), bell: Arc::default() }
    }

    pub(super) fn push(&mut self, work: F) {
        self.running.push(work);
    }

    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    /// Waits until something is finished and returns all that is. For ever, if nothing runs.
    pub(super) async fn next(&mut self) -> Vec<F::Output> {
        let waker = waker(self.bell.clone());
        poll_fn(|context| {
            self.bell.task.register(context.waker());
            let mut finished = Vec::new();
            loop {
                self.bell.rung.store(false, Ordering::SeqCst);
                match self.running.poll_next_unpin(&mut Context::from_waker(&waker)) {
                    Poll::Ready(Some(output)) => finished.push(output),
                    Poll::Pending if self.bell.rung.load(Ordering::SeqCst) => {}
                    Poll::Pending | Poll::Ready(None) => break,
                }
            }
            if finished.is_empty() { Poll::Pending } else { Poll::Ready(finished) }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use futures::channel::oneshot;

    use super::*;

    #[tokio::test]
    async fn all_that_is_finished_comes_in_one_batch_in_order() {
        let mut batches = Batches::new();
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..200).map(|_| oneshot::channel()).unzip();
        receivers.into_iter().for_each(|receiver| batches.push(receiver));
        assert!(futures::poll!(Box::pin(batches.next())).is_pending());

        for (number, sender) in senders.into_iter().enumerate().rev().take(150) {
            sender.send(number).expect("waited for");
        }
        let batch: Vec<_> = batches.next().await.into_iter().filter_map(Result::ok).collect();
        assert_eq!(batch.into_iter().take(150).collect::<Vec<_>>(), (50..200).rev().collect::<Vec<_>>());
    }
}
