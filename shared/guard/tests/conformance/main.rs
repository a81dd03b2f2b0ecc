//! What every guard must do, run over each implementation.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod agree;
mod hints;
mod limits;
mod lock;
mod world;

use world::World;

/// Runs each named check over memory (on a virtual clock) and over Redis.
macro_rules! over_both {
    ($($room:ident { $($check:ident)+ })+) => {
        mod memory {
            $($(#[tokio::test(start_paused = true)]
            async fn $check() {
                crate::$room::$check(&crate::World::memory()).await;
            })+)+
        }
        mod redis {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let world = crate::World::redis();
                crate::$room::$check(&world).await;
                world.guard.wipe().await.unwrap();
            })+)+
        }
    };
}

over_both! {
    lock {
        exactly_one_of_a_hundred_gets_it
        the_same_token_takes_again_for_the_whole_ttl
        a_release_by_another_does_nothing
        a_release_frees_at_once
        it_expires
        renewing_keeps_it
        renewing_what_is_not_ours_does_nothing
        ttls_of_nothing_and_of_ages_are_taken
    }
    hints {
        are_read_back_and_replaced
        expire
        know_nothing_of_locks
        a_wipe_forgets_everything
    }
    limits {
        no_scopes_is_go
        a_cool_down_holds_until_its_time
        a_cool_down_is_never_shortened
        a_cool_down_may_last_for_ever
        a_cool_down_keeps_its_reason_to_the_letter
        a_rate_gives_its_burst_and_then_one_per_span
        a_hundred_at_once_share_one_burst
        all_scopes_or_none
        a_wait_names_the_latest_scope
        a_wait_costs_nothing
        a_scope_named_twice_counts_once
    }
}
