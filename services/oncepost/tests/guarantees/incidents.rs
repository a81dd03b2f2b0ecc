//! What failed the users of other tools, each with an id. Each is a test of ours whose name begins with it, as `d01_…` or
//! `d17_m08_…`.

use std::collections::BTreeSet;

use crate::page::tests;

/// Every incident: its id, and what happened to somebody.
const INCIDENTS: &[(&str, &str)] = &[
    ("d01", "an error at the publish call, though the post was out; a person tried again"),
    ("d02", "a token ended while a status was polled; everything began anew"),
    ("d03", "a connection that was cut after sending was taken for not sent"),
    ("d05", "a state that never said published was retried without end"),
    ("d06", "a job ran longer than its queue allowed, and a second worker got it"),
    ("d07", "several workers looked at a post and then sent it"),
    ("d08", "a batch took longer than its tick and was worked on twice"),
    ("d09", "publish now was pressed while the scheduler was at it"),
    ("d11", "one message was enqueued for several workers"),
    ("d12", "weeks of posts went out within minutes"),
    ("d14", "a gateway timed out though the post was made, and clients tried again"),
    ("d15", "a thread that broke in the middle began a second time"),
    ("d17", "what had crashed after the call was put back as not published"),
    ("d18", "an unknown outcome was not told apart from not sent"),
    ("d20", "the same text was queued twice"),
    ("m01", "scheduled posts did not go out, without a trace"),
    ("m02", "one post was stuck and nobody could look at it or push it"),
    ("m03", "one channel's posts stayed in the queue"),
    ("m04", "a run ended without an outcome"),
    ("m05", "a publish call hung, and nothing was logged"),
    ("m06", "a poll without a limit"),
    ("m07", "a platform said in progress, and never anything else"),
    ("m08", "claimed, and the job never ran"),
    ("m09", "publishing for ever, because nobody worked"),
    ("m10", "handing over failed and was swallowed"),
    ("m11", "due work that a filter left out"),
    ("m14", "picked up too late and refused in silence"),
    ("m15", "only the first part of a thread was published, and it was shown as done"),
    ("m16", "success was assumed where no error was seen"),
    ("m17", "accepted was shown as published, and rejected later"),
    ("m19", "a wrong filter, a wrong state: due posts never sent"),
    ("m20", "an outage, and scheduled posts were gone"),
    ("t01", "a reconnection stored an empty refresh token"),
    ("t02", "any error of a renewal was taken for a dead token"),
    ("t04", "several workers renewed a token that is good once"),
    ("t06", "a dead session was tried thirty times"),
    ("t07", "a missing permission was taken for a dead token"),
    ("t08", "it was not known which networks replace refresh tokens"),
    ("t09", "an app's cap failed every post by itself"),
    ("e01", "a read after the publish failed, and the post was shown as failed"),
    ("e02", "one picture could not be fetched once, and the post failed for good"),
    ("e04", "posting too fast was taken for a refusal for good"),
    ("e05", "media not found, right after they were ready"),
    ("e07", "the failure's text was \"unknown\""),
    ("e08", "an alarm did not say which account or which post"),
    ("e09", "a limit that nobody had written down stopped a thread"),
    ("e10", "a window of 24 hours was not named, and users came back too soon"),
    ("r01", "an app's limit was taken for one post's fault"),
    ("r02", "posts that were too fast failed for good"),
    ("r03", "a limit is waited out by all whom it concerns"),
    ("s01", "every post an hour early, for want of a zone"),
    ("s03", "local time was taken for UTC"),
    ("s04", "a valid date was refused, another was ignored"),
    ("s05", "late in the evening nothing could be scheduled for the same day"),
    ("c01", "deleted posts were published all the same"),
    ("c02", "no way to change a post, and errors with status 200"),
    ("c04", "the calendar showed one time and the engine fired at another"),
    ("c05", "what was deleted came back with an edit"),
    ("x01", "the platform could not fetch the media"),
    ("x02", "variants of media were deleted while they were still needed"),
    ("x03", "minutes of polling on an error that stood in another field"),
    ("w01", "every event named the wrong thing"),
    ("w02", "nobody heard of a failed post"),
    ("w03", "a lock was held during a call"),
    ("q01", "after the broker came back, workers were connected and took nothing"),
    ("q02", "what was done came back after the broker was killed"),
    ("q03", "twenty thousand due in one second: none went out"),
    ("q04", "what had just become due was an error"),
    ("q05", "work that was not due was held until the broker closed the channel"),
    ("q06", "requests without an answer were all sent again"),
    ("q07", "a retry came back with a key that nobody took"),
    ("o01", "a later call was refused, and all of it was done again"),
    ("o02", "still processing was recorded as live"),
    ("o03", "a minute without network made everything manual work"),
    ("o04", "a doubt that could never be closed"),
    ("o05", "\"will be checked\", and nothing ever checked"),
    ("o06", "calls went out while the platform said wait"),
    ("o07", "a healthy account was reported as dead"),
    ("o08", "our own hiccup lost a post"),
    ("o09", "switching a channel off failed its posts"),
    ("o10", "success without an id was recorded as published"),
    ("o11", "after an outage all old posts went out at once"),
];

/// The ids that test names begin with.
fn tested() -> BTreeSet<String> {
    let is_id = |part: &&str| matches!(part.as_bytes(), [letter, tens, ones] if letter.is_ascii_lowercase() && tens.is_ascii_digit() && ones.is_ascii_digit());
    tests().iter().flat_map(|name| name.split('_').take_while(is_id).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn every_incident_is_a_test_by_its_id() {
    let tested = tested();
    let missing: Vec<_> = INCIDENTS.iter().filter(|(id, _)| !tested.contains(*id)).collect();
    assert!(missing.is_empty(), "no test's name begins with the id of {missing:#?}");
}

#[test]
fn every_id_that_a_test_begins_with_is_an_incident() {
    let known: BTreeSet<_> = INCIDENTS.iter().map(|(id, _)| (*id).to_owned()).collect();
    let unknown: Vec<_> = tested().difference(&known).cloned().collect();
    assert!(unknown.is_empty() && known.len() == INCIDENTS.len(), "no incidents: {unknown:?}");
}
