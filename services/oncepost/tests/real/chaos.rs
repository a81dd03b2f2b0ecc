//! A short run of `make chaos`: everything is killed, every kind of connection is hurt, and the platforms count.

use std::collections::BTreeSet;

use harness::chaos::{self, Options};
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_killed_and_cut_and_nothing_is_out_twice_or_missed() {
    let (schedulers, workers, forgetful) = (2, 3, false);
    let options = Options { posts: 120, kills: 9, seconds: 14, seed: 5, rest: 120, schedulers, workers, forgetful };
    let mut folder = TempDir::new().unwrap();
    let report = chaos::run(&options, folder.path()).await.unwrap();
    if !report.held {
        folder.disable_cleanup(true);
    }
    let told = || format!("{}\nthe logs are kept in {}", report.table(), folder.path().display());
    assert!(report.held, "{}", told());
    assert_eq!((report.duplicates, report.missed, report.disagreements, report.violations), (0, 0, 0, 0));
    // Out, or with a person; and only where no machine can tell.
    assert_eq!(report.targets, 240);
    assert_eq!(report.published + report.people_needed, report.targets, "{}", told());
    assert_eq!(report.people_needed_where_a_machine_could_tell, 0, "{}", told());
    // The run was one: everything died, every kind of trouble came, queues were emptied, and outcomes were lost.
    let killed: BTreeSet<_> = report.kills.keys().copied().filter(|kind| *kind != "worker_at_step").collect();
    assert_eq!(killed, BTreeSet::from(["api", "postgresql", "rabbitmq", "redis", "scheduler", "worker"]));
    assert!(report.kills_total >= options.kills && report.purges > 0, "{}", told());
    assert_eq!(report.network_faults.values().sum::<usize>(), 14);
    assert!(report.doubts_settled_by_machine > 0, "{}", told());
}
