//! How much disk a target costs while it waits.

use crate::{
    house::House,
    making::{channel, post_of},
};

/// A year of posts of a large customer must fit: under 1 KB for each pending target, its post and all indexes included.
pub async fn a_pending_target_costs_less_than_a_kilobyte(house: &House) {
    const POSTS: usize = 100_000;
    let channels = ["mastodon", "bluesky", "instagram", "webhook"];
    let mut stored = 0;
    while stored < POSTS {
        let posts: Vec<_> = (stored..stored + 1_000)
            .map(|n| {
                let owner = format!("tenant-{}", n % 50);
                // Ids made later sort later, as in life.
                house.clock.advance(std::time::Duration::from_millis(1));
                let mut post = post_of(house, &owner, &[(channels[n % 4], "main")], house.later(n as u64));
                post.key = format!("order-2026-{n:0>8}");
                // 200 characters on average.
                post.content.text = "x".repeat(150 + n * 37 % 101);
                let target = &post.targets[0];
                assert_eq!(target.channel, channel(channels[n % 4]));
                // What intake answers, without its explanations.
                post.answer = serde_json::json!({
                    "version": 1,
                    "post": post.id,
                    "targets": [{
                        "target": target.id,
                        "channel": target.channel,
                        "account": target.account,
                        "due_at": target.due_at,
                    }],
                });
                post
            })
            .collect();
        house.accept(posts).await;
        // Told at once, as the outbox does it.
        let events = house.ledger.untold(std::time::Duration::ZERO, 1_000).await.unwrap();
        house.ledger.told(&events.iter().map(|event| event.id).collect::<Vec<_>>()).await.unwrap();
        stored += 1_000;
    }
    let mut server = house.server().await;
    let sizes: Vec<(String, i64)> = sqlx::query_as(
        "SELECT relname::text, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' \
         AND relnamespace = current_schema()::regnamespace AND relname IN ('posts', 'targets', 'marks', 'attempts')",
    )
    .fetch_all(&mut server)
    .await
    .unwrap();
    let each = sizes.iter().map(|(_, size)| size).sum::<i64>() / POSTS as i64;
    tracing::info!(each, "bytes for each pending target");
    assert!(each < 1_000, "{each} bytes for each pending target: {sizes:?}");
}
