//! What every transport promises, shown over both, and what RabbitMQ in particular survives.
//!
//! The half over RabbitMQ needs one: `make test` starts it and sets `ONCEPOST_TEST_AMQP`.

extern crate oncepost_broker as broker;

mod faults;
mod ipv6;
mod proxy;
mod rabbit;
mod server;
mod suite;
mod suite_looking;
mod suite_settling;
mod world;

/// Every promise once over each transport.
macro_rules! over_both {
    ($($suite:ident: $($promise:ident),+;)+) => {
        mod in_memory {
            $($(
                #[tokio::test(start_paused = true)]
                async fn $promise() {
                    let world = crate::world::World::memory();
                    crate::$suite::$promise(&world).await;
                }
            )+)+
        }

        mod over_rabbit {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    let world = crate::world::World::rabbit().await;
                    crate::$suite::$promise(&world).await;
                    world.tidy().await;
                }
            )+)+
        }
    };
}

over_both! {
    suite:
        a_message_arrives_as_it_was_sent,
        what_has_no_queue_is_an_error,
        each_of_many_hears_of_its_own_message,
        a_retry_returns_to_its_channel_and_not_early,
        q07_a_retry_that_nobody_takes_back_is_caught,
        an_event_needs_no_listener_and_reaches_those_there_are,
        schedule_requests_and_refusals_have_their_queues,
        a_queue_is_counted_and_emptied,
        asking_for_a_queue_that_is_not_there_is_an_error,
        five_thousand_at_once_arrive_exactly_once,
        a_closed_transport_says_so;
    suite_settling:
        what_a_dropped_inbox_held_comes_again,
        a_dropped_message_comes_again_at_once,
        a_receipt_outlived_by_its_inbox_only_is_worthless,
        no_more_than_the_prefetch_is_out,
        after_the_last_message_was_taken_open_ones_can_be_settled,
        poison_ends_in_the_dead_letters,
        a_poisonous_request_ends_among_the_refused;
    suite_looking:
        a_look_sees_all_and_takes_nothing,
        a_look_that_is_given_up_at_any_moment_holds_nothing,
        however_often_it_is_looked_at_no_letter_is_lost_or_moved,
        what_is_taken_out_is_gone_and_the_rest_stands_as_it_stood,
        those_who_look_at_the_same_time_all_see_all,
        where_somebody_else_takes_letters_nobody_looks,
        what_is_behind_the_letters_in_hand_is_told,
        a_letter_that_comes_during_a_look_is_there_afterwards,
        looking_where_there_is_no_queue_is_an_error;
}
