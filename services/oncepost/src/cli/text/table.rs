//! Tables.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets::NOTHING};

use super::{WIDTH, harmless, labelled};

/// The heads of columns of what is copied, and of times.
const WHOLE: [&str; 6] = ["post", "target", "scope", "name", "token ends", "next post"];

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
        // An id or a scope broken in two cannot be copied, and a time not be read.
        if WHOLE.contains(head) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Rows with words that are too long for a column: each row is one line in columns, never broken, and its words are below it.
pub(crate) fn entries<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = ([String; N], String)>,
) -> String {
    let rows: Vec<_> = rows.into_iter().map(|(cells, words)| (cells.map(|cell| harmless(&cell)), words)).collect();
    let head = head.map(str::to_uppercase);
    let all = || [&head].into_iter().chain(rows.iter().map(|(cells, _)| cells));
    let widths: [usize; N] =
        std::array::from_fn(|at| all().map(|cells| cells[at].chars().count()).max().unwrap_or_default());
    let line = |cells: &[String; N]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let told = rows.iter().map(|(cells, words)| format!("{}\n{}", line(cells), labelled("  ", &harmless(words))));
    [line(&head)].into_iter().chain(told).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_long_the_names_no_word_is_cut() {
        let place = "a-tenant-of-a-long-name/google-business/an-account-of-a-long-name-of-its-own";
        let words = "acme/google-business/main was removed, or the settings list it no more. ".repeat(2);
        let rows = [([place, "2026-06-01 12:00:00Z", "will fail"].map(str::to_owned), words.clone())];
        let shown = entries(["account", "goes out", ""], rows);
        assert!(shown.contains(&format!("\n{place}  2026-06-01 12:00:00Z  will fail\n  acme/")), "{shown}");
        let (cut, whole) = (shown.split_whitespace(), words.split_whitespace());
        assert!(whole.rev().zip(cut.rev()).all(|(word, shown)| word == shown), "{shown}");
        assert!(shown.lines().skip(2).all(|line| line.starts_with("  ") && line.chars().count() <= WIDTH), "{shown}");
    }

    #[test]
    fn what_is_copied_is_never_broken_in_two() {
        let scope = "account:acme/google-business/main";
        let row = [scope, "2026-06-01 12:00:00Z", "oncepost", &"OP-2101 the token is dead ".repeat(6)];
        let shown = table(["scope", "since", "by", "reason"], [row.map(str::to_owned)]);
        assert!(shown.lines().any(|line| line.starts_with(scope)), "{shown}");
    }
}
