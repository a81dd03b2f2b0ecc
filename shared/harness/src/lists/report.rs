//! What the answers took.

use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;

/// The longest medians, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of lists and screens.
    pub list: f64,
    /// Of what counts rows.
    pub report: f64,
}

/// The answers of one address.
#[derive(Default)]
pub struct Taken {
    /// The address.
    pub path: String,
    /// How long each answer took, in milliseconds.
    pub millis: Vec<f64>,
    /// How long the longest answer was, in bytes.
    pub bytes: usize,
    /// It counts rows, and is no list.
    pub is_report: bool,
    /// An answer that was not a good one.
    pub wrong: Option<String>,
}

impl Taken {
    /// The time that this share of the answers took at most.
    pub fn at(&self, share: f64) -> f64 {
        let mut sorted = self.millis.clone();
        sorted.sort_by(f64::total_cmp);
        let place = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
        sorted.get(place).copied().unwrap_or(f64::NAN)
    }

    /// Whether its median is within the limit, and every answer was a good one.
    pub fn is_well(&self, limits: Limits) -> bool {
        let limit = if self.is_report { limits.report } else { limits.list };
        self.wrong.is_none() && self.at(0.5) <= limit
    }

    /// One line of JSON.
    pub fn line(&self, targets: u64) -> String {
        let round = |millis: f64| (millis * 10.0).round() / 10.0;
        json!({
            "bench": "lists", "targets": targets, "path": self.path, "answers": self.millis.len(), "bytes": self.bytes,
            "report": self.is_report, "p50_ms": round(self.at(0.5)), "p99_ms": round(self.at(0.99)), "wrong": self.wrong,
        })
        .to_string()
    }
}

/// All of them, the slowest first.
pub fn table(all: &[Taken], limits: Limits) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["address", "median ms", "p99 ms", "KiB", ""]);
    let mut sorted: Vec<_> = all.iter().collect();
    sorted.sort_by(|a, b| b.at(0.5).total_cmp(&a.at(0.5)));
    for taken in sorted {
        let word = match (&taken.wrong, taken.is_well(limits), taken.is_report) {
            (Some(wrong), ..) => wrong.as_str(),
            (None, false, _) => "too slow",
            (None, true, true) => "report",
            (None, true, false) => "",
        };
        let [median, p99] = [0.5, 0.99].map(|share| format!("{:.1}", taken.at(share)));
        table.add_row([taken.path.as_str(), &median, &p99, &(taken.bytes / 1024).to_string(), word]);
    }
    for column in 1..4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_judged_by_its_median_and_its_answers() {
        let mut taken = Taken { millis: vec![900.0, 10.0, 30.0, 20.0, 40.0], ..Taken::default() };
        assert_eq!((taken.at(0.5), taken.at(0.99)), (30.0, 900.0));
        let limits = |list| Limits { list, report: 50.0 };
        assert!(taken.is_well(limits(30.0)) && !taken.is_well(limits(29.0)));
        taken.is_report = true;
        assert!(taken.is_well(limits(29.0)), "a report may take longer");
        taken.wrong = Some("500 Internal Server Error".into());
        assert!(!taken.is_well(limits(30.0)));
    }
}
