//! Group commit: what arrives while one batch is being committed makes up the next. No timers. Reads go the same way where every attempt
//! asks.

use std::sync::Arc;

use futures::future::BoxFuture;
use runtime::Runtime;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::LedgerError;

/// How many asks may wait before callers have to.
const WAITING: usize = 16_384;

/// What a commit answers: one answer for each ask in its order, or why all of it failed.
pub(crate) type Committed<A> = Result<Vec<Result<A, LedgerError>>, LedgerError>;

/// A queue of asks that are committed together.
pub(crate) struct Batch<Q, A> {
    queue: mpsc::Sender<Job<Q, A>>,
}

struct Job<Q, A> {
    ask: Q,
    answer: oneshot::Sender<Result<A, LedgerError>>,
}

impl<Q: Clone + Send + Sync + 'static, A: Send + 'static> Batch<Q, A> {
    /// Starts `writers` tasks that commit at most `most` asks at a time. They end when the batch is dropped.
    pub(crate) fn start<F>(runtime: &Runtime, writers: usize, most: usize, commit: F) -> Self
    where
        F: Fn(Arc<[Q]>) -> BoxFuture<'static, Committed<A>> + Clone + Send + Sync + 'static,
    {
        let (queue, asks) = mpsc::channel(WAITING);
        let asks = Arc::new(Mutex::new(asks));
        // Tasks of their own: whoever drains the runtime's tasks still needs the ledger while these end theirs.
        let runtime = runtime.sibling();
        for _ in 0..writers {
            runtime.spawn(write(asks.clone(), most, commit.clone()));
        }
        Self { queue }
    }

    /// Hands in one ask; returns once it is committed.
    ///
    /// # Errors
    /// What the commit said, or [`LedgerError::Closed`].
    pub(crate) async fn ask(&self, ask: Q) -> Result<A, LedgerError> {
        let (answer, committed) = oneshot::channel();
        self.queue.send(Job { ask, answer }).await.map_err(|_| LedgerError::Closed)?;
        committed.await.map_err(|_| LedgerError::Closed)?
    }
}

async fn write<Q, A, F>(asks: Arc<Mutex<mpsc::Receiver<Job<Q, A>>>>, most: usize, commit: F)
where
    Q: Clone,
    F: Fn(Arc<[Q]>) -> BoxFuture<'static, Committed<A>>,
{
    loop {
        let mut jobs = Vec::new();
        {
            let mut asks = asks.lock().await;
            if asks.recv_many(&mut jobs, most).await == 0 {
                return;
            }
            // Lets others that are ready to ask do so, before the batch is closed.
            tokio::task::yield_now().await;
            while jobs.len() < most
                && let Ok(job) = asks.try_recv()
            {
                jobs.push(job);
            }
        }
        let (asks, answers): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.ask, job.answer)).unzip();
        let asks: Arc<[Q]> = asks.into();
        let results = match commit(asks.clone()).await {
            // The database refused a statement: perhaps for one ask's sake, which the others must not suffer for.
            Err(LedgerError::Failed { .. }) if asks.len() > 1 => one_by_one(&asks, &commit).await,
            Ok(results) => results,
            Err(error) => asks.iter().map(|_| Err(error.clone())).collect(),
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // A caller that has gone away does not want its answer; what it asked for is committed all the same.
            let _ = answer.send(result);
        }
    }
}

async fn one_by_one<Q: Clone, A, F>(asks: &[Q], commit: &F) -> Vec<Result<A, LedgerError>>
where
    F: Fn(Arc<[Q]>) -> BoxFuture<'static, Committed<A>>,
{
    let mut results = Vec::with_capacity(asks.len());
    for ask in asks {
        let committed = commit(Arc::new([ask.clone()])).await;
        results.push(committed.and_then(|mut results| results.pop().unwrap_or(Err(LedgerError::Closed))));
    }
    results
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use jiff::Timestamp;

    use super::*;

    fn runtime() -> Runtime {
        Runtime::simulated(1, Timestamp::UNIX_EPOCH)
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_together_is_committed_together() {
        let sizes = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = sizes.clone();
        let batch = Batch::start(&runtime(), 1, 100, move |asks: Arc<[u32]>| {
            seen.lock().unwrap().push(asks.len());
            async move { Ok(asks.iter().map(|ask| Ok(ask * 2)).collect()) }.boxed()
        });
        let answers = futures::future::join_all((0..250).map(|n| batch.ask(n))).await;
        for (n, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.unwrap() as usize, n * 2);
        }
        let sizes = sizes.lock().unwrap();
        assert_eq!(sizes.iter().sum::<usize>(), 250);
        assert!(sizes.len() <= 4 && sizes.iter().all(|size| *size <= 100), "{sizes:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_batch_fails_for_everyone_in_it_and_nobody_else() {
        let batch = Batch::start(&runtime(), 1, 10, |asks: Arc<[u32]>| {
            let result =
                if asks.contains(&3) { Err(LedgerError::Closed) } else { Ok(asks.iter().copied().map(Ok).collect()) };
            async move { result }.boxed()
        });
        let answers = futures::future::join_all([1, 2, 3].map(|n| batch.ask(n))).await;
        assert!(answers.iter().all(Result::is_err));
        assert_eq!(batch.ask(4).await.unwrap(), 4);
    }
}
