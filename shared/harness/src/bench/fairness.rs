//! Nobody waits for somebody else: not for a tenant with a great many posts, nor for an account that may not publish faster.

use std::time::Duration;

use super::{
    beats::beats,
    figure::{Aim, Figure},
    ground::{Ground, Options, Parts, share},
    platform::Platform,
};
use crate::Done;

/// How many posts wait for the account that may publish once a second.
const WAITING: usize = 500;
/// How often is looked at others meanwhile.
const BEATS: usize = 5;

/// Another tenant's posts while `crowd` targets of one tenant are due at once, and others' posts while one account is at its limit.
///
/// # Errors
/// Not everything goes out.
pub async fn fairness(options: &Options, crowd: usize) -> Done<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let many = Platform::start(Duration::ZERO, 'a').await?.of("many");
    let few = Platform::start(Duration::ZERO, 'b').await?.of("few");
    let limited = Platform::start(Duration::ZERO, 'c').await?.of("limited").with_accounts(1).limited("1s");
    let mut ground = Ground::start(Parts::Real, options, folder.path(), &[&many, &few, &limited]).await?;

    let due = ground.soon(crowd)?;
    ground.schedule(crowd, due, &many).await?;
    let beside_many = beats(&mut ground, &few, || many.instant.posts() < crowd).await?;

    let due = ground.soon(WAITING)?;
    ground.schedule(WAITING, due, &limited).await?;
    let mut turns = 0..BEATS;
    let beside_limited = beats(&mut ground, &few, || turns.next().is_some()).await?;
    // What waits for the limited account would take minutes yet, and is the one tenant's own affair.
    ground.stop().await?;

    let figure = |name: String, value| Figure::new("fairness", Parts::Real.name(), name, value);
    let crowd = format!("beside {crowd} of one tenant");
    Ok(vec![
        figure(format!("p50_ms {crowd}"), share(&beside_many, 0.5)?),
        figure(format!("p99_ms {crowd}"), share(&beside_many, 0.99)?).aim(Aim::Below(1_000.0)),
        figure(format!("max_ms {crowd}"), share(&beside_many, 1.0)?).aim(Aim::Below(1_000.0)),
        figure("p99_ms beside an account at its limit".into(), share(&beside_limited, 0.99)?).aim(Aim::Below(1_000.0)),
    ])
}
