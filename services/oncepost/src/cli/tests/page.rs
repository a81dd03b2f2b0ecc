//! docs/cli.md names what there is, and nothing else.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory};

const PAGE: &str = include_str!("../../../../../docs/cli.md");

/// What runs as a service or prepares one: `oncepost help` lists it, and the page says so.
const SERVICES: [&str; 13] = [
    "dev",
    "scheduler",
    "worker",
    "api",
    "keeper",
    "notifier",
    "vault",
    "alerts",
    "token",
    "openapi",
    "migrate",
    "restored",
    "doctor",
];

/// The options of a command and of what is below it.
fn options(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter(|given| !given.is_global_set()).filter_map(|given| given.get_long());
    let below = command.get_subcommands().flat_map(options);
    own.map(str::to_owned).chain(below).collect()
}

/// Every `--option` that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
    let words = text.split(|c: char| !is_part(c)).filter_map(|word| word.strip_prefix("--"));
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase())).map(str::to_owned).collect()
}

#[test]
fn the_page_tells_of_every_command_and_option_and_of_no_other() {
    let program = crate::Arguments::command();
    let all: BTreeSet<_> = program.get_arguments().filter_map(|given| given.get_long()).map(str::to_owned).collect();
    let mut sections = PAGE.split("\n## ");
    let head = sections.next().unwrap_or_default();
    assert!(named(head).is_subset(&all), "{:?}", named(head));
    let sections: Vec<_> = sections.filter_map(|section| section.split_once('\n')).collect();

    let commands: Vec<_> =
        program.get_subcommands().filter(|command| !SERVICES.contains(&command.get_name())).collect();
    let names: Vec<_> = commands.iter().map(|command| command.get_name()).collect();
    let told: Vec<_> = sections.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, told, "the page tells of the commands in the order of `oncepost help`");
    for (command, (name, text)) in commands.into_iter().zip(sections) {
        let missing: Vec<_> = options(command).difference(&named(text)).cloned().collect();
        assert!(missing.is_empty(), "{name}: {missing:?} is not told of");
        let known: BTreeSet<_> = options(command).union(&all).cloned().collect();
        let foreign: Vec<_> = named(text).difference(&known).cloned().collect();
        assert!(foreign.is_empty(), "{name}: there is no {foreign:?}");
        for below in command.get_subcommands() {
            let below = below.get_name();
            assert!(
                text.contains(&format!("{name} {below} ")) || text.contains(&format!("`{below} NAME`")),
                "{name} {below}"
            );
        }
    }
}
