//! What is done to the processes while posts go out.

use std::time::Duration;

use testkit::servers::Server;

use super::{Act, Ground, MANY_WORKERS, UP};
use crate::{
    Done,
    stack::{Role, Running},
};

/// How long a store stays away after all have started without it.
const AWAY: Duration = Duration::from_secs(3);

/// Does what the options say, and lets all posts come in the end.
///
/// # Errors
/// A process did not do what it should.
pub async fn act(ground: &mut Ground<'_>) -> Done {
    let acted = match ground.options.act {
        Act::Drain => drain(ground).await,
        Act::Roll => roll(ground).await,
        Act::Scale => scale(ground).await,
        Act::Start => start(ground).await,
    };
    ground.more();
    acted
}

async fn drain(ground: &mut Ground<'_>) -> Done {
    ground.more();
    ground.until_out(0.25).await?;
    ground.until_in_flight().await?;
    let worker = ground.stack.take(Role::Worker)?;
    ground.end(worker).await?;
    ground.stack.start(Role::Worker)
}

async fn roll(ground: &mut Ground<'_>) -> Done {
    ground.more();
    ground.until_out(0.1).await?;
    for role in [Role::Worker, Role::Scheduler, Role::Keeper, Role::Notifier] {
        for _ in 0..ground.stack.processes().iter().filter(|one| one.role == role).count() {
            ground.stack.start(role)?;
            newest(ground)?.until_ready(UP).await?;
            let old = ground.stack.take(role)?;
            ground.end(old).await?;
        }
    }
    // Its port is one: the old one goes first, and callers try again.
    let old = ground.stack.take(Role::Api)?;
    ground.end(old).await?;
    ground.stack.start(Role::Api)?;
    newest(ground)?.until_ready(UP).await
}

async fn scale(ground: &mut Ground<'_>) -> Done {
    ground.until_out(0.1).await?;
    for _ in 1..MANY_WORKERS {
        ground.stack.start(Role::Worker)?;
    }
    for one in ground.stack.processes() {
        one.until_ready(UP).await?;
    }
    ground.more();
    // More than the first half can have brought: two targets each, every sixth of three parts.
    ground.until_out(1.5).await?;
    ground.until_in_flight().await?;
    let surplus = (1..MANY_WORKERS).map(|_| ground.stack.take(Role::Worker)).collect::<Done<Vec<_>>>()?;
    ground.end_all(surplus).await
}

async fn start(ground: &mut Ground<'_>) -> Done {
    ground.more();
    for (share, part) in [(0.2, "broker"), (0.4, "ledger")] {
        ground.until_out(share).await?;
        let all = ground.stack.take_all();
        let roles: Vec<_> = all.iter().map(|one| one.role).collect();
        ground.end_all(all).await?;
        server(ground, part)?.kill().await?;
        for role in roles {
            ground.stack.start(role)?;
        }
        for one in ground.stack.processes() {
            one.until(UP, |_, told| told["checks"][part]["ok"] == false).await?;
        }
        tokio::time::sleep(AWAY).await;
        server(ground, part)?.start_again().await?;
        for one in ground.stack.processes() {
            one.until(UP, |status, told| status == 200 && told["checks"][part]["ok"] == true).await?;
        }
    }
    Ok(())
}

fn newest<'a>(ground: &'a Ground<'_>) -> Done<&'a Running> {
    ground.stack.processes().last().ok_or_else(|| "no process runs".into())
}

fn server<'a>(ground: &'a Ground<'_>, part: &str) -> Done<&'a Server> {
    let servers = ground.stack.servers.as_ref().ok_or("the stack has no servers of its own")?;
    Ok(if part == "broker" { &servers.rabbit } else { &servers.postgres })
}
