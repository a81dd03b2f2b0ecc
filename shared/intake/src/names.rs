//! Settings whose names no channel knows: a slip there would go out unnoticed, with what holds where nothing is set.

use channels::{About, nearest};
use contract::{Path, Problem};
use domain::{Code, Settings};

use crate::{Options, media};

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
    let (root, mut names): (_, Vec<_>) =
        (Path::Root.field("content"), channels.iter().map(|about| about.name).collect());
    names.dedup();
    let path = root.field("settings");
    unknown.map(|name| unknown_name(&path.field(name), name, &names.join(", "), channels)).collect()
}

/// What is wrong with the addresses of pictures in a draft's settings, with the names of the settings.
pub(crate) fn addresses<'a>(
    settings: &'a Settings,
    about: &'a About,
    options: &'a Options,
) -> impl Iterator<Item = (&'static str, &'static str)> + 'a {
    let held = about.offers.addresses.iter().filter_map(|name| Some((*name, settings.get(*name)?)));
    let given = held.filter(|(_, address)| !address.is_empty());
    given.filter_map(|(name, address)| Some((name, media::objection(address, options)?)))
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
