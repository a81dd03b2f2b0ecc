//! The ledger is put back to an earlier time, and with it the tokens.

use std::time::Duration;

use domain::{PauseScope, State};
use ledger::{GapAsk, Ledger, Restores};
use testkit::{X, fake::Platform};
use vault::record::State as Health;

use crate::stand::{DAY, HOUR, MINUTE, Stand};

/// X takes a refresh token once; whoever uses it again loses all tokens of the account.
#[tokio::test(start_paused = true)]
async fn after_a_restore_a_spent_refresh_token_costs_a_reconnect_and_neither_a_miss_nor_a_duplicate() {
    let stand = Stand::<X>::start().await;
    stand.connect("main").await;
    stand.runtime.sleep(3 * HOUR).await;
    stand.post("main", MINUTE).await;
    stand.all_out(HOUR).await;
    let since_then = stand.post("main", 3 * HOUR).await;
    let later = stand.post("main", 7 * HOUR).await;
    let (kept, since) = (stand.ledger.snapshot(), stand.runtime.now());
    stand.runtime.sleep(4 * HOUR).await;
    assert_eq!(stand.target(since_then).await.state, State::Published);
    assert_eq!(
        (stand.calls_to("POST", "/oauth2/token"), stand.posts().len()),
        (2, 2),
        "a token was used that is not in the back-up"
    );

    stand.ledger.restore(&kept);
    stand.runtime.sleep(HOUR).await;
    assert_eq!((stand.calls_to("POST", "/oauth2/token"), stand.posts().len()), (2, 2), "nothing is renewed or sent");
    assert_eq!(stand.target(since_then).await.state, State::Scheduled, "as it was");

    let lease = stand.ledger.policy().lease;
    let ask = GapAsk::new(since, stand.runtime.now(), lease, lease, Duration::ZERO);
    stand.ledger.begin_gap(&ask).await.unwrap();
    stand.ledger.mark_gap(&ask, None).await.unwrap();
    stand.ledger.vouch().await.unwrap();
    stand.runtime.sleep(3 * HOUR).await;
    assert_eq!(stand.health("main").await, Health::NeedsReconnect, "the owner is asked for");
    let pauses = stand.ledger.pauses().await.unwrap();
    assert!(pauses.iter().any(|pause| matches!(pause.scope, PauseScope::Account { .. })), "{pauses:#?}");
    assert_eq!(stand.posts().len(), 2, "nothing is sent meanwhile");
    for target in [since_then, later] {
        let target = stand.target(target).await;
        assert!(!target.state.is_terminal(), "nothing is given up: {target:#?}");
    }

    stand.platform().restore("main");
    stand.connect("main").await;
    stand.all_out(DAY).await;
    assert_eq!(
        (stand.posts().len(), stand.publishes_with(201)),
        (3, 3),
        "what was out was found, what was not went out"
    );
}
