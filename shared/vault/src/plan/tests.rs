use domain::PlatformWords;

use super::*;
use crate::record::{Armed, Health, Word};

const NOW: i64 = 1_000_000_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(NOW + minutes * 60).unwrap()
}

fn refreshed(life: Duration, refresh_life: Option<Duration>, repeat: RefreshRepeat) -> Means {
    Means { life: TokenLife::Refreshed { life, refresh_life, repeat }, can_renew: true }
}

fn short() -> Means {
    refreshed(2 * HOUR, None, RefreshRepeat::Kills)
}

/// Connected `since` minutes from now, its token good until `ends`.
fn record(since: i64, ends: i64) -> AccountRecord {
    let token = Token { since: Some(at(since)), ends: Some(at(ends)), ..Token::default() };
    AccountRecord { token, health: Health { state: State::Ok, ..Health::default() }, ..AccountRecord::default() }
}

fn failure(code: Code, landed: Landed, worth: Worth, scope: Scope) -> Failure {
    Failure { code, landed, worth, scope, step: "renew".into(), said: PlatformWords::default() }
}

fn invalid_grant() -> Failure {
    failure(Code::TOKEN_REVOKED, Landed::No, Worth::AfterFix { fix: Fix::Reconnect }, Scope::Account)
}

fn transient(not_before: Option<Timestamp>) -> Failure {
    failure(Code::OUT_OF_ORDER, Landed::No, Worth::Retry { not_before }, Scope::Channel)
}

#[test]
fn short_lived_tokens_are_renewed_for_a_post_only_and_before_it() {
    // Minutes: end of the token, next post, when it is renewed.
    let table = [
        (60, None, None),
        (60, Some(30), None),
        (60, Some(49), None),
        (60, Some(51), Some(31)),
        (60, Some(600), Some(580)),
        (-30, Some(90), Some(70)),
        (-30, Some(5), Some(-15)),
        (-30, None, None),
    ];
    for (ends, due, expected) in table {
        let renewed = renew_at(&short(), &record(-60, ends), due.map(at), at(0), 0.0);
        assert_eq!(renewed, expected.map(at), "ends {ends}, due {due:?}");
    }
    let spread = renew_at(&short(), &record(-60, 60), Some(at(600)), at(0), 0.999).unwrap();
    assert!(at(569) < spread && spread < at(580), "accounts that are due together are not renewed together: {spread}");
}

#[test]
fn long_lived_tokens_are_renewed_in_the_last_quarter_of_their_life() {
    let means = refreshed(60 * DAY, None, RefreshRepeat::Harmless);
    let day = 24 * 60;
    assert_eq!(renew_at(&means, &record(0, 60 * day), None, at(0), 0.0), Some(at(45 * day)));
    let spread = renew_at(&means, &record(0, 60 * day), None, at(0), 1.0).unwrap();
    assert_eq!(spread, at(48 * day));
    let unknown = AccountRecord::default();
    assert_eq!(renew_at(&means, &unknown, None, at(0), 0.5), Some(at(0)), "whose end nobody knows: now");
}

#[test]
fn a_right_to_renew_that_ends_is_kept_alive_where_renewing_extends_it() {
    let day = 24 * 60;
    let idle = |repeat| renew_at(&refreshed(2 * HOUR, Some(180 * DAY), repeat), &record(0, 120), None, at(0), 0.0);
    assert_eq!(idle(RefreshRepeat::Refused), Some(at(135 * day)));
    assert_eq!(idle(RefreshRepeat::Harmless), None, "a fixed end is not moved by renewing");
}

#[test]
fn a_token_that_renews_itself_is_old_enough_first() {
    let life = TokenLife::RenewsItself { life: 60 * DAY, not_before: DAY };
    let means = Means { life, can_renew: true };
    let day = 24 * 60;
    assert_eq!(renew_at(&means, &record(0, day / 2), None, at(0), 0.0), Some(at(day)));
    assert_eq!(may_renew(&means, &record(-day / 2, 60 * day), at(0), true), May::Wait(at(day / 2)), "whoever asks");
}

#[test]
fn nothing_is_renewed_that_is_off_or_cannot_be() {
    let due = Some(at(600));
    let mut off = record(-60, 60);
    off.disabled = Some(Word { by: "ops".into(), at: at(0), note: String::new() });
    assert_eq!(renew_at(&short(), &off, due, at(0), 0.0), None);
    let cannot = Means { can_renew: false, ..short() };
    assert_eq!(renew_at(&cannot, &record(-60, 60), due, at(0), 0.0), None);
    let mut refused = record(-60, 60);
    failed(&short(), &mut refused, invalid_grant(), at(0), at(0));
    assert_eq!(renew_at(&short(), &refused, due, at(0), 0.0), None);
    let lasting = Means { life: TokenLife::Lasting, can_renew: true };
    assert_eq!(renew_at(&lasting, &record(-60, 60), due, at(0), 0.0), None);
}

#[test]
fn of_a_renewal_under_way_others_keep_away_until_it_is_over() {
    let mut busy = record(-120, 0);
    busy.renewal.armed = Some(Armed { by: "one".into(), since: at(0), until: at(5) });
    assert_eq!(may_renew(&short(), &busy, at(4), false), May::Busy(at(5)));
    assert_eq!(may_renew(&short(), &busy, at(4), true), May::Busy(at(5)), "a person waits too");
    take_over(&short(), &mut busy, at(4));
    assert!(busy.renewal.armed.is_some());
    let (mut sooner, mut later) = (busy.clone(), busy);
    take_over(&short(), &mut sooner, at(5));
    take_over(&short(), &mut later, at(50));
    assert_eq!((sooner.renewal.armed.as_ref(), sooner.renewal.in_doubt), (None, Some(at(0))));
    assert_eq!(sooner, later, "whenever it is found");
}

#[test]
fn a_lost_answer_is_asked_for_again_when_that_costs_least() {
    use RefreshRepeat::{Harmless, Kills, Refused, Within};
    let five_seconds = Duration::from_secs(5);
    let table = [
        (Harmless, 60, later(at(0), five_seconds)),
        (Refused, 60, later(at(0), five_seconds)),
        (Within(HOUR), 60, later(at(0), five_seconds)),
        (Within(Duration::MAX), 60, later(at(0), five_seconds)),
        (Kills, 60, at(59)),
        // The token is over: there is nothing to lose by waiting, nor to gain.
        (Kills, -10, later(at(0), five_seconds)),
    ];
    for (repeat, ends, expected) in table {
        let mut lost = record(-60, ends);
        let means = refreshed(2 * HOUR, None, repeat);
        let unknown = failure(Code::NO_ANSWER, Landed::Unknown, Worth::Retry { not_before: None }, Scope::Channel);
        failed(&means, &mut lost, unknown, at(0), at(0));
        assert_eq!((lost.renewal.in_doubt, lost.renewal.not_before), (Some(at(0)), Some(expected)), "{repeat:?}");
        assert_eq!(may_renew(&means, &lost, expected, false), May::Go, "{repeat:?}");
    }
    // A person may ask sooner, but not where it may cost the connection.
    for (repeat, may) in [(Kills, May::Wait(at(59))), (Refused, May::Go), (Within(HOUR), May::Go)] {
        let (mut lost, means) = (record(-60, 60), refreshed(2 * HOUR, None, repeat));
        doubt(&means, &mut lost, at(0), at(0));
        assert_eq!(may_renew(&means, &lost, at(0), true), may, "{repeat:?}");
    }
    // Of a grace that is nearly over no more than half is waited out.
    let mut lost = record(-60, 60);
    lost.renewal.failed = 9;
    doubt(&refreshed(2 * HOUR, None, Within(10 * MINUTE)), &mut lost, at(-2), at(0));
    assert_eq!(lost.renewal.not_before, Some(at(3)));
}

#[test]
fn a_doubt_is_settled_while_a_repeat_works_whether_a_post_needs_it_or_not() {
    use RefreshRepeat::{Harmless, Kills, Refused, Within};
    for (repeat, expected) in [(Within(HOUR), Some(at(5))), (Kills, None), (Refused, None), (Harmless, None)] {
        let means = refreshed(2 * HOUR, None, repeat);
        let mut lost = record(-60, 60);
        doubt(&means, &mut lost, at(0), at(1));
        assert_eq!(renew_at(&means, &lost, None, at(5), 0.0), expected, "{repeat:?}");
    }
    let means = refreshed(2 * HOUR, None, Within(HOUR));
    let mut lost = record(-60, 60);
    doubt(&means, &mut lost, at(0), at(1));
    doubt(&means, &mut lost, at(30), at(31));
    assert_eq!(renew_at(&means, &lost, None, at(31), 0.0), lost.renewal.not_before, "no sooner than it may be");
    assert_eq!(renew_at(&means, &lost, None, at(60), 0.0), Some(at(60)));
    assert_eq!(renew_at(&means, &lost, None, at(61), 0.0), None, "it is too late to matter");
    let mut cut_off = record(-60, 60);
    cut_off.renewal.armed = Some(Armed { by: "one".into(), since: at(0), until: at(5) });
    assert_eq!(renew_at(&means, &cut_off, None, at(1), 0.0), Some(at(5)), "it may still be under way");
    assert_eq!(renew_at(&means, &cut_off, None, at(9), 0.0), Some(at(9)));
    assert_eq!(renew_at(&means, &record(-60, 60), None, at(9), 0.0), None);
}

#[test]
fn waits_between_renewals_grow_and_never_undercut_the_platforms_word() {
    let means = short();
    let mut record = record(-60, 60);
    let mut waits = Vec::new();
    for _ in 0..12 {
        failed(&means, &mut record, transient(None), at(0), at(0));
        waits.push(record.renewal.not_before.unwrap().duration_since(at(0)).as_secs());
    }
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800]);
    failed(&means, &mut record, transient(Some(at(90))), at(0), at(0));
    assert_eq!(may_renew(&means, &record, at(80), false), May::Wait(at(90)));
    assert_eq!(may_renew(&means, &record, at(80), true), May::Go, "a person knows better");
}

#[test]
fn t02_only_a_refusal_of_the_account_gives_a_renewal_up() {
    let setup = Worth::AfterFix { fix: Fix::Setup };
    let table = [
        (invalid_grant(), true),
        (transient(None), false),
        (failure(Code::APP_MISCONFIGURED, Landed::No, setup, Scope::App), false),
        (Failure { landed: Landed::Unknown, ..invalid_grant() }, false),
    ];
    for (failure, gives_up) in table {
        let mut record = record(-60, 60);
        failed(&short(), &mut record, failure.clone(), at(0), at(0));
        assert_eq!(matches!(may_renew(&short(), &record, at(600), false), May::Never(_)), gives_up, "{failure:?}");
        assert_eq!(may_renew(&short(), &record, at(600), true), May::Go, "a person may ask again");
    }
}

#[test]
fn a_refused_token_is_judged_by_its_age_and_by_what_is_stored() {
    let old = record(-60, 60);
    assert_eq!(refused(&short(), &old, false, at(0)), Refused::Renewed);
    assert_eq!(refused(&short(), &old, true, at(0)), Refused::Renew);
    assert_eq!(refused(&short(), &record(0, 120), true, at(0)), Refused::Young(at(1)));
    let cannot = Means { can_renew: false, ..short() };
    assert_eq!(refused(&cannot, &old, true, at(0)), Refused::Reconnect);
    let mut again = old;
    for expected in [1, 2, 3] {
        again.token.since = Some(at(-5));
        again.renewal.refused = refusals(&again, at(0));
        assert_eq!(again.renewal.refused, expected);
    }
    assert_eq!(refused(&short(), &again, true, at(0)), Refused::Reconnect);
    again.token.since = Some(at(-90));
    assert_eq!(refusals(&again, at(0)), 1, "it worked for an hour");
}

#[test]
fn how_an_account_is_changes_as_time_passes() {
    let day = 24 * 60;
    let person = Means { life: TokenLife::Reconnected { life: 60 * DAY }, can_renew: false };
    let ends_in = |days: i64| state(&person, &record(0, days * day), at(0));
    assert_eq!([ends_in(30), ends_in(13), ends_in(-1)], [State::Ok, State::Expiring, State::NeedsReconnect]);
    // It renews itself, so its end is no matter for a person.
    assert_eq!(state(&short(), &record(-60, 60), at(0)), State::Ok);
    assert_eq!(state(&short(), &record(-600, -60), at(0)), State::Ok);
    // It can be renewed, but not beyond a fixed end.
    let fixed = refreshed(60 * DAY, Some(365 * DAY), RefreshRepeat::Harmless);
    let mut last = record(0, 60 * day);
    last.token.refresh_ends = Some(at(10 * day));
    assert_eq!(state(&fixed, &last, at(0)), State::Expiring);
    // Renewing was given up while the token still works.
    let mut given_up = record(-60, 60);
    failed(&short(), &mut given_up, invalid_grant(), at(0), at(0));
    assert_eq!(state(&short(), &given_up, at(0)), State::Expiring);
    assert_eq!(state(&short(), &given_up, at(61)), State::NeedsReconnect);
    let lasting = Means { life: TokenLife::Lasting, can_renew: true };
    (given_up.token.ends, given_up.health.state) = (None, State::Ok);
    assert_eq!(state(&lasting, &given_up, at(0)), State::Ok, "what has no end does not end soon");
    // A second use that was refused has ended the access token as well, where it kills.
    let mut killed = record(-60, 60);
    doubt(&short(), &mut killed, at(0), at(0));
    failed(&short(), &mut killed, invalid_grant(), at(59), at(59));
    assert_eq!(state(&short(), &killed, at(59)), State::NeedsReconnect);
    let mut app = record(-60, 60);
    let setup = Worth::AfterFix { fix: Fix::Setup };
    failed(&short(), &mut app, failure(Code::APP_MISCONFIGURED, Landed::No, setup, Scope::App), at(0), at(0));
    assert_eq!(state(&short(), &app, at(0)), State::Expiring, "somebody must mend the app");
    let mut lacks = record(-60, 60);
    lacks.health.state = State::LacksPermission;
    assert_eq!(state(&short(), &lacks, at(0)), State::LacksPermission);
}

#[test]
fn t07_what_a_failure_says_about_an_account() {
    let of = |fix, scope| health_of(&failure(Code::TOKEN_REVOKED, Landed::No, Worth::AfterFix { fix }, scope));
    assert_eq!(of(Fix::Reconnect, Scope::Account), Some(State::NeedsReconnect));
    assert_eq!(of(Fix::Permission, Scope::Account), Some(State::LacksPermission));
    assert_eq!(of(Fix::Account, Scope::Account), Some(State::Restricted));
    assert_eq!(of(Fix::Content, Scope::Account), None);
    assert_eq!(of(Fix::Setup, Scope::Account), None);
    assert_eq!(of(Fix::Reconnect, Scope::Post), None);
    assert_eq!(health_of(&transient(None)), None);
}

#[test]
fn renewals_that_fail_are_told_before_posts_wait_for_them() {
    let with = |ends: i64, change: fn(&mut Renewal)| {
        let mut record = record(-100, ends);
        change(&mut record.renewal);
        state(&short(), &record, at(0))
    };
    let failing: fn(&mut Renewal) = |renewal| renewal.failed = 1;
    let lost: fn(&mut Renewal) = |renewal| renewal.in_doubt = Some(at(-5));
    // Whoever began it is gone, or has only just begun.
    let gone: fn(&mut Renewal) = |renewal| {
        renewal.armed = Some(Armed { by: "w".into(), since: at(-1), until: at(4) });
    };
    let begun: fn(&mut Renewal) = |renewal| {
        renewal.armed = Some(Armed { by: "w".into(), since: at(0), until: at(5) });
    };
    for (change, soon) in
        [(failing, State::Expiring), (lost, State::Expiring), (gone, State::Expiring), (begun, State::Ok)]
    {
        assert_eq!([with(21, change), with(20, change), with(-1, change)], [State::Ok, soon, soon]);
    }
}

#[test]
fn what_is_under_way_is_tried_again_when_its_time_is_over_and_not_before() {
    let mut renewal = Renewal { not_before: Some(at(2)), ..Renewal::default() };
    assert_eq!([at(0), at(2)].map(|now| tried_again(&renewal, now)), [Some(at(2)), None]);
    // What was planned before it began is past.
    renewal.armed = Some(Armed { by: "w".into(), since: at(2), until: at(7) });
    assert_eq!([at(3), at(7)].map(|now| tried_again(&renewal, now)), [Some(at(7)), None]);
}

#[test]
fn whoever_wants_a_renewal_now_is_told_why_it_waits() {
    let young = Means { life: TokenLife::RenewsItself { life: 60 * DAY, not_before: DAY }, can_renew: true };
    assert!(why_not_now(&young, &record(-60, 9000), at(0)).contains("old enough"));
    let mut doubt = record(-60, 60);
    doubt.renewal.in_doubt = Some(at(-5));
    assert!(why_not_now(&short(), &doubt, at(0)).contains("was lost"));
    doubt.renewal.armed = Some(Armed { by: "w".into(), since: at(0), until: at(5) });
    assert!(why_not_now(&short(), &doubt, at(0)).contains("under way"));
}

#[test]
fn what_came_of_a_renewal_counts_until_something_better_is_stored() {
    let armed = |by: &str| Some(Armed { by: by.into(), since: at(0), until: at(1) });
    let record = |renewed, armed| AccountRecord {
        token: Token { renewed, ..Token::default() },
        renewal: Renewal { armed, ..Renewal::default() },
        ..AccountRecord::default()
    };
    let sent = record(3, armed("we"));
    // How often what is stored was renewed, whose renewal is under way, whether what ours was made by is stored still, when, and what
    // becomes of new tokens, and of a failure.
    let table = [
        (3, armed("we"), true, 0, (Late::Counts, Late::Counts)),
        (3, armed("others"), true, 0, (Late::Waits, Late::Lapsed)),
        (3, armed("others"), true, 1, (Late::Counts, Late::Lapsed)),
        (3, armed("others"), false, 0, (Late::Lapsed, Late::Lapsed)),
        (3, None, true, 0, (Late::Counts, Late::Lapsed)),
        (0, None, true, 0, (Late::Counts, Late::Lapsed)),
        (0, None, false, 0, (Late::Lapsed, Late::Lapsed)),
        (4, None, true, 0, (Late::Lapsed, Late::Lapsed)),
        (4, None, false, 0, (Late::Lapsed, Late::Lapsed)),
        // Ours was stored, its answer was lost, and others renew it again already.
        (4, armed("others"), false, 0, (Late::Lapsed, Late::Lapsed)),
        (4, armed("others"), true, 0, (Late::Lapsed, Late::Lapsed)),
    ];
    for (renewed, whose, is_same, now, becomes) in table {
        let stored = record(renewed, whose);
        let told = [true, false].map(|is_renewed| late(&sent, &stored, is_renewed, is_same, at(now)));
        assert_eq!((told[0], told[1]), becomes, "{stored:?}, {is_same}");
    }
}
