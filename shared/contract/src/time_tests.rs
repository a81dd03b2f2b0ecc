//! Zones, gaps, overlaps and day boundaries.

use serde_json::json;

use super::*;

fn read(value: Value) -> Result<Resolved, Vec<crate::Problem>> {
    let mut reader = Reader::default();
    let when = When::read(&mut reader, &Path::Root, &value);
    let problems = reader.finish();
    assert_eq!(when.is_none(), !problems.is_empty());
    when.map(|when| when.resolve().unwrap()).ok_or(problems)
}

fn local(local: &str, zone: &str) -> (String, Rule) {
    let resolved = read(json!({ "local": local, "zone": zone })).unwrap();
    (resolved.instant.to_string(), resolved.rule)
}

#[test]
fn s01_zones_do_not_come_from_the_machine() {
    // A list of every continent: an image without tzdata, or with a cut-down one, would miss some.
    for zone in
        ["Europe/Berlin", "America/Argentina/Ushuaia", "Asia/Kathmandu", "Africa/El_Aaiun", "Antarctica/Troll", "UTC"]
    {
        assert_eq!(read(json!({ "local": "2026-01-01T00:00:00", "zone": zone })).unwrap().zone, zone);
    }
}

#[test]
fn s03_a_local_time_is_never_taken_for_utc_and_is_echoed_both_ways() {
    let resolved = read(json!({ "local": "2026-07-01T09:00:00", "zone": "Asia/Kolkata" })).unwrap();
    assert_eq!(resolved.instant.to_string(), "2026-07-01T03:30:00Z");
    assert_eq!((resolved.local.to_string().as_str(), resolved.zone.as_str()), ("2026-07-01T09:00:00", "Asia/Kolkata"));

    let problems = read(json!("2026-07-01T09:00:00")).unwrap_err();
    assert_eq!(problems[0].code, Code::BAD_TIME);
    assert!(problems[0].message.contains("has no zone"), "{}", problems[0].message);
}

#[test]
fn s03_an_offset_is_honoured() {
    let resolved = read(json!("2026-07-01T09:00:00+05:30")).unwrap();
    assert_eq!((resolved.instant.to_string().as_str(), resolved.rule), ("2026-07-01T03:30:00Z", Rule::Exact));
    assert_eq!(resolved.zone, "UTC");
}

#[test]
fn s05_late_in_the_evening_is_still_the_same_day() {
    assert_eq!(local("2026-06-30T23:59:59", "America/New_York").0, "2026-07-01T03:59:59Z");
    assert_eq!(local("2026-07-01T00:00:00", "America/New_York").0, "2026-07-01T04:00:00Z");
    assert_eq!(local("2026-07-01T00:00:00", "Pacific/Kiritimati").0, "2026-06-30T10:00:00Z");
    assert_eq!(local("2026-12-31T23:30:00", "Pacific/Pago_Pago").0, "2027-01-01T10:30:00Z");
}

#[test]
fn a_gap_moves_forward_by_its_own_length() {
    assert_eq!(local("2026-03-29T02:30:00", "Europe/Berlin"), ("2026-03-29T01:30:00Z".into(), Rule::GapMovedForward));
    let resolved = read(json!({ "local": "2026-03-29T02:30:00", "zone": "Europe/Berlin" })).unwrap();
    assert_eq!(resolved.local.to_string(), "2026-03-29T03:30:00", "what the clock on the wall really shows");
    // Half an hour only.
    assert_eq!(
        local("2026-10-04T02:15:00", "Australia/Lord_Howe"),
        ("2026-10-03T15:45:00Z".into(), Rule::GapMovedForward)
    );
    // A whole day: Samoa had no 30 December 2011.
    let samoa = read(json!({ "local": "2011-12-30T12:00:00", "zone": "Pacific/Apia" })).unwrap();
    assert_eq!((samoa.local.to_string().as_str(), samoa.rule), ("2011-12-31T12:00:00", Rule::GapMovedForward));
}

#[test]
fn of_an_overlap_the_earlier_instant_is_taken() {
    assert_eq!(local("2026-10-25T02:30:00", "Europe/Berlin"), ("2026-10-25T00:30:00Z".into(), Rule::OverlapEarlier));
    assert_eq!(
        local("2026-04-05T01:45:00", "Australia/Lord_Howe"),
        ("2026-04-04T14:45:00Z".into(), Rule::OverlapEarlier)
    );
}

#[test]
fn midnight_that_does_not_exist_goes_to_one_o_clock() {
    // Cairo changes its clocks at midnight.
    let resolved = read(json!({ "local": "2026-04-24T00:00:00", "zone": "Africa/Cairo" })).unwrap();
    assert_eq!((resolved.local.to_string().as_str(), resolved.rule), ("2026-04-24T01:00:00", Rule::GapMovedForward));
}

#[test]
fn times_are_kept_to_the_millisecond_and_zone_names_in_any_case() {
    assert_eq!(read(json!("2026-07-01T09:00:00.123999Z")).unwrap().instant.to_string(), "2026-07-01T09:00:00.123Z");
    assert_eq!(read(json!({ "local": "2026-07-01T09:00", "zone": "europe/BERLIN" })).unwrap().zone, "Europe/Berlin");
}

#[test]
fn everything_else_is_refused_with_its_place() {
    let table = [
        (json!("tomorrow"), "$"),
        (json!("2026-07-01"), "$"),
        (json!("2026-13-01T09:00:00Z"), "$"),
        (json!("2026-07-01T09:00Z"), "$"),
        (json!("2026-07-01T09:00:00+0200"), "$"),
        (json!("2026-07-01T09:00:00Z[Europe/Berlin]"), "$"),
        (json!("20260701T090000Z"), "$"),
        (json!(1_782_896_400), "$"),
        (json!([]), "$"),
        (json!({ "local": "2026-07-01T09:00:00" }), "$.zone"),
        (json!({ "zone": "Europe/Berlin" }), "$.local"),
        (json!({ "local": "2026-07-01", "zone": "Europe/Berlin" }), "$.local"),
        (json!({ "local": "2026-07-01T09:00:00Z", "zone": "Europe/Berlin" }), "$.local"),
        (json!({ "local": "2026-02-30T09:00:00", "zone": "Europe/Berlin" }), "$.local"),
        (json!({ "local": "2026-07-01T09:00:00", "zone": "CEST+2" }), "$.zone"),
        (json!({ "local": "2026-07-01T09:00:00", "zone": "Etc/Unknown" }), "$.zone"),
        (json!({ "local": "2026-07-01T09:00:00", "zone": "" }), "$.zone"),
        (json!({ "local": "9999-12-31T23:00:00", "zone": "America/New_York" }), "$"),
    ];
    for (value, path) in table {
        let problems = read(value.clone()).unwrap_err();
        assert_eq!(problems.len(), 1, "{value}: {problems:?}");
        assert_eq!(problems[0].path, path, "{value}");
    }
}
