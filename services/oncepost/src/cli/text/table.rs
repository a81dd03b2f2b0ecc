//! Tables.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets::NOTHING};

use super::{WIDTH, harmless};

/// The heads of columns of what is copied.
const IDS: [&str; 4] = ["post", "target", "scope", "name"];

/// A table with a head, as wide as the page at most.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(WIDTH).unwrap_or(u16::MAX)).set_header(head.map(str::to_uppercase));
    for row in rows {
        table.add_row(row.map(|cell| harmless(&cell)));
    }
    for (at, head) in head.iter().enumerate() {
        let Some(column) = table.column_mut(at) else { continue };
        column.set_padding((0, 2));
        // An id or a scope broken in two cannot be copied.
        if IDS.contains(head) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_is_never_broken_in_two() {
        let scope = "account:acme/google-business/main";
        let row = [scope, "2026-06-01 12:00:00Z", "oncepost", &"OP-2101 the token is dead ".repeat(6)];
        let shown = table(["scope", "since", "by", "reason"], [row.map(str::to_owned)]);
        assert!(shown.lines().any(|line| line.starts_with(scope)), "{shown}");
    }
}
