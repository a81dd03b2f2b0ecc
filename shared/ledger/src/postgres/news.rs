//! The server tells of new work: a connection of its own that listens, and connects again when it breaks.

use std::{sync::Arc, time::Duration};

use runtime::Runtime;
use sqlx::{PgPool, postgres::PgListener};
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// The channel's name: one for each schema, and never too long.
macro_rules! channel {
    () => {
        "'oncepost_' || md5(current_schema())"
    };
}
pub(super) use channel;

/// How long to wait before connecting again.
const RECONNECT: Duration = Duration::from_secs(1);

/// Starts listening until `stop`. Not hearing anything is harmless: schedulers poll.
pub(super) fn listen(runtime: &Runtime, pool: PgPool, world: Arc<World>, stop: CancellationToken) {
    // A task of its own, as long as the ledger lives: it is not one of those that a drain waits for.
    let runtime = runtime.sibling();
    let waiting = runtime.clone();
    runtime.spawn(async move {
        let listening = async {
            loop {
                if let Err(error) = hear(&pool, &world).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "the ledger's news are not heard");
                }
                waiting.sleep(RECONNECT).await;
            }
        };
        tokio::select! {
            () = listening => {}
            () = stop.cancelled() => {}
        }
        pool.close().await;
    });
}

async fn hear(pool: &PgPool, world: &World) -> Result<(), sqlx::Error> {
    let channel: String = sqlx::query_scalar(concat!("SELECT ", channel!())).fetch_one(pool).await?;
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(&channel).await?;
    // `None` is a lost connection: something may have been missed, so look.
    loop {
        let heard = listener.try_recv().await?;
        world.ring();
        if heard.is_none() {
            return Ok(());
        }
    }
}
