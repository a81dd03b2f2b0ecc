//! Publishing: many callers, one task that writes.
//!
//! One task, because lapin takes a confirm's number and queues the frames in two steps: two tasks publishing on one channel can swap
//! numbers, and then each hears of the other's fate. And because returned messages can only be judged together (see [`super::returns`]).
//! Callers do not wait for each other: whatever is asked while the task is busy leaves in one write.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection,
    message::BasicReturnMessage,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::{
    convert, declare,
    drain::Batches,
    returns::{Confirmed, Identity, Returns, Routed},
};
use crate::{BrokerError, Message, PublishError, address::Address, measure};

/// How many publishes may await their confirm at once; more wait their turn.
const IN_FLIGHT: usize = 8192;

/// How many requests are taken up in one go.
const BATCH: usize = 512;

/// A publish that someone waits for.
pub(super) struct Request {
    identity: Identity,
    exchange: ShortString,
    key: ShortString,
    mandatory: bool,
    properties: BasicProperties,
    body: bytes::Bytes,
    waiter: Waiter,
}

/// The one who waits.
struct Waiter {
    answer: oneshot::Sender<Result<(), PublishError>>,
    handed_over: Arc<AtomicBool>,
    asked_at: Timestamp,
}

/// The caller's end of a [`Request`].
pub(super) struct Pending {
    pub answer: oneshot::Receiver<Result<(), PublishError>>,
    /// Set just before the message is given to the connection: from then on it may have been sent.
    pub handed_over: Arc<AtomicBool>,
}

impl Request {
    pub(super) fn new(address: Address, message: Message, now: Timestamp) -> Result<(Self, Pending), PublishError> {
        let (sender, receiver) = oneshot::channel();
        let handed_over = Arc::new(AtomicBool::new(false));
        let request = Self {
            exchange: convert::short(&address.exchange, "the exchange")?,
            key: convert::short(&address.key, "the routing key")?,
            mandatory: address.mandatory,
            properties: convert::properties(&message)?,
            identity: Identity { id: message.id.unwrap_or_default(), exchange: address.exchange, key: address.key },
            body: message.body,
            waiter: Waiter { answer: sender, handed_over: handed_over.clone(), asked_at: now },
        };
        Ok((request, Pending { answer: receiver, handed_over }))
    }

    /// Nobody waits any more.
    fn forsaken(&self) -> bool {
        self.waiter.answer.is_closed()
    }
}

/// A publish whose confirm is awaited.
struct Sent {
    identity: Identity,
    waiter: Waiter,
}

/// Serves `requests` over `connection` until it fails, and says why.
pub(super) async fn serve(
    connection: &Connection,
    requests: &mut mpsc::Receiver<Request>,
    runtime: &Runtime,
    confirm_limit: Duration,
) -> BrokerError {
    let channel = match open(connection).await {
        Ok(channel) => channel,
        Err(error) => return error,
    };
    let clock = runtime.clock();
    let mut awaited = Batches::new();
    let mut returns = Returns::new();
    let mut taken = Vec::with_capacity(BATCH);
    let mut last_progress = runtime.now();
    let mut watchdog = clock.sleep(confirm_limit / 4);
    loop {
        tokio::select! {
            finished = awaited.next() => {
                last_progress = runtime.now();
                if let Err(error) = settle(finished, &mut returns, awaited.len() == 0, last_progress) {
                    return error;
                }
            }
            count = requests.recv_many(&mut taken, BATCH), if awaited.len() < IN_FLIGHT => {
                if count == 0 {
                    return BrokerError::Closed;
                }
                if awaited.len() == 0 {
                    last_progress = runtime.now();
                }
                let blocked = connection.status().blocked();
                for request in taken.drain(..).filter(|request| !request.forsaken()) {
                    if blocked {
                        let source = Some(Arc::new(BrokerError::Blocked));
                        request.waiter.answer(Err(PublishError::Unreachable { source }));
                    } else {
                        awaited.push(send(channel.clone(), request));
                    }
                }
            }
            () = &mut watchdog => {
                watchdog = clock.sleep(confirm_limit / 4);
                let silent = Duration::try_from(runtime.now().duration_since(last_progress)).unwrap_or_default();
                // A blocked broker confirms nothing, and a new connection would be blocked as well.
                if awaited.len() > 0 && silent >= confirm_limit && !connection.status().blocked() {
                    return BrokerError::TimedOut { operation: "confirm any message".into(), limit: confirm_limit };
                }
            }
        }
    }
}

async fn open(connection: &Connection) -> Result<Channel, BrokerError> {
    let channel = declare::open(connection).await?;
    let confirm = channel.confirm_select(ConfirmSelectOptions::default()).await;
    confirm.map_err(|error| declare::failed("switch confirms on", error))?;
    Ok(channel)
}

async fn send(channel: Channel, request: Request) -> (Sent, lapin::Result<Confirmation>) {
    let Request { identity, exchange, key, mandatory, properties, body, waiter } = request;
    let options = BasicPublishOptions { mandatory, ..BasicPublishOptions::default() };
    waiter.handed_over.store(true, Ordering::SeqCst);
    let confirmed = match channel.basic_publish(exchange, key, options, &body, properties).await {
        Ok(confirm) => confirm.await,
        Err(error) => Err(error),
    };
    (Sent { identity, waiter }, confirmed)
}

/// Answers those whose publish is decided; `last` if nothing is awaited any more.
///
/// # Errors
/// If the channel has ended, and with it everything that is still awaited.
fn settle(
    finished: Vec<(Sent, lapin::Result<Confirmation>)>,
    returns: &mut Returns<Option<Sent>>,
    last: bool,
    now: Timestamp,
) -> Result<(), BrokerError> {
    let mut ended = None;
    let mut confirmed = Vec::with_capacity(finished.len());
    for (sent, result) in finished {
        match result {
            Ok(confirmation @ Confirmation::Nack(_)) => {
                let identity = sent.identity.clone();
                sent.waiter.answer(Err(PublishError::Refused { key: sent.identity.key }));
                // A return that came with a refusal is another message's, and must be seen all the same.
                if let Some(returned) = confirmation.take_message() {
                    confirmed.push(Confirmed { identity, publish: None, carried: Some(identify(&returned)) });
                }
            }
            Ok(confirmation) => {
                let carried = confirmation.take_message().as_ref().map(identify);
                confirmed.push(Confirmed { identity: sent.identity.clone(), publish: Some(sent), carried });
            }
            Err(error) => {
                let error = Arc::new(BrokerError::Lost { source: Some(Arc::new(error)) });
                sent.waiter.answer(Err(PublishError::Unknown { source: error.clone() }));
                ended = Some(error);
            }
        }
    }
    for (sent, routed) in returns.judge(confirmed, last) {
        let Some(Sent { identity, waiter }) = sent else { continue };
        match routed {
            Routed::Yes => {
                measure::confirmed_after(Duration::try_from(now.duration_since(waiter.asked_at)).unwrap_or_default());
                waiter.answer(Ok(()));
            }
            Routed::No => {
                waiter.answer(Err(PublishError::Unroutable { exchange: identity.exchange, key: identity.key }));
            }
        }
    }
    ended.map_or(Ok(()), |error| Err(BrokerError::clone(&error)))
}

impl Waiter {
    fn answer(self, answer: Result<(), PublishError>) {
        // Who has stopped waiting does not want to know.
        let _ = self.answer.send(answer);
    }
}

fn identify(returned: &BasicReturnMessage) -> Identity {
    Identity {
        id: returned.properties.message_id().as_ref().map(ToString::to_string).unwrap_or_default(),
        exchange: returned.exchange.to_string(),
        key: returned.routing_key.to_string(),
    }
}
