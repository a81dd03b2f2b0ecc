//! The last recorded runs of the proofs, in `docs/proof/*.json`: written by the proofs' own `--record`, never by hand.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::page::root;

/// What the page claims at the least.
const SEEDS: u64 = 10_000;
const KILLS: u64 = 200;

fn run(name: &str) -> Value {
    let path = root().join(format!("docs/proof/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn names_in(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn number(run: &Value, path: &str) -> f64 {
    run.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{} has no {path}", run["check"]))
}

fn whole(run: &Value, path: &str) -> u64 {
    run.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{} has no {path}", run["check"]))
}

/// A number as people read it: 1234567 → 1,234,567.
fn shown(run: &Value, path: &str) -> String {
    grouped(whole(run, path))
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap());
    groups.collect::<Vec<_>>().join(",")
}

fn minutes(run: &Value) -> String {
    let seconds = number(run, "/seconds");
    if seconds < 90.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

/// The proofs' own `people_needed_per_10000` counts posts in chaos and targets in the simulation; the page counts targets in both.
fn people_per_10_000_targets(run: &Value) -> f64 {
    number(run, "/people_needed") * 10_000.0 / number(run, "/targets")
}

fn list<'a>(run: &'a Value, path: &str) -> &'a Vec<Value> {
    run.pointer(path).and_then(Value::as_array).unwrap_or_else(|| panic!("{} has no list {path}", run["check"]))
}

pub fn render() -> String {
    let (model, simulation, chaos, fuzz, mutants) =
        (run("model"), run("simulation"), run("chaos"), run("fuzz"), run("mutants"));
    let kills: Vec<_> =
        chaos["kills"].as_object().unwrap().iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let recover: Vec<_> = chaos["recover_seconds"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(kind, times)| {
            format!("{kind} {:.1} ({:.1})", times["median"].as_f64().unwrap(), times["max"].as_f64().unwrap())
        })
        .collect();
    let runs: u64 = list(&fuzz, "/targets").iter().map(|target| whole(target, "/runs")).sum();
    let safeguards: Vec<_> = list(&model, "/safeguards").iter().map(|one| one["name"].as_str().unwrap()).collect();
    [
        "| proof | extent | duplicates | missed | people needed per 10,000 targets | took | repeat it |".to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
        format!(
            "| [model check](docs/proof/model.md) | {} configurations, {} distinct states, all of them | 0 | 0 | - | {} | `make model` |",
            list(&model, "/configurations").len(),
            shown(&model, "/unique"),
            minutes(&model),
        ),
        format!(
            "| [simulation](docs/proof/simulation.md) | {} seeds, {} targets, {} kills | {} | {} | {:.1} | {} | `make simulate SEEDS={} FIRST_SEED={}` |",
            shown(&simulation, "/seeds"),
            shown(&simulation, "/targets"),
            grouped(simulation["kills"].as_object().unwrap().values().filter_map(Value::as_u64).sum()),
            whole(&simulation, "/duplicates"),
            whole(&simulation, "/missed"),
            people_per_10_000_targets(&simulation),
            minutes(&simulation),
            whole(&simulation, "/seeds"),
            whole(&simulation, "/first_seed"),
        ),
        format!(
            "| [chaos](docs/proof/chaos.md) on real servers | {} targets, {} kills ({}) | {} | {} | {:.1} | {} | `make chaos ARGS=\"{}\"` |",
            shown(&chaos, "/targets"),
            whole(&chaos, "/kills_total"),
            kills.join(", "),
            whole(&chaos, "/duplicates"),
            whole(&chaos, "/missed"),
            people_per_10_000_targets(&chaos),
            minutes(&chaos),
            chaos["arguments"].as_str().expect("chaos records its arguments"),
        ),
        String::new(),
        format!(
            "- **Doubts**: {} in the simulation, of which {} were settled by machine, {} were sent again because the account chose that, and {} were left to people; {} in chaos, of which {} were settled by machine and {} were undecidable.",
            shown(&simulation, "/doubts"),
            shown(&simulation, "/doubts_settled_by_machine"),
            shown(&simulation, "/doubts_sent_again_by_choice"),
            shown(&simulation, "/doubts_left_to_people"),
            shown(&chaos, "/doubts"),
            shown(&chaos, "/doubts_settled_by_machine"),
            shown(&chaos, "/undecidable_listed"),
        ),
        format!(
            "- **People needed**: {} and {} targets. {} and {} of them were on accounts that offer no proof, or none after a key's hour; each was listed, none was sent twice by itself. The other {} and {} had all looks or tries used up, or waited too long for the platform's verdict (in the simulation {}, {} and {}).",
            shown(&simulation, "/people_needed"),
            shown(&chaos, "/people_needed"),
            shown(&simulation, "/undecidable_listed"),
            shown(&chaos, "/undecidable_listed"),
            grouped(whole(&simulation, "/people_needed") - whole(&simulation, "/undecidable_listed")),
            grouped(whole(&chaos, "/people_needed") - whole(&chaos, "/undecidable_listed")),
            shown(&simulation, "/looks_used_up"),
            shown(&simulation, "/tries_used_up"),
            shown(&simulation, "/still_processing"),
        ),
        format!(
            "- **Second posts by choice**, not among the duplicates: {} in the simulation, on accounts that set `on_doubt = \"resend\"` and so ask for at-least-once where nobody can tell. Chaos has no such account.",
            shown(&simulation, "/second_posts_by_choice"),
        ),
        format!("- **Back at work after a kill**, seconds, median (longest): {}.", recover.join(", ")),
        format!("- **The model check finds the duplicate** when a safeguard is taken away: {}.", safeguards.join("; ")),
        format!(
            "- **Broken on purpose** (`make mutants`): {} of {} changes to the domain's decisions are noticed by its tests, {} do not compile or never end, {} go unnoticed.",
            whole(&mutants, "/caught"),
            whole(&mutants, "/mutants"),
            whole(&mutants, "/unviable") + whole(&mutants, "/timeout"),
            whole(&mutants, "/missed"),
        ),
        format!(
            "- **Anything as input** (`make fuzz`): {} parsers, {} million inputs, no panic, no crash.",
            list(&fuzz, "/targets").len(),
            runs / 1_000_000,
        ),
        String::new(),
    ]
    .join("\n")
}

/// The recorded runs held, and are as long as the page says they are at the least.
pub fn check() {
    for name in ["model", "simulation", "chaos", "fuzz", "mutants"] {
        let run = run(name);
        assert_eq!((run["check"].as_str(), run["held"].as_bool()), (Some(name), Some(true)), "docs/proof/{name}.json");
    }
    let (simulation, chaos, model, fuzz) = (run("simulation"), run("chaos"), run("model"), run("fuzz"));
    assert!(whole(&simulation, "/seeds") >= SEEDS, "at least {SEEDS} seeds");
    assert!(whole(&chaos, "/kills_total") >= KILLS, "at least {KILLS} kills");
    for run in [&simulation, &chaos] {
        for path in ["/duplicates", "/missed", "/disagreements"] {
            assert_eq!(whole(run, path), 0, "{} {path}", run["check"]);
        }
    }
    let sum = |paths: &[&str]| paths.iter().map(|path| whole(&simulation, path)).sum::<u64>();
    let ends = ["/doubts_settled_by_machine", "/doubts_sent_again_by_choice", "/doubts_left_to_people"];
    let reasons = ["/undecidable_listed", "/looks_used_up", "/tries_used_up", "/still_processing"];
    assert_eq!(sum(&ends), sum(&["/doubts"]), "every doubt is accounted for");
    assert_eq!(sum(&reasons), sum(&["/people_needed"]), "everybody who was needed is accounted for");
    let fuzzed: BTreeSet<_> =
        list(&fuzz, "/targets").iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(fuzzed, names_in("shared/fuzz/corpus"), "every parser was fuzzed");
    assert!(list(&model, "/safeguards").iter().all(|one| one["found"] == true), "each safeguard is needed");
}
