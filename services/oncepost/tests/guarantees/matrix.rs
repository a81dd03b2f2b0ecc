//! What can go wrong, what then happens with each kind of repeat safety, and which tests show it.

/// One thing that can go wrong.
struct Row {
    /// What goes wrong.
    wrong: &'static str,
    /// What happens: with a platform key, with a handle, with a look-up, with nothing.
    happens: [&'static str; 4],
    /// The tests that show it.
    shown: &'static [&'static str],
}

const SAME: &str = "the same";
const SENT: &str = "sent again; nobody is needed";
const PERSON: &str = "on the operators' list; never sent again by itself";

const ROWS: &[Row] = &[
    Row {
        wrong: "the worker dies before anything is armed",
        happens: [SENT, SAME, SAME, SAME],
        shown: &["m08_a_worker_that_dies_before_arming_needs_nobody"],
    },
    Row {
        wrong: "the worker dies once a call is armed: before it, in it, after it",
        happens: ["repeated with the same key", "the handle is asked for", "looked for", PERSON],
        shown: &["with_a_platform_key", "with_a_handle", "with_a_look_up", "with_nothing"],
    },
    Row {
        wrong: "it dies between the platform's answer and the ledger's commit",
        happens: ["the hint in Redis settles it, or as above", SAME, SAME, "the hint settles it; without it, a person"],
        shown: &["a_hint_settles_what_the_platform_cannot"],
    },
    Row {
        wrong: "the post is out and the answer is lost, late, cut in half, or a 5xx",
        happens: ["repeated with the same key: the first post's id comes back", "the handle is found", "found", PERSON],
        shown: &[
            "q06_p6_two_percent_of_answers_are_lost_after_publishing",
            "with_nothing_to_look_at_a_lost_answer_needs_a_person_and_is_never_sent_again",
        ],
    },
    Row {
        wrong: "the request is lost on the way",
        happens: [
            "repeated with the same key: now it goes out",
            "not there: sent again",
            "not there, once the listing can be trusted: sent again",
            PERSON,
        ],
        shown: &["a_request_that_was_lost_on_the_way_is_found_absent_and_sent_again"],
    },
    Row {
        wrong: "the platform refuses in words that nobody knows, though the post is out",
        happens: ["in doubt, as above", SAME, SAME, PERSON],
        shown: &[
            "d01_a_refusal_that_nobody_knows_is_in_doubt",
            "d01_d18_an_error_after_the_publish_point_is_in_doubt_whatever_it_says_of_retrying",
        ],
    },
    Row {
        wrong: "success without an id",
        happens: ["in doubt, as above", SAME, SAME, PERSON],
        shown: &[
            "o10_success_without_an_id_is_looked_for_and_proved",
            "m04_a_run_that_ends_with_no_outcome_is_not_a_success",
        ],
    },
    Row {
        wrong: "the doubt grows older than the platform's memory",
        happens: ["the listing decides; without one, a person", "a handle has no age", "a listing has no age", PERSON],
        shown: &["a_key_is_used_only_while_the_platform_surely_remembers_it", "a_forgotten_key_leaves_the_look_up"],
    },
    Row {
        wrong: "the platform cannot be asked",
        happens: ["asked again, 12 times with growing waits; then a person", SAME, SAME, PERSON],
        shown: &["o05_looks_have_their_own_budget_and_end_with_an_owner"],
    },
    Row {
        wrong: "a thread breaks in the middle",
        happens: [
            "goes on at the first part that is not out",
            SAME,
            SAME,
            "the open part: a person; then on from there",
        ],
        shown: &[
            "d15_a_thread_resumes_where_it_stopped",
            "m15_o10_a_thread_part_without_proof_is_in_doubt_like_any_other",
        ],
    },
    Row {
        wrong: "the platform takes it and decides later",
        happens: ["`processing`, polled until its verdict; a late refusal is a failure", SAME, SAME, SAME],
        shown: &[
            "m07_processing_outlives_everything_and_ends_with_a_person",
            "o02_m17_accepted_is_not_published_and_a_late_refusal_is_a_failure",
        ],
    },
    Row {
        wrong: "surely not sent: no name, no connection, no TLS, our own error",
        happens: ["tried again, eight times over about an hour and a half; then a person", SAME, SAME, SAME],
        shown: &["o03_sixty_seconds_without_network_need_nobody"],
    },
    Row {
        wrong: "Redis is away or loses everything",
        happens: ["slower, not wrong", SAME, SAME, SAME],
        shown: &["p3_redis_is_wiped_and_goes_away_in_mid_run", "redis_killed_emptied_and_started_again"],
    },
    Row {
        wrong: "RabbitMQ dies, doubles or loses every message",
        happens: ["the ledger hands over again; of two messages one begins", SAME, SAME, SAME],
        shown: &[
            "m20_p3_every_queue_is_emptied_in_mid_run",
            "d11_d03_messages_double_confirms_are_lost_and_the_broker_restarts",
            "q01_q02_rabbitmq_killed_and_started_again",
        ],
    },
    Row {
        wrong: "PostgreSQL is away",
        happens: ["publishing stops, nothing is lost", SAME, SAME, SAME],
        shown: &["p3_with_the_ledger_away_publishing_stops_and_nothing_is_lost", "postgresql_killed_and_started_again"],
    },
    Row {
        wrong: "processes are asked to end in mid-publish, replaced one by one, many more and fewer again",
        happens: ["each ends what it has begun; no attempt is cut off", SAME, SAME, SAME],
        shown: &[
            "a_worker_finishes_what_it_sends_and_leaves_the_rest",
            "a_worker_asked_to_end_in_mid_publish_cuts_no_attempt_off",
            "every_process_is_replaced_under_load",
            "one_worker_becomes_eight_and_one_again_under_load",
        ],
    },
    Row {
        wrong: "processes start while RabbitMQ or PostgreSQL is away",
        happens: ["they wait, say for what, and go on by themselves", SAME, SAME, SAME],
        shown: &[
            "whoever_starts_without_stores_waits_says_for_what_and_goes_on_by_itself",
            "everything_is_started_while_rabbitmq_and_then_postgresql_is_away",
        ],
    },
    Row {
        wrong: "PostgreSQL is put back to an earlier time, or a standby that lacks the last commits takes over",
        happens: [
            "nothing is sent until a person says since when; then the account's posts decide, and without them a person; the key is not used",
            "the same, with the handle where it is still known",
            "nothing is sent until a person says since when; then looked for",
            "nothing is sent until a person says since when; then on the operators' list",
        ],
        shown: &[
            "after_a_restore_nothing_goes_out_twice_and_nothing_is_missed",
            "after_a_restore_a_spent_refresh_token_costs_a_reconnect_and_neither_a_miss_nor_a_duplicate",
            "a_ledger_that_was_put_back_sends_and_accepts_nothing_until_somebody_vouches_for_it",
            "what_waits_is_looked_for_before_it_is_sent",
        ],
    },
    Row {
        wrong: "an operator presses retry, or moves a dead letter back, while the outcome is unknown",
        happens: ["refused; the doubt is settled first", SAME, SAME, "refused; only a typed decision sends it again"],
        shown: &["a_dead_letter_moved_back_by_hand_is_a_retry_and_never_a_duplicate"],
    },
];

pub fn render() -> String {
    let mut lines = vec![
        "| what goes wrong | platform key | handle | look-up | nothing | shown by |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    for Row { wrong, happens, shown } in ROWS {
        let tests: Vec<_> = shown.iter().map(|test| format!("`{test}`")).collect();
        lines.push(format!("| {wrong} | {} | {} |", happens.join(" | "), tests.join(", ")));
    }
    lines.join("\n") + "\n"
}
