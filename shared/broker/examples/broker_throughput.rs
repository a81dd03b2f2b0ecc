//! Measures publishing with confirms and consuming with acknowledgements over the broker in `ONCEPOST_TEST_AMQP`.
//!
//! `cargo run --release -p oncepost-broker --example broker_throughput [messages] [in flight]`

extern crate oncepost_broker as broker;

use std::{error::Error, time::Duration};

use broker::{Destination, Outgoing, Rabbit, RabbitSettings, Source, Transport};
use futures::{StreamExt, stream, stream::FuturesUnordered};
use runtime::Runtime;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let messages = numbers.next().transpose()?.unwrap_or(50_000);
    let in_flight = numbers.next().transpose()?.unwrap_or(1_000);
    let runtime = Runtime::system();
    let url = std::env::var("ONCEPOST_TEST_AMQP")?.parse()?;
    let mut settings = RabbitSettings::new(url, "throughput", vec!["bench".into()]);
    settings.prefix = "throughput".into();
    let rabbit = Rabbit::connect(&runtime, settings).await?;
    let queue = Source::Publish { channel: "bench".into() };
    rabbit.purge(queue.clone()).await?;

    let began = runtime.now();
    let mut failures = 0_usize;
    let mut sending = stream::iter(0..messages)
        .map(|number| {
            let to = Destination::Publish { channel: "bench".into() };
            rabbit.publish(Outgoing::json(to, number.to_string(), vec![b'x'; 600]))
        })
        .buffer_unordered(in_flight);
    while let Some(sent) = sending.next().await {
        failures += usize::from(sent.is_err());
    }
    drop(sending);
    report("published", messages, runtime.now().duration_since(began).try_into()?);

    let began = runtime.now();
    let mut inbox = rabbit.consume(queue, 200).await?;
    let mut settling = FuturesUnordered::new();
    let mut settled = 0;
    while settled < messages - failures {
        tokio::select! {
            Some(incoming) = inbox.next() => settling.push(incoming.ack()),
            Some(result) = settling.next() => { result?; settled += 1; }
        }
    }
    report("consumed", settled, runtime.now().duration_since(began).try_into()?);
    rabbit.close().await;
    Ok(())
}

#[allow(clippy::print_stdout, reason = "an example prints what it measures")]
fn report(what: &str, count: usize, took: Duration) {
    println!("{what} {count} in {took:.2?}: {:.0}/s", count as f64 / took.as_secs_f64());
}
