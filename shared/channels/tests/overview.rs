//! docs/channels/README.md is what the channels say of themselves. `UPDATE=1 cargo test -p oncepost-channels --test overview` writes
//! it anew.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{fs, path::Path, sync::Arc};

use kit::{Shifted, http};
use oncepost_channels::{Overview, Registry, Sheet};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/channels/README.md");

fn sheets() -> Vec<Sheet> {
    Registry::all(http(Arc::new(Shifted::default()))).iter().map(|channel| Sheet::of(&**channel)).collect()
}

fn page(sheets: &[Sheet]) -> String {
    format!(
        "# Channels\n\n\
         What each channel takes, how an unknown outcome is settled, and how long its token lives. `oncepost channels` prints\n\
         most of it, `oncepost channels NAME` everything about one. A test writes this page from what the channels say of themselves.\n\n\
         ## What it takes\n\n\
         Limits are per part and counted the platform's way; its page says more, as which files it takes.\n\n{}\n\
         ## How much in how long\n\n\
         What the platforms' documents say of their own caps. A channel without a row has none that is published and counts posts. Every\n\
         part of a thread is a post, but where replies have a cap of their own. Nothing is held back by these numbers (`rate` in the\n\
         settings does that): the [forecast](../forecast.md) tells when more is due than they allow.\n\n{}\n\
         ## When an outcome is unknown, and tokens\n\n\
         Some accounts offer more or less than their channel in general: [GUARANTEES.md](../../GUARANTEES.md) lists the settings that\n\
         say so, and what then holds.\n\n{}\n\
         ## Connecting an account\n\n\
         Where it is by a link (OAuth's authorisation code), a person follows it, agrees, and comes back; the app's id and secret must be\n\
         known, and the app registered with the redirect. A page of LinkedIn, and Instagram through Facebook's login, ask for other scopes:\n\
         their pages say which. Secrets can be handed over on every channel.\n\n{}",
        Overview::takes(sheets).markdown(),
        Overview::caps(sheets).markdown(),
        Overview::repeats(sheets).markdown(),
        Overview::links(sheets).markdown(),
    )
}

#[test]
fn the_page_of_all_channels_is_what_they_say_of_themselves() {
    let fresh = page(&sheets());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(PAGE, &fresh).unwrap();
    }
    let kept = fs::read_to_string(PAGE).unwrap_or_default();
    let hint = "write it anew with `UPDATE=1 cargo test -p oncepost-channels --test overview`";
    assert_eq!(kept, fresh, "docs/channels/README.md is not what the channels say; {hint}");
}

#[test]
fn every_channel_has_its_row_in_its_tables_and_every_link_leads_to_a_page() {
    let sheets = sheets();
    let names: Vec<_> = sheets.iter().map(|sheet| sheet.name.clone()).collect();
    let links = Overview::links(&sheets);
    assert_eq!(links.rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), names);
    let linked: Vec<_> =
        links.rows.iter().filter(|row| row[1].starts_with("a link")).map(|row| row[0].as_str()).collect();
    let by_link = [
        "facebook",
        "google-business",
        "instagram",
        "linkedin",
        "mastodon",
        "pinterest",
        "reddit",
        "slack",
        "threads",
        "tiktok",
        "x",
        "youtube",
    ];
    assert_eq!(linked, by_link);
    let (takes, repeats) = (Overview::takes(&sheets), Overview::repeats(&sheets));
    assert_eq!(takes.rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), names);
    assert_eq!(repeats.rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), names);
    assert!(takes.rows.iter().flatten().chain(repeats.rows.iter().flatten()).all(|cell| !cell.is_empty()));
    for sheet in sheets {
        assert!(Path::new(PAGE).with_file_name(format!("{}.md", sheet.name)).exists(), "{} has its page", sheet.name);
    }
}

/// Whoever writes JSON would write a bare `true` or a number otherwise, and is refused.
#[test]
fn pages_with_switches_or_numbers_say_that_settings_are_texts() {
    for sheet in sheets() {
        let page = fs::read_to_string(Path::new(PAGE).with_file_name(format!("{}.md", sheet.name))).unwrap();
        let Some((_, after)) = page.split_once("\n## Settings of a post\n") else { continue };
        let section = after.split("\n## ").next().unwrap();
        let tempting = ["`true`", "the number", "in milliseconds"].iter().any(|words| section.contains(words));
        assert!(!tempting || section.contains("Each value is a text: write `\""), "{}", sheet.name);
    }
}

#[test]
fn caps_are_shown_where_there_are_any() {
    let rows = Overview::caps(&sheets()).rows;
    assert!(rows.iter().all(|row| !row[1].is_empty()));
    let threads = rows.iter().find(|row| row[0] == "threads").unwrap();
    assert_eq!(threads[1], "250 posts of an account in 24 hours; 1,000 replies of an account in 24 hours");
}

#[test]
fn a_sheet_is_read_back_from_its_json_as_it_was() {
    for sheet in sheets() {
        let json = serde_json::to_string(&sheet).unwrap();
        assert_eq!(serde_json::from_str::<Sheet>(&json).unwrap(), sheet);
    }
}
