#![doc = include_str!("../README.md")]

mod config;
mod dialogue;
mod messages;
mod platform;
mod returned;
mod stored;

pub use config::{json_settings, toml_settings, variables, yaml_settings};
pub use dialogue::dialogue;
pub use messages::{change, headers, publish, schedule, time, told};
pub use platform::{answer, media};
pub use returned::returned;
pub use stored::{hint, progress};

/// Something to throw bytes at. It panics if a promise is broken.
pub type Target = fn(&[u8]);

/// All of them, by the names of their corpora.
pub const TARGETS: &[(&str, Target)] = &[
    ("schedule", schedule),
    ("change", change),
    ("publish", publish),
    ("told", told),
    ("headers", headers),
    ("time", time),
    ("progress", progress),
    ("hint", hint),
    ("answer", answer),
    ("dialogue", dialogue),
    ("returned", returned),
    ("media", media),
    ("toml_settings", toml_settings),
    ("yaml_settings", yaml_settings),
    ("json_settings", json_settings),
    ("variables", variables),
];
