//! The channels beside each other: four tables in docs/channels/README.md, of which the command line shows what channels take and how
//! outcomes are settled.

use crate::{Capped, Limited, Sheet};

/// A table: its head, and a row per channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview<const N: usize> {
    /// The columns' names.
    pub head: [&'static str; N],
    /// A row per channel.
    pub rows: Vec<[String; N]>,
}

impl Overview<6> {
    /// What each channel takes.
    pub fn takes(sheets: &[Sheet]) -> Self {
        let row = |sheet: &Sheet| {
            [
                sheet.name.clone(),
                limits(sheet),
                sheet.takes.media(),
                sheet.takes.link.clone(),
                sheet.takes.threads(),
                if sheet.takes.decides_later { "yes".into() } else { "no".into() },
            ]
        };
        let head =
            ["channel", "limits of a part", "pictures, videos", "link", "thread, first comment", "decides later"];
        Self { head, rows: sheets.iter().map(row).collect() }
    }
}

impl Overview<5> {
    /// How an unknown outcome is settled on each channel, and how long its token lives.
    pub fn repeats(sheets: &[Sheet]) -> Self {
        let row = |sheet: &Sheet| {
            [
                sheet.name.clone(),
                sheet.repeat.with_window(),
                sheet.repeat.looked_into(),
                sheet.repeat.settled_by.clone(),
                format!("{}; {}", sheet.token.life(), sheet.token.renewed),
            ]
        };
        let head =
            ["channel", "repeat safety", "unknown outcome looked into", "and settled by", "token life; how renewed"];
        Self { head, rows: sheets.iter().map(row).collect() }
    }
}

impl Overview<3> {
    /// Which channels' accounts are connected by a link, and what a person is asked for there.
    pub fn links(sheets: &[Sheet]) -> Self {
        let row = |sheet: &Sheet| {
            let (by, scopes) = match &sheet.link {
                Some(link) => (if link.pkce { "a link, with PKCE" } else { "a link" }, link.scopes.join(", ")),
                None => ("handing over its secrets", "as its page says".into()),
            };
            [sheet.name.clone(), by.into(), scopes]
        };
        Self { head: ["channel", "an account is connected by", "scopes"], rows: sheets.iter().map(row).collect() }
    }
}

impl Overview<2> {
    /// How much each platform takes in a span, where its documents say so.
    pub fn caps(sheets: &[Sheet]) -> Self {
        let row = |sheet: &Sheet| {
            let caps: Vec<_> = sheet.caps.iter().map(Capped::said).collect();
            [sheet.name.clone(), caps.join("; ")]
        };
        let capped = sheets.iter().filter(|sheet| !sheet.caps.is_empty());
        Self { head: ["channel", "at most"], rows: capped.map(row).collect() }
    }
}

impl<const N: usize> Overview<N> {
    /// The table in Markdown, the channels' names linked to their pages.
    pub fn markdown(&self) -> String {
        let mut lines = vec![format!("| {} |", self.head.join(" | ")), format!("|{}", "---|".repeat(N))];
        for row in &self.rows {
            let mut cells: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            if let Some(name) = cells.first_mut() {
                *name = format!("[{name}]({name}.md)");
            }
            lines.push(format!("| {} |", cells.join(" | ")));
        }
        lines.join("\n") + "\n"
    }
}

/// `text 500 characters (an address counts 23); title 300 characters`.
fn limits(sheet: &Sheet) -> String {
    let all: Vec<_> = sheet.limits.iter().filter(|limit| limit.of != "media").map(Limited::said).collect();
    if all.is_empty() { "none".into() } else { all.join("; ") }
}
