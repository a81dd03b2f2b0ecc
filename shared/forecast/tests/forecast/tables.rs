//! The pure core, by tables.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use channels::{Cap, CapOf, RefreshRepeat, Registry, TokenLife, What, Window};
use domain::{Code, Content, Draft, Failure, Fix, Landed, Pause, PauseScope, PostId, Scope, State, TargetId, Worth};
use jiff::{SignedDuration, Timestamp};
use ledger::UpcomingTarget;
use oncepost_forecast::{Full, Known, Sender, Sending, World, fill, judge};
use uuid::Uuid;
use vault::{
    View,
    plan::{self, Means},
    record::{self, AccountRecord, Armed, Word},
};

use crate::world::{CAPS, HOUR, NOON, failure, name, registry};

const REFRESHED: TokenLife =
    TokenLife::Refreshed { life: Duration::from_secs(7200), refresh_life: None, repeat: RefreshRepeat::Harmless };

fn hours(hours: i64) -> Timestamp {
    NOON.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
}

/// A post due in ten hours.
fn target() -> UpcomingTarget {
    let name = name("acme/told/main");
    UpcomingTarget {
        target: TargetId(Uuid::from_u128(1)),
        post: PostId(Uuid::from_u128(2)),
        tenant: name.tenant,
        channel: name.channel,
        account: name.account,
        app: None,
        due_at: hours(10),
        next: hours(10),
        deadline: None,
        state: State::Scheduled,
        last_failure: None,
        draft: Draft(Content { text: "x".into(), ..Content::default() }),
    }
}

/// An account as the vault would show it.
fn view(life: TokenLife, can_renew: bool, change: impl FnOnce(&mut AccountRecord)) -> View {
    let mut record = AccountRecord { holds: vec!["token".into(), "refresh_token".into()], ..AccountRecord::default() };
    change(&mut record);
    let means = Means { life, can_renew };
    View {
        name: name("acme/told/main"),
        state: plan::state(&means, &record, hours(0)),
        base_url: None,
        ends: means.ends(&record.token),
        can_renew,
        means,
        record,
    }
}

struct Stage {
    channels: Registry,
    accounts: BTreeMap<vault::AccountName, Known>,
    pauses: Vec<Pause>,
    goes: HashMap<TargetId, Timestamp>,
    full: HashMap<TargetId, Vec<Full>>,
    media: HashMap<String, Failure>,
    kept: HashSet<(TargetId, String)>,
    can_seal: bool,
}

impl Stage {
    fn with(view: View) -> Self {
        Self {
            channels: registry(),
            accounts: [(view.name.clone(), Known { view, faults: Vec::new() })].into(),
            pauses: Vec::new(),
            goes: HashMap::new(),
            full: HashMap::new(),
            media: HashMap::new(),
            kept: HashSet::new(),
            can_seal: true,
        }
    }

    fn risks(&self, target: &UpcomingTarget) -> Vec<oncepost_forecast::Risk> {
        let Self { channels, accounts, pauses, goes, full, media, kept, can_seal } = self;
        let world = World { now: hours(0), channels, accounts, pauses, goes, full, media, kept, can_seal: *can_seal };
        judge(target, &world)
    }

    fn says(&self, target: &UpcomingTarget) -> String {
        let risks = self.risks(target);
        risks.iter().map(|risk| format!("{} {}", risk.verdict.name(), risk.reason)).collect::<Vec<_>>().join(", ")
    }
}

fn well() -> View {
    view(REFRESHED, true, |_| {})
}

#[test]
fn tokens_and_their_renewals() {
    let ends = |at: i64| move |record: &mut AccountRecord| record.token.ends = Some(hours(at));
    let refused = failure(Code::TOKEN_REVOKED, Landed::No, Worth::AfterFix { fix: Fix::Reconnect });
    let failing = failure(Code::OUT_OF_ORDER, Landed::No, Worth::Retry { not_before: None });
    let reconnected = TokenLife::Reconnected { life: 60 * 24 * HOUR };
    let itself = TokenLife::RenewsItself { life: 60 * 24 * HOUR, not_before: 24 * HOUR };
    let broken = |state| move |record: &mut AccountRecord| record.health.state = state;
    let table: Vec<(&str, View, &str)> = vec![
        ("no end is known", well(), ""),
        ("it outlives its post", view(REFRESHED, false, ends(11)), ""),
        ("it ends at its post's time", view(REFRESHED, false, ends(10)), "will_fail token_ends"),
        ("it ends and is renewed", view(REFRESHED, true, ends(5)), ""),
        ("only a person renews it", view(reconnected, false, ends(5)), "will_fail token_ends"),
        ("it renews itself", view(itself, true, ends(5)), ""),
        ("it could have renewed itself", view(itself, true, ends(-1)), "will_fail token_ends"),
        (
            "refused for good",
            view(REFRESHED, true, |record| {
                ends(5)(record);
                record.renewal.failure = Some(refused.clone());
                record.renewal.failed = 1;
            }),
            "will_fail token_ends",
        ),
        (
            "refused, and it lasts long enough",
            view(REFRESHED, true, |record| {
                ends(11)(record);
                record.renewal.failure = Some(refused.clone());
            }),
            "",
        ),
        (
            "failing",
            view(REFRESHED, true, |record| {
                ends(5)(record);
                record.renewal.failure = Some(failing.clone());
                record.renewal.failed = 3;
            }),
            "at_risk renewal_fails",
        ),
        (
            "in doubt",
            view(REFRESHED, true, |record| {
                ends(5)(record);
                record.renewal.in_doubt = Some(hours(-1));
                record.renewal.failed = 1;
            }),
            "at_risk renewal_in_doubt",
        ),
        (
            "begun, and nothing heard of it since",
            view(REFRESHED, true, |record| {
                ends(5)(record);
                record.renewal.armed = Some(Armed { by: "w".into(), since: hours(-1), until: hours(1) });
            }),
            "at_risk renewal_in_doubt",
        ),
        (
            "the last token that it gives ends before",
            view(REFRESHED, true, |record| {
                ends(1)(record);
                record.token.refresh_ends = Some(hours(7));
            }),
            "will_fail token_ends",
        ),
        (
            "the last token that it gives may do",
            view(REFRESHED, true, |record| {
                ends(1)(record);
                record.token.refresh_ends = Some(hours(9));
            }),
            "at_risk token_ends",
        ),
        ("dead", view(REFRESHED, true, broken(record::State::NeedsReconnect)), "will_fail needs_reconnect"),
        ("poor", view(REFRESHED, true, broken(record::State::LacksPermission)), "will_fail permission_missing"),
        ("restricted", view(REFRESHED, true, broken(record::State::Restricted)), "will_fail restricted"),
        (
            "dead and ending is told once",
            view(REFRESHED, false, |record| {
                ends(5)(record);
                record.health.state = record::State::NeedsReconnect;
            }),
            "will_fail needs_reconnect",
        ),
        (
            "switched off, and dead",
            view(REFRESHED, true, |record| {
                record.disabled = Some(Word { by: "ann".into(), at: hours(-1), note: String::new() });
                record.health.state = record::State::NeedsReconnect;
            }),
            "will_fail needs_reconnect, at_risk disabled",
        ),
    ];
    for (what, view, expected) in table {
        assert_eq!(Stage::with(view).says(&target()), expected, "{what}");
    }
}

#[test]
fn why_a_token_cannot_be_renewed_is_said_with_what_to_do() {
    let held = |names: &'static [&'static str]| {
        move |record: &mut AccountRecord| {
            record.token.ends = Some(hours(5));
            record.holds = names.iter().map(|name| (*name).to_owned()).collect();
        }
    };
    let reconnected = TokenLife::Reconnected { life: HOUR };
    let table = [
        (view(REFRESHED, false, held(&["token"])), true, "no refresh token", "with a refresh token"),
        (view(REFRESHED, false, held(&["token", "refresh_token"])), true, "client_id", "client id and secret"),
        (
            view(REFRESHED, false, held(&["token", "refresh_token"])),
            false,
            "no key in vault.keys",
            "oncepost vault key",
        ),
        (view(reconnected, false, held(&["token"])), false, "to persons only", "Connect the account again"),
    ];
    for (view, can_seal, why, remedy) in table {
        let risks = Stage { can_seal, ..Stage::with(view) }.risks(&target());
        assert!(risks[0].sentence.contains(why) && risks[0].remedy.contains(remedy), "{why}: {risks:#?}");
    }
}

#[test]
fn deadlines_and_paces() {
    let due = |deadline: Option<i64>| UpcomingTarget { deadline: deadline.map(hours), ..target() };
    // The deadline, the hour in which the pace lets it out.
    let table = [
        (None, None, ""),
        (Some(11), None, ""),
        (Some(10), None, "will_fail deadline"),
        (Some(9), None, "will_fail deadline"),
        (Some(9), Some(12), "will_fail deadline"),
        (None, Some(10), ""),
        (None, Some(11), "at_risk pace"),
        (Some(12), Some(11), "at_risk pace"),
        (Some(11), Some(11), "will_fail pace"),
    ];
    for (deadline, goes, expected) in table {
        let mut stage = Stage::with(well());
        stage.goes.extend(goes.map(|at| (target().target, hours(at))));
        assert_eq!(stage.says(&due(deadline)), expected, "{deadline:?} {goes:?}");
    }
    let mut stage = Stage::with(well());
    stage.goes.insert(target().target, hours(10) + SignedDuration::from_mins(5));
    assert_eq!(stage.says(&target()), "", "five minutes are no news");
    let overdue = UpcomingTarget { due_at: hours(-2), next: hours(-2), ..target() };
    assert_eq!(Stage::with(well()).says(&overdue), "", "that it is late already is no forecast");
    let expired = UpcomingTarget { deadline: Some(hours(0)), ..overdue };
    assert_eq!(Stage::with(well()).says(&expired), "will_fail deadline");
}

/// What an account sends, as minutes, what each takes of the first cap, and its deadline.
fn sender(caps: &'static [Cap], app: Option<&str>, first: u128, sends: &[(i64, u32, Option<i64>)]) -> Sender {
    let minutes = |minutes: i64| hours(0) + SignedDuration::from_mins(minutes);
    let sends = sends.iter().zip(first..).map(|(&(at, takes, deadline), id)| Sending {
        target: TargetId(Uuid::from_u128(id)),
        at: minutes(at),
        deadline: deadline.map(minutes),
        takes: vec![takes; caps.len()],
    });
    let app = app.map(|app| ("told".parse().unwrap(), app.parse().unwrap()));
    Sender { caps, app, sends: sends.collect() }
}

/// Which targets are held up, in minutes when the cap is reached and when there is room.
fn held(senders: Vec<Sender>) -> Vec<(u128, i64, i64)> {
    let minutes = |at: Timestamp| at.duration_since(hours(0)).as_mins();
    let full = fill(senders).into_iter().flat_map(|(target, full)| {
        full.into_iter().map(move |full| (target.0.as_u128(), minutes(full.reached), minutes(full.room)))
    });
    let mut full: Vec<_> = full.collect();
    full.sort_unstable();
    full
}

const fn cap(most: u32, hours: u64, of: CapOf) -> Cap {
    Cap { most, per: Duration::from_secs(hours * 3600), window: Window::Sliding, of, what: What::Posts }
}

#[test]
fn caps_are_windows_that_slide_over_what_is_sent() {
    const TWO: &[Cap] = &[cap(2, 1, CapOf::Account)];
    let one = |at| (at, 1, None);
    type Sends = Vec<(i64, u32, Option<i64>)>;
    type Held = Vec<(u128, i64, i64)>;
    let table: Vec<(&str, Sends, Held)> = vec![
        ("as many as it takes", vec![one(0), one(0)], vec![]),
        ("one more", vec![one(0), one(10), one(20)], vec![(3, 10, 60)]),
        ("one more when the first has left the window", vec![one(0), one(10), one(60)], vec![]),
        ("one more a moment before", vec![one(0), one(10), one(59)], vec![(3, 10, 60)]),
        (
            "whoever was held up counts from then on",
            vec![one(0), one(10), one(20), one(65)],
            vec![(3, 10, 60), (4, 60, 70)],
        ),
        ("out of order", vec![one(20), one(10), one(0)], vec![(1, 10, 60)]),
        ("of nothing", vec![one(0), one(0), (0, 0, None), one(60)], vec![]),
        ("parts count each", vec![(0, 2, None), one(30)], vec![(2, 0, 60)]),
        ("a thread that goes on later", vec![one(0), (10, 3, None)], vec![(2, 10, 70)]),
        (
            "what expires meanwhile takes nothing",
            vec![one(0), one(10), (20, 1, Some(60)), one(30)],
            vec![(3, 10, 60), (4, 10, 60)],
        ),
        ("what is over before its time takes nothing", vec![(0, 1, Some(0)), one(0), one(0)], vec![]),
    ];
    for (what, sends, expected) in table {
        assert_eq!(held(vec![sender(TWO, None, 1, &sends)]), expected, "{what}");
    }
}

#[test]
fn each_cap_counts_what_the_ones_before_it_let_through() {
    const BOTH: &[Cap] = &[cap(1, 1, CapOf::Account), cap(2, 24, CapOf::Account)];
    assert_eq!(
        held(vec![sender(BOTH, None, 1, &[(0, 1, None), (0, 1, None), (0, 1, None)])]),
        [(2, 0, 60), (3, 60, 120), (3, 60, 24 * 60)],
        "the third waits for both"
    );
    assert_eq!(
        held(vec![sender(BOTH, None, 1, &[(0, 1, None), (0, 1, None), (0, 1, Some(30))])]),
        [(2, 0, 60), (3, 60, 120)],
        "what expires at the first is not told of the second"
    );
    const SHARED: &[Cap] = &[cap(2, 1, CapOf::Account), cap(3, 1, CapOf::App)];
    let (two, later) = ([(0, 1, None), (10, 1, None)], [(20, 1, None), (30, 1, None)]);
    let of = |app, first, sends| sender(SHARED, app, first, sends);
    assert_eq!(held(vec![of(Some("a"), 1, &two), of(Some("a"), 3, &later)]), [(4, 20, 60)], "accounts of one app");
    assert_eq!(held(vec![of(Some("a"), 1, &two), of(Some("b"), 3, &later)]), [], "of two");
    assert_eq!(held(vec![of(None, 1, &two), of(None, 3, &later)]), [], "of none that is known");
    const APP: &[Cap] = &[cap(1, 1, CapOf::App)];
    assert_eq!(held(vec![sender(APP, None, 1, &two)]), [(2, 0, 60)], "an account alone has an app, too");
}

#[test]
fn a_full_window_fails_what_expires_before_only_if_it_is_known_to_slide() {
    // The deadline, how the span is counted, whose cap.
    let table = [
        (None, Window::Sliding, CapOf::Account, "at_risk cap", Some(Code::RATE_LIMITED_ACCOUNT)),
        (None, Window::Fixed, CapOf::App, "at_risk cap", Some(Code::RATE_LIMITED_APP)),
        (Some(13), Window::Sliding, CapOf::Account, "at_risk cap", Some(Code::RATE_LIMITED_ACCOUNT)),
        (Some(12), Window::Sliding, CapOf::Account, "will_fail cap", Some(Code::DEADLINE_PASSED)),
        (Some(12), Window::Fixed, CapOf::Account, "at_risk cap", Some(Code::RATE_LIMITED_ACCOUNT)),
        (Some(9), Window::Sliding, CapOf::Account, "will_fail deadline", Some(Code::DEADLINE_PASSED)),
    ];
    for (deadline, window, of, expected, code) in table {
        let mut stage = Stage::with(well());
        let cap = Cap { window, of, ..CAPS[0] };
        let app = (of == CapOf::App).then(|| "ours".parse().unwrap());
        stage.full.insert(target().target, vec![Full { cap, app, reached: hours(9), room: hours(12) }]);
        let target = UpcomingTarget { deadline: deadline.map(hours), ..target() };
        assert_eq!(stage.says(&target), expected, "{deadline:?} {window:?}");
        assert_eq!(stage.risks(&target)[0].code, code, "{deadline:?} {window:?}");
    }
}

#[test]
fn pauses_of_every_scope() {
    let acme = name("acme/told/main");
    let (tenant, channel) = (acme.tenant.clone(), acme.channel.clone());
    let mut target = target();
    target.app = Some("ours".parse().unwrap());
    let other = name("acme/told/other");
    let table = [
        (PauseScope::All, true),
        (PauseScope::Tenant { tenant }, true),
        (PauseScope::Tenant { tenant: "other".parse().unwrap() }, false),
        (PauseScope::Channel { channel }, true),
        (PauseScope::Channel { channel: "fax".parse().unwrap() }, false),
        (PauseScope::App { app: "ours".parse().unwrap() }, true),
        (PauseScope::App { app: "theirs".parse().unwrap() }, false),
        (acme.pause_scope(), true),
        (other.pause_scope(), false),
    ];
    for (scope, holds) in table {
        let mut stage = Stage::with(well());
        let (id, since) = (Uuid::from_u128(3), hours(-1));
        stage.pauses.push(Pause {
            id,
            scope: scope.clone(),
            reason: "why".into(),
            code: None,
            by: "ann".into(),
            since,
        });
        assert_eq!(stage.says(&target), if holds { "at_risk paused" } else { "" }, "{scope}");
        stage.pauses[0].code = Some(Code::TOKEN_REVOKED);
        for risk in stage.risks(&target) {
            let app = matches!(scope, PauseScope::App { .. });
            let fault = if app { Scope::App } else { Scope::Account };
            assert_eq!((risk.whose.as_str(), risk.about), (fault.whose_fault(), Some(scope.to_string())));
        }
    }
}

#[test]
fn what_a_pause_holds_fails_when_the_pause_ends_and_no_sooner() {
    let mut stage = Stage::with(view(REFRESHED, true, |record| record.health.state = record::State::NeedsReconnect));
    let mut target = target();
    target.draft.0.text = "x".repeat(200);
    assert_eq!(stage.says(&target), "will_fail needs_reconnect, will_fail content");
    let scope = name("acme/told/main").pause_scope();
    let pause = |code| {
        let (id, reason, by) = (Uuid::from_u128(3), "why".to_owned(), "ann".to_owned());
        Pause { id, scope: scope.clone(), reason, code, by, since: hours(-1) }
    };
    stage.pauses = vec![pause(Some(Code::TOKEN_REVOKED))];
    assert_eq!(stage.says(&target), "will_fail needs_reconnect, at_risk content", "a pause mends no account");
    let risks = stage.risks(&target);
    assert_eq!(risks[0].title, "The account must be connected again");
    assert_eq!(risks[0].remedy, "Connect the account again. What was held for it goes out by itself after that.");
    assert!(risks[1].title.starts_with("Held by a pause; would fail when it ends: "), "{risks:?}");
    stage.pauses = vec![pause(None)];
    assert_eq!(stage.says(&target), "will_fail needs_reconnect, at_risk paused, at_risk content");
    target.deadline = Some(hours(9));
    assert!(
        stage.says(&target).starts_with("will_fail needs_reconnect, will_fail deadline, at_risk"),
        "it expires while it is held"
    );
}

#[test]
fn what_is_being_retried_is_at_risk_and_says_why() {
    let retry = Worth::Retry { not_before: None };
    let failure = Failure { scope: Scope::Channel, ..failure(Code::UNREACHABLE, Landed::No, retry) };
    let target = UpcomingTarget {
        state: State::Retrying,
        due_at: hours(-1),
        next: hours(1),
        last_failure: Some(failure),
        ..target()
    };
    let stage = Stage::with(well());
    assert_eq!(stage.says(&target), "at_risk retried");
    let risk = stage.risks(&target).remove(0);
    assert!(risk.title.starts_with("It is being retried: "), "{risk:?}");
    assert!(
        risk.sentence.starts_with("It was due at 2026-06-01 11:00:00Z and could not go out (HTTP 401: no)."),
        "{risk:?}"
    );
    assert_eq!((risk.whose.as_str(), risk.about.as_deref()), (Scope::Channel.whose_fault(), Some("channel:told")));
    assert_eq!(stage.says(&UpcomingTarget { state: State::Held, ..target }), "", "a pause that has just ended");
}

#[test]
fn files() {
    let url = "https://cdn.example/a.png";
    let media = |status: Option<u16>, worth| {
        let mut failure = failure(Code::MEDIA_UNREACHABLE, Landed::No, worth);
        failure.said.status = status;
        failure
    };
    let retry = Worth::Retry { not_before: None };
    let table = [
        (Some(404), retry, "will_fail media_gone"),
        (Some(410), retry, "will_fail media_gone"),
        (Some(403), retry, "at_risk media_unsure"),
        (None, retry, "at_risk media_unsure"),
        (None, Worth::AfterFix { fix: Fix::Content }, "will_fail media_gone"),
    ];
    let mut target = target();
    target.draft.0.media = vec![domain::Media { url: url.into(), alt: None }];
    for (status, worth, expected) in table {
        let mut stage = Stage::with(well());
        stage.media.insert("https://cdn.example/other.png".into(), media(status, worth));
        assert_eq!(stage.says(&target), "", "another's");
        stage.media.insert(url.into(), media(status, worth));
        assert_eq!(stage.says(&target), expected, "{status:?}");
        stage.kept.insert((target.target, url.into()));
        assert_eq!(stage.says(&target), "", "we have it");
    }
}

#[test]
fn everything_that_is_wrong_is_told_the_surest_first() {
    let mut stage = Stage::with(view(REFRESHED, true, |record| record.health.state = record::State::Restricted));
    let (id, scope) = (Uuid::from_u128(3), PauseScope::All);
    stage.pauses.push(Pause { id, scope, reason: "why".into(), code: None, by: "ann".into(), since: hours(-1) });
    let mut target = target();
    target.draft.0.text = "x".repeat(200);
    target.deadline = Some(hours(1));
    let told = stage.says(&target);
    assert_eq!(told, "will_fail restricted, will_fail deadline, at_risk paused, at_risk content");
    assert!(stage.risks(&target).iter().all(|risk| risk.by <= hours(10) && !risk.remedy.is_empty()));
}
