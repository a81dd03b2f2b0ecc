//! Looking through a channel's dead letters without taking them away.
//!
//! AMQP has no way to read a queue. A look takes letters in hand as a consumer does, keeps them while they are looked at, and gives
//! them back all at once by ending its consumer: they stand where they stood, in their order, and only the broker's count of their
//! deliveries has grown, towards a limit that no number of looks reaches ([`crate::topology::KEPT`]). A process that dies in the
//! middle gives them back in the same way. While a look lasts nobody else sees the queue whole, so there is one at a time: who comes
//! second, or finds another consumer there, withdraws.

use std::time::Duration;

use futures::{StreamExt, stream};
use runtime::Runtime;

use crate::{BrokerError, Depth, Inbox, Incoming, Message, Receipt, Source, Transport};

/// The most letters that one look holds: as many as AMQP lets a consumer ask for.
pub const MOST_HELD: u16 = u16::MAX;

/// How long nothing may come of what has to come.
const QUIET: Duration = Duration::from_secs(5);

/// How often a look is tried while others take from the queue…
const TRIES: usize = 30;

/// …and at least how long it waits in between; five times as long at most.
const PAUSE: Duration = Duration::from_millis(50);

/// Acknowledgements on their way at once.
const ABREAST: usize = 512;

/// Why a channel's dead letters could not be looked through. All are where they were.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// Somebody else takes from the queue, and nobody can tell what they hold.
    #[error("{consumers} other consumers hold dead letters of {channel}")]
    Busy {
        /// The channel.
        channel: String,
        /// How many.
        consumers: u64,
    },
    /// The broker could not be asked.
    #[error("the dead letters cannot be looked through")]
    Broker(#[source] BrokerError),
}

impl From<BrokerError> for LookError {
    fn from(error: BrokerError) -> Self {
        Self::Broker(error)
    }
}

/// Letters in hand, each as what was read of it. Dropped, it gives all of them back.
pub struct Look<T> {
    /// Those that were looked at, the first in the queue first.
    pub letters: Vec<T>,
    /// At least how many there are behind them. Zero: the letters are all that the queue holds.
    pub more: u64,
    hand: Option<Hand>,
}

/// What keeps letters out of the queue.
struct Hand {
    /// Without it they are back.
    inbox: Option<Box<dyn Inbox>>,
    receipts: Vec<Receipt>,
}

impl Drop for Hand {
    /// Ends the consumer, which returns everything at once and in order. One by one, each letter would be a command of its own in the
    /// queue's log.
    fn drop(&mut self) {
        drop(self.inbox.take());
        self.receipts.drain(..).for_each(Receipt::forget);
    }
}

impl<T> Look<T> {
    /// Takes the dead letters of `channel` in hand, at most `most` of them, and keeps what `read` makes of each. Waits a few seconds
    /// for others who look.
    ///
    /// # Errors
    /// The broker is away, there is no such queue, or somebody else takes from it.
    pub async fn at(
        transport: &dyn Transport,
        runtime: &Runtime,
        channel: &str,
        most: u16,
        read: impl Fn(Message) -> T + Send + Sync,
    ) -> Result<Self, LookError> {
        let asked = Asked { transport, runtime, channel, most: most.into(), read };
        for _ in 1..TRIES {
            match asked.look().await {
                // Two that came at once and withdrew must not come at once again.
                Err(LookError::Busy { .. }) => runtime.sleep(runtime.jittered(PAUSE, 4.0)).await,
                ended => return ended,
            }
        }
        asked.look().await
    }

    /// Takes the letters for which `is_over`, which is asked once for each and in their order, out of the queue for good, gives the
    /// others back, and returns how many were taken.
    ///
    /// What could not be acknowledged, because the connection ended, is back in the queue and not counted.
    pub async fn take_out(self, mut is_over: impl FnMut(&T) -> bool) -> usize {
        let Some(mut hand) = self.hand else { return 0 };
        let mut over = Vec::new();
        for (letter, receipt) in self.letters.iter().zip(std::mem::take(&mut hand.receipts)) {
            if is_over(letter) { over.push(receipt) } else { hand.receipts.push(receipt) }
        }
        if let Some(inbox) = &mut hand.inbox {
            // Else each acknowledgement makes room for a letter from behind, which would come back before the first ones.
            inbox.stop_taking().await;
        }
        let acknowledged = stream::iter(over).map(Receipt::ack).buffer_unordered(ABREAST);
        acknowledged.filter(|settled| std::future::ready(settled.is_ok())).count().await
    }
}

/// What is looked for, and how.
struct Asked<'a, R> {
    transport: &'a dyn Transport,
    runtime: &'a Runtime,
    channel: &'a str,
    most: usize,
    read: R,
}

impl<T, R: Fn(Message) -> T + Send + Sync> Asked<'_, R> {
    async fn look(&self) -> Result<Look<T>, LookError> {
        let before = self.depth(0).await?;
        if before.ready == 0 {
            return Ok(Look { letters: Vec::new(), more: 0, hand: None });
        }
        let connected = self.transport.status().since;
        let prefetch = u16::try_from(self.most).unwrap_or(MOST_HELD);
        let mut hand = Hand { inbox: None, receipts: Vec::new() };
        let inbox = hand.inbox.insert(self.transport.consume(self.source(), prefetch).await?);
        let mut look = Look { letters: Vec::new(), more: 0, hand: None };
        let mut expected = self.up_to_most(before.ready);
        self.depth(1).await?;
        loop {
            while look.letters.len() < expected
                && let Some(incoming) = self.runtime.within(QUIET, inbox.next()).await
            {
                let Incoming { message, receipt, .. } = incoming.ok_or(BrokerError::Closed)?;
                look.letters.push((self.read)(message));
                hand.receipts.push(receipt);
            }
            // Over a new connection comes again what came over the old one.
            if self.transport.status().since != connected {
                return Err(BrokerError::Lost { source: None }.into());
            }
            let now = self.depth(1).await?;
            let missing = expected - look.letters.len();
            look.more = now.ready.max(missing as u64);
            if now.ready == 0 || missing > 0 || look.letters.len() == self.most {
                look.hand = Some(hand);
                return Ok(look);
            }
            expected = self.up_to_most(look.letters.len() as u64 + now.ready);
        }
    }

    /// How full the queue is, if nobody takes from it but us.
    async fn depth(&self, own: u64) -> Result<Depth, LookError> {
        let depth = self.transport.depth(self.source()).await?;
        match depth.consumers.saturating_sub(own) {
            0 => Ok(depth),
            consumers => Err(LookError::Busy { channel: self.channel.into(), consumers }),
        }
    }

    fn source(&self) -> Source {
        Source::Dead { channel: self.channel.into() }
    }

    fn up_to_most(&self, count: u64) -> usize {
        usize::try_from(count).unwrap_or(usize::MAX).min(self.most)
    }
}
