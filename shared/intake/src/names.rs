//! Settings whose names no channel knows: a slip there would go out unnoticed, with what holds where nothing is set.

use std::collections::BTreeSet;

use channels::{About, nearest};
use contract::{Path, Problem};
use domain::{Code, Settings};

/// What is wrong with a target's own settings: its channel must know each.
pub(crate) fn of_target(settings: &Settings, about: &About, target: &Path<'_>) -> Vec<Problem> {
    let unknown = settings.keys().filter(|name| !about.offers.settings.has(name));
    let path = target.field("settings");
    unknown.map(|name| unknown_name(&path.field(name), name, about.name, &[about])).collect()
}

/// What is wrong with the settings that all targets share: one of their channels must know each. Without any channel nothing is.
pub(crate) fn shared(settings: &Settings, channels: &[&About]) -> Vec<Problem> {
    let known = |name: &str| channels.is_empty() || channels.iter().any(|about| about.offers.settings.has(name));
    let unknown = settings.keys().filter(|name| !known(name));
    let names: BTreeSet<_> = channels.iter().map(|about| about.name).collect();
    let whose = names.into_iter().collect::<Vec<_>>().join(", ");
    let root = Path::Root.field("content");
    let path = root.field("settings");
    unknown.map(|name| unknown_name(&path.field(name), name, &whose, channels)).collect()
}

/// Whether a message begins with the channel's name as people say it: `Google` for Google Business Profile.
pub(crate) fn is_named(message: &str, about: &About) -> bool {
    first_word(message) == first_word(about.title)
}

fn first_word(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_alphanumeric()).next()
}

fn unknown_name(path: &Path<'_>, name: &str, whose: &str, channels: &[&About]) -> Problem {
    let message = format!("{whose}: no post has a setting \"{name}\"");
    let known = channels.iter().flat_map(|about| about.offers.settings.names()).copied();
    let remedy = match nearest(name, known) {
        Some(meant) => format!("write \"{meant}\", if that is meant"),
        None => "leave it out, or take one of those that the channel's page names".to_owned(),
    };
    Problem { remedy, ..Problem::new(path, Code::BAD_SETTING, message) }
}

#[cfg(test)]
mod tests {
    use channels::{Http, HttpOptions, Registry};
    use runtime::Runtime;

    use super::*;

    #[test]
    fn a_message_names_its_channel_as_people_do() {
        let channels = Registry::all(Http::new(HttpOptions::default(), Runtime::system()).unwrap());
        for (channel, message, expected) in [
            ("google-business", "Google takes no picture without a text", true),
            ("facebook", "Facebook takes a video alone", true),
            ("x", "X takes a video or an animation alone, without other media", true),
            ("x", "Xylophones are too long", false),
            ("threads", "threads of pictures are not taken", false),
            ("mastodon", "the text is too long", false),
            ("mastodon", "", false),
        ] {
            assert_eq!(is_named(message, channels.get(channel).unwrap().about()), expected, "{channel}: {message}");
        }
    }

    #[test]
    fn channels_are_named_once_each() {
        let channels = Registry::all(Http::new(HttpOptions::default(), Runtime::system()).unwrap());
        let abouts = ["x", "mastodon", "x"].map(|name| channels.get(name).unwrap().about());
        let settings = Settings::from([("visiblity".to_owned(), "public".to_owned())]);
        let message = &shared(&settings, &abouts)[0].message;
        assert_eq!(message, "mastodon, x: no post has a setting \"visiblity\"");
    }
}
