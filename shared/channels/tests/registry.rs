//! Nobody forgets half of a channel.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use domain::ChannelName;
use kit::{Shifted, http};
use oncepost_channels::{Registry, Threads};

const ROOM: &str = env!("CARGO_MANIFEST_DIR");

fn registry() -> Registry {
    Registry::all(http(Arc::new(Shifted::default())))
}

/// The names of the files in `folder` that end in `ending` and whose text fits.
fn files(folder: &str, ending: &str, fits: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(Path::new(ROOM).join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if let Some(name) = name.strip_suffix(ending)
            && fits(&fs::read_to_string(&path).unwrap())
        {
            names.insert(name.replace('_', "-"));
        }
    }
    names
}

#[test]
fn every_channel_has_its_line_its_page_and_its_tests() {
    let registered: BTreeSet<String> = registry().names().into_iter().map(str::to_owned).collect();
    let written = files("src", ".rs", |text| text.contains("\nimpl Channel for "));
    assert_eq!(written, registered, "one line in src/registry.rs for each file with a channel");
    let pages = files("../../docs/channels", ".md", |_| true);
    assert_eq!(pages, registered, "one page in docs/channels for each channel, and no page without one");
    let tested = files("tests", ".rs", |text| text.contains(concat!("rows::", "check(")));
    assert_eq!(tested, registered, "one file in tests for each channel, which checks its error table");
    let in_contract = fs::read_to_string(Path::new(ROOM).join("tests/contract.rs")).unwrap();
    for name in registered {
        let function = name.replace('-', "_");
        assert!(in_contract.contains(&format!("Place::{function}()")), "{name} is held to the contract");
    }
}

#[test]
fn what_a_channel_says_of_itself_makes_sense() {
    for channel in registry().iter() {
        let about = channel.about();
        assert!(ChannelName::new(about.name).is_ok() && !about.title.is_empty(), "{}", about.name);
        assert!(
            !about.secrets.is_empty() && !matches!(about.threads, Threads::None | Threads::PerPart(0)),
            "{}",
            about.name
        );
        let page = fs::read_to_string(Path::new(ROOM).join(format!("../../docs/channels/{}.md", about.name))).unwrap();
        for secret in about.secrets {
            assert!(page.contains(&format!("secrets.{secret}")), "{}'s page names the secret {secret}", about.name);
        }
        // P1: arming early is only for platforms that make a repeat harmless.
        let harmless = matches!(about.repeat, domain::RepeatSafety::PlatformKey { .. });
        assert!(about.arms.is_none() || harmless, "{}", about.name);
    }
}

#[test]
fn an_unknown_name_is_no_channel() {
    assert!(registry().get("nobody").is_none());
    assert_eq!(registry().names(), ["bluesky", "mastodon", "webhook"]);
}
