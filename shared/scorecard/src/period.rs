//! Periods as people name them: `this` week, `last` week, `2026-W48`, or from one time to another.

use std::{fmt, sync::LazyLock};

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, ISOWeekDate, Weekday},
    tz::{TimeZone, TimeZoneDatabase},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The same rules on every machine, whatever it has installed.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A period with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// Its name: `2026-W48`, or its days.
    pub name: String,
    /// From this instant on.
    #[schemars(with = "domain::Rfc3339")]
    pub from: Timestamp,
    /// Up to this one, which is not in it.
    #[schemars(with = "domain::Rfc3339")]
    pub until: Timestamp,
    /// The time zone that its days are those of.
    pub zone: String,
}

/// Why a period cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongPeriod(pub String);

impl fmt::Display for WrongPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongPeriod {}

impl Span {
    /// The week called `name` (`this`, `last` or `2026-W48`), from Monday to Monday in `zone`, as seen at `now`.
    ///
    /// # Errors
    /// There is no such week or no such zone.
    pub fn week(name: &str, zone: &str, now: Timestamp) -> Result<Self, WrongPeriod> {
        let tz = time_zone(zone)?;
        let this = tz.to_datetime(now).date().iso_week_date();
        let monday = match name {
            "this" => monday(this)?,
            "last" => back(monday(this)?, 1)?,
            name => named_monday(name)?,
        };
        Self::of_week(monday, &tz, zone)
    }

    /// From the day `from` up to the day `until`, which is not in it, in `zone`.
    ///
    /// # Errors
    /// A day is none, the second is not after the first, or there is no such zone.
    pub fn days(from: &str, until: &str, zone: &str) -> Result<Self, WrongPeriod> {
        let tz = time_zone(zone)?;
        let (first, end) = (day(from)?, day(until)?);
        if end <= first {
            return Err(WrongPeriod(format!("{until} is not after {from}; a period ends before its last day")));
        }
        Ok(Self {
            name: format!("{first} – {}", last_day(end)?),
            from: start(first, &tz)?,
            until: start(end, &tz)?,
            zone: zone.into(),
        })
    }

    /// The `count` periods before this one that are as long, oldest first. Weeks are told by their names.
    ///
    /// # Errors
    /// They lie before the calendar.
    pub fn earlier(&self, count: u32) -> Result<Vec<Self>, WrongPeriod> {
        let tz = time_zone(&self.zone)?;
        let days_of = |at: Timestamp| tz.to_datetime(at).date();
        let (first, end) = (days_of(self.from), days_of(self.until));
        let length = first.until(end).map_err(|_| outside())?.get_days();
        let is_week = self.name.contains("-W");
        let mut spans = Vec::new();
        for n in (1..=i32::try_from(count).unwrap_or(i32::MAX)).rev() {
            let from = first.checked_sub(length.saturating_mul(n).days()).map_err(|_| outside())?;
            let until = from.checked_add(length.days()).map_err(|_| outside())?;
            spans.push(if is_week {
                Self::of_week(from, &tz, &self.zone)?
            } else {
                Self::days(&from.to_string(), &until.to_string(), &self.zone)?
            });
        }
        Ok(spans)
    }

    fn of_week(monday: Date, tz: &TimeZone, zone: &str) -> Result<Self, WrongPeriod> {
        let week = monday.iso_week_date();
        let next = monday.checked_add(7.days()).map_err(|_| outside())?;
        Ok(Self {
            name: format!("{:04}-W{:02}", week.year(), week.week()),
            from: start(monday, tz)?,
            until: start(next, tz)?,
            zone: zone.into(),
        })
    }
}

fn time_zone(name: &str) -> Result<TimeZone, WrongPeriod> {
    ZONES
        .get(name)
        .map_err(|_| WrongPeriod(format!("there is no time zone {name}; it is one such as Europe/Berlin or UTC")))
}

fn day(text: &str) -> Result<Date, WrongPeriod> {
    text.parse().map_err(|_| WrongPeriod(format!("{text} is no day; it is one such as 2026-12-01")))
}

fn start(date: Date, tz: &TimeZone) -> Result<Timestamp, WrongPeriod> {
    tz.to_timestamp(date.at(0, 0, 0, 0)).map_err(|_| outside())
}

fn last_day(end: Date) -> Result<Date, WrongPeriod> {
    end.yesterday().map_err(|_| outside())
}

fn monday(week: ISOWeekDate) -> Result<Date, WrongPeriod> {
    let monday = ISOWeekDate::new(week.year(), week.week(), Weekday::Monday).map_err(|_| outside())?;
    Ok(monday.date())
}

fn back(monday: Date, weeks: i32) -> Result<Date, WrongPeriod> {
    monday.checked_sub((7 * weeks).days()).map_err(|_| outside())
}

fn named_monday(name: &str) -> Result<Date, WrongPeriod> {
    let wrong = || WrongPeriod(format!("{name} is no week; it is this, last, or one such as 2026-W48"));
    let (year, week) = name.split_once("-W").ok_or_else(wrong)?;
    let week =
        ISOWeekDate::new(year.parse().map_err(|_| wrong())?, week.parse().map_err(|_| wrong())?, Weekday::Monday);
    week.map(ISOWeekDate::date).map_err(|_| wrong())
}

fn outside() -> WrongPeriod {
    WrongPeriod("the period lies outside the calendar".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Thursday.
    const NOW: &str = "2026-11-26T23:30:00Z";

    fn week(name: &str, zone: &str) -> Span {
        Span::week(name, zone, NOW.parse().unwrap()).unwrap()
    }

    fn told(span: &Span) -> String {
        format!("{} {} {}", span.name, span.from, span.until)
    }

    #[test]
    fn weeks_begin_on_mondays_where_people_are() {
        assert_eq!(told(&week("this", "UTC")), "2026-W48 2026-11-23T00:00:00Z 2026-11-30T00:00:00Z");
        assert_eq!(told(&week("last", "UTC")), "2026-W47 2026-11-16T00:00:00Z 2026-11-23T00:00:00Z");
        assert_eq!(told(&week("this", "Asia/Tokyo")), "2026-W48 2026-11-22T15:00:00Z 2026-11-29T15:00:00Z");
        assert_eq!(told(&week("2026-W01", "UTC")), "2026-W01 2025-12-29T00:00:00Z 2026-01-05T00:00:00Z");
        // The clocks go back on Sunday: that week has an hour more.
        assert_eq!(told(&week("2026-W43", "Europe/Berlin")), "2026-W43 2026-10-18T22:00:00Z 2026-10-25T23:00:00Z");
    }

    #[test]
    fn days_are_counted_without_the_last() {
        let span = Span::days("2026-11-01", "2026-12-01", "UTC").unwrap();
        assert_eq!(told(&span), "2026-11-01 – 2026-11-30 2026-11-01T00:00:00Z 2026-12-01T00:00:00Z");
    }

    #[test]
    fn slips_are_told() {
        let now = NOW.parse().unwrap();
        for (wrong, says) in [
            (Span::week("next", "UTC", now), "next is no week"),
            (Span::week("2026-W54", "UTC", now), "2026-W54 is no week"),
            (Span::week("this", "Berlin", now), "no time zone Berlin"),
            (Span::days("2026-11-31", "2026-12-01", "UTC"), "2026-11-31 is no day"),
            (Span::days("2026-11-02", "2026-11-02", "UTC"), "is not after"),
        ] {
            assert!(wrong.unwrap_err().0.contains(says), "{says}");
        }
    }

    #[test]
    fn earlier_periods_are_as_long_and_join() {
        let spans = week("2026-W02", "Europe/Berlin").earlier(3).unwrap();
        assert_eq!(
            spans.iter().map(|span| span.name.as_str()).collect::<Vec<_>>(),
            ["2025-W51", "2025-W52", "2026-W01"]
        );
        assert!(spans.windows(2).all(|pair| pair[0].until == pair[1].from));
        let spans = Span::days("2026-11-11", "2026-11-21", "UTC").unwrap().earlier(1).unwrap();
        assert_eq!(told(&spans[0]), "2026-11-01 – 2026-11-10 2026-11-01T00:00:00Z 2026-11-11T00:00:00Z");
    }
}
