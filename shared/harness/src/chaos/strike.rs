//! Carries out what the timetable says.

use std::{sync::Arc, time::Duration};

use broker::{Source, Tier, Transport};
use jiff::Timestamp;
use testkit::Server;
use tokio::{task::JoinSet, time::Instant};

use super::{
    Chaos,
    timetable::{Event, Thing, Timed},
};
use crate::Done;

/// The channels whose queues there are.
pub const CHANNELS: [&str; 3] = ["bluesky", "mastodon", "webhook"];
/// How long a queue is tried to be emptied while the broker is away, and a server to be started.
const PATIENCE: Duration = Duration::from_secs(180);

/// Lets everything go wrong, each at its time and side by side, and returns when all of it is over and mended.
///
/// # Errors
/// Something could not be broken, or not be mended again.
pub async fn all(chaos: &Arc<Chaos>, timetable: Vec<Timed>) -> Done {
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for Timed { at, event } in timetable {
        let chaos = chaos.clone();
        tasks.spawn(async move {
            tokio::time::sleep_until(begin + at).await;
            strike(&chaos, event).await
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

async fn strike(chaos: &Chaos, event: Event) -> Done {
    match event {
        Event::Kill { thing: Thing::Process(role), which, down, abort_at } => {
            let fitting: Vec<_> = chaos.seats.iter().filter(|seat| seat.role == role).collect();
            let seat = fitting.get(which % fitting.len().max(1)).ok_or("no such process")?;
            seat.kill(&chaos.stack, down, abort_at, &chaos.record).await
        }
        Event::Kill { thing, down, .. } => kill_server(chaos, thing, down).await,
        Event::Network { which, strand, trouble, span } => {
            let fitting: Vec<_> = chaos.seats.iter().filter(|seat| seat.web.has(strand)).collect();
            let seat = fitting.get(which % fitting.len().max(1)).ok_or("no such strand")?;
            chaos.record.troubled(trouble.name());
            seat.web.trouble(strand, trouble, span).await
        }
        Event::Purge => {
            chaos.record.purged(purge(&chaos.transport).await?);
            Ok(())
        }
    }
}

async fn kill_server(chaos: &Chaos, thing: Thing, down: Duration) -> Done {
    let (server, busy) = match thing {
        Thing::RabbitMq => (&chaos.servers.rabbit, &chaos.busy[0]),
        Thing::Redis => (&chaos.servers.redis, &chaos.busy[1]),
        _ => (&chaos.servers.postgres, &chaos.busy[2]),
    };
    let _busy = busy.lock().await;
    let killed = Timestamp::now();
    server.kill().await?;
    tokio::time::sleep(down).await;
    if thing == Thing::Redis {
        server.wipe().await?;
    }
    start_again(server).await?;
    chaos.record.killed(thing.name(), killed, Timestamp::now());
    Ok(())
}

/// Starts a server again, however often it takes: while it was dead somebody else on this machine may have taken one of its ports
/// for a while.
async fn start_again(server: &Server) -> Done {
    let give_up = Instant::now() + PATIENCE;
    loop {
        match server.start_again().await {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > give_up => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

/// Empties every queue, and says how many messages were lost with that.
async fn purge(transport: &dyn Transport) -> Done<u64> {
    let own = CHANNELS.map(|channel| Source::Publish { channel: channel.into() });
    let dead = CHANNELS.map(|channel| Source::Dead { channel: channel.into() });
    let retry = Tier::ALL.map(|tier| Source::Retry { tier });
    let mut lost = 0;
    for source in own.into_iter().chain(dead).chain(retry).chain([Source::Schedule, Source::Rejected]) {
        let give_up = Instant::now() + PATIENCE;
        lost += loop {
            match transport.purge(source.clone()).await {
                Ok(lost) => break lost,
                Err(error) if Instant::now() > give_up => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(300)).await,
            }
        };
    }
    Ok(lost)
}
