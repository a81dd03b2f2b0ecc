//! What was measured, as lines for scripts and as a table for people.

use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;

use super::figure::{Aim, Record, Series};

/// One line of JSON.
pub fn line(series: &Series) -> String {
    let first = &series.first;
    let [min, median, max] = series.spread().map(rounded);
    let mut line = json!({
        "bench": first.bench, "parts": first.parts, "figure": first.name, "runs": series.runs(),
        "median": median, "min": min, "max": max,
    });
    if let Some(aim) = first.aim {
        let (word, value) = match aim {
            Aim::AtLeast(value) => ("at_least", value),
            Aim::Below(value) => ("below", value),
        };
        line["aim"] = json!({ word: value });
        line["met"] = json!(series.is_met());
    }
    if let Some((bound, (at_most, share))) = first.bound.as_ref().zip(series.share()) {
        line["limit"] = json!({ "by": bound.by, "median": rounded(at_most) });
        line["share"] = json!(rounded(share));
    }
    line.to_string()
}

/// All figures.
pub fn table(record: &Record) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["bench", "on", "figure", "median", "min", "max", "aim", "limit", "share"]);
    for series in record.all() {
        let first = &series.first;
        let [min, median, max] = series.spread().map(shown);
        let aim = first.aim.map_or_else(String::new, |aim| match aim {
            Aim::AtLeast(value) => format!("≥ {}", shown(value)),
            Aim::Below(value) => format!("< {}", shown(value)),
        });
        let aim = if series.is_met() == Some(false) { format!("{aim} missed") } else { aim };
        let bound = first.bound.as_ref().zip(series.share());
        let limit = bound.map_or_else(String::new, |(bound, (at_most, _))| format!("{} {}", shown(at_most), bound.by));
        let share = bound.map_or_else(String::new, |(_, (_, share))| format!("{:.0} %", share * 100.0));
        let name = first.name.replace('_', " ");
        table.add_row([first.bench, first.parts, &name, &median, &min, &max, &aim, &limit, &share]);
    }
    for column in [3, 4, 5, 8] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// To three digits that mean something.
fn rounded(value: f64) -> f64 {
    let places = if value.abs() >= 100.0 { 1.0 } else { 1_000.0 };
    (value * places).round() / places
}

fn shown(value: f64) -> String {
    rounded(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::{super::figure::Figure, *};

    #[test]
    fn a_figure_is_told_with_its_aim_and_what_bounds_it() {
        let mut record = Record::default();
        let figure = |value| Figure::new("throughput", "real", "targets_per_second", value);
        record.add(
            [3_000.4, 3_500.0, 3_600.0].map(|value| figure(value).aim(Aim::AtLeast(4_000.0)).bound("amqp", 7_000.0)),
        );
        record.add([Figure::new("cold_start", "embedded", "seconds", 0.41234).aim(Aim::Below(1.0))]);
        let lines: Vec<_> = record.all().iter().map(line).collect();
        let expected = [
            json!({
                "bench": "throughput", "parts": "real", "figure": "targets_per_second", "runs": 3, "median": 3500.0,
                "min": 3000.0, "max": 3600.0, "aim": { "at_least": 4000.0 }, "met": false,
                "limit": { "by": "amqp", "median": 7000.0 }, "share": 0.5,
            }),
            json!({
                "bench": "cold_start", "parts": "embedded", "figure": "seconds", "runs": 1, "median": 0.412,
                "min": 0.412, "max": 0.412, "aim": { "below": 1.0 }, "met": true,
            }),
        ];
        assert_eq!(lines, expected.map(|line| line.to_string()));
        let table = table(&record);
        for text in ["targets per second", "≥ 4000 missed", "7000 amqp", "50 %", "< 1"] {
            assert!(table.contains(text), "{text}: {table}");
        }
        assert!(!table.contains("< 1 missed"), "{table}");
    }
}
