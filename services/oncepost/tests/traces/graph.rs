//! What hangs below what.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_semantic_conventions::attribute;
use simulation::Fault;

use crate::{
    kept::{Kept, attributes},
    story::{Named, UPSTREAM, UPSTREAM_NOT_SAMPLED, publish},
};

#[tokio::test(start_paused = true)]
async fn one_trace_leads_from_the_request_through_every_part_to_the_result() {
    let (kept, _listening) = Kept::listen(1.0);
    publish(Named::Nowhere, []).await;
    let parents: Vec<_> = kept.spans().iter().map(|span| (span.name.to_string(), kept.parent(span))).collect();
    let expected = [
        ("process oncepost.schedule", "none"),
        ("accept", "process oncepost.schedule"),
        ("tell", "process oncepost.schedule"),
        ("publish oncepost.events:post.accepted", "tell"),
        ("hand over", "process oncepost.schedule"),
        ("publish oncepost.publish.key", "hand over"),
        ("process oncepost.publish.key", "publish oncepost.publish.key"),
        ("attempt", "process oncepost.publish.key"),
        ("tell", "attempt"),
        ("publish oncepost.events:target.published", "tell"),
    ];
    let expected: BTreeSet<_> = expected.map(|(name, parent)| (name.to_owned(), parent.to_owned())).into();
    assert_eq!(parents.into_iter().collect::<BTreeSet<_>>(), expected);
    let traces: BTreeSet<_> = kept.spans().iter().map(|span| span.span_context.trace_id().to_string()).collect();
    assert_eq!(traces.len(), 1, "one trace");
}

#[tokio::test(start_paused = true)]
async fn upstreams_trace_goes_on_wherever_it_is_named() {
    for named in [Named::InTheHeader(UPSTREAM), Named::InTheBody(UPSTREAM)] {
        let (kept, _listening) = Kept::listen(0.0);
        publish(named, []).await;
        let spans = kept.spans();
        assert!(spans.len() >= 10, "the caller's decision to keep it counts, whatever ours would be: {}", spans.len());
        for span in &spans {
            assert_eq!(span.span_context.trace_id().to_string(), UPSTREAM[3..35], "{}", span.name);
        }
        let first = &kept.named("process oncepost.schedule")[0];
        assert_eq!(first.parent_span_id.to_string(), UPSTREAM[36..52]);
        let remote: Vec<_> = spans.iter().filter(|span| kept.parent(span) == "remote").map(|span| &span.name).collect();
        assert_eq!(remote, ["process oncepost.schedule"], "no other span is without its parent");
    }
}

#[tokio::test(start_paused = true)]
async fn what_upstream_does_not_keep_is_not_kept() {
    let (kept, _listening) = Kept::listen(1.0);
    publish(Named::InTheHeader(UPSTREAM_NOT_SAMPLED), [Fault::Unreachable]).await;
    assert_eq!(kept.spans().iter().map(|span| &span.name).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_in_the_trace_and_tied_to_the_one_before() {
    let (kept, _listening) = Kept::listen(1.0);
    publish(Named::InTheHeader(UPSTREAM), [Fault::Unreachable, Fault::Unreachable]).await;
    let attempts = kept.named("attempt");
    assert_eq!(attempts.len(), 3);
    for (earlier, later) in attempts.iter().zip(&attempts[1..]) {
        let links: Vec<_> = later.links.iter().map(|link| link.span_context.span_id()).collect();
        assert_eq!(links, [earlier.span_context.span_id()]);
    }
    let numbers: Vec<_> = attempts.iter().map(|span| attributes(span)["oncepost.attempt"].clone()).collect();
    assert_eq!(numbers, ["1", "2", "3"]);
    let ends: Vec<_> =
        attempts.iter().map(|span| (span.status == Status::error(""), attributes(span).remove("error.type"))).collect();
    assert_eq!(ends, [(true, Some("OP-3001".into())), (true, Some("OP-3001".into())), (false, None)]);
    // The message that comes again is still the one that the scheduler made.
    let made = kept.named("publish oncepost.publish.key").remove(0).span_context.span_id();
    for process in kept.named("process oncepost.publish") {
        assert_eq!(process.parent_span_id, made, "{process:?}");
    }
}

/// What waits longer than the retry tiers comes back in a new message, which the ledger has made.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_the_ledger_brings_back_is_tied_to_the_one_before() {
    let (kept, _listening) = Kept::listen(1.0);
    publish(Named::InTheHeader(UPSTREAM), [Fault::Unreachable; 6]).await;
    assert!(kept.named("hand over").len() > 1, "the tiers carried all of it: nothing is tried here");
    let attempts = kept.named("attempt");
    assert_eq!(attempts.len(), 7);
    for (earlier, later) in attempts.iter().zip(&attempts[1..]) {
        let links: Vec<_> = later.links.iter().map(|link| link.span_context.span_id()).collect();
        assert_eq!(links, [earlier.span_context.span_id()], "{:?}", attributes(later)["oncepost.attempt"]);
    }
}

/// Of the conventions' crate: a name that is not there is misspelt, or is from another version.
#[tokio::test(start_paused = true)]
async fn attributes_are_those_of_the_conventions_or_our_own() {
    let known = BTreeSet::from([
        attribute::ERROR_TYPE,
        attribute::MESSAGING_BATCH_MESSAGE_COUNT,
        attribute::MESSAGING_DESTINATION_NAME,
        attribute::MESSAGING_MESSAGE_ID,
        attribute::MESSAGING_OPERATION_NAME,
        attribute::MESSAGING_OPERATION_TYPE,
        attribute::MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY,
        attribute::MESSAGING_RABBITMQ_MESSAGE_DELIVERY_TAG,
        attribute::MESSAGING_SYSTEM,
    ]);
    let (kept, _listening) = Kept::listen(1.0);
    publish(Named::Nowhere, [Fault::Unreachable]).await;
    let mut kinds = BTreeMap::new();
    for span in kept.spans() {
        for name in attributes(&span).into_keys().filter(|name| !name.starts_with("oncepost.")) {
            assert!(known.contains(&*name), "{} has {name}", span.name);
        }
        kinds.insert(span.name.split(' ').next().unwrap().to_owned(), span.span_kind.clone());
    }
    let kind = |word: &str| kinds[word].clone();
    assert_eq!(
        [kind("publish"), kind("process"), kind("attempt")],
        [SpanKind::Producer, SpanKind::Consumer, SpanKind::Internal]
    );
    let process = attributes(&kept.named("process oncepost.publish")[0]);
    assert_eq!(process[attribute::MESSAGING_OPERATION_TYPE], "process");
    assert_eq!(process[attribute::MESSAGING_DESTINATION_NAME], "oncepost.publish.key");
    assert!(process.contains_key("oncepost.target.id"));
}

#[tokio::test(start_paused = true)]
async fn a_posts_text_is_in_no_span() {
    let (kept, _listening) = Kept::listen(1.0);
    publish(Named::Nowhere, [Fault::Unreachable]).await;
    assert!(!format!("{:?}", kept.spans()).contains("this is the text"));
}

#[tokio::test(start_paused = true)]
async fn lines_tell_the_trace_the_span_and_the_target() {
    let (kept, _listening) = Kept::listen(1.0);
    publish(Named::InTheHeader(UPSTREAM), [Fault::Unreachable]).await;
    let lines = kept.lines();
    let failed = lines.iter().find(|line| line["code"] == "OP-3001").unwrap_or_else(|| panic!("{lines:#?}"));
    let attempt = &kept.named("attempt")[0];
    assert_eq!(failed["trace_id"], UPSTREAM[3..35]);
    assert_eq!(failed["span_id"], attempt.span_context.span_id().to_string());
    assert_eq!(failed["target.id"], attributes(&kept.named("hand over")[0])["oncepost.target.id"]);
}
