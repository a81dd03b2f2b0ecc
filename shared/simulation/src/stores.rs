//! What happens to the stores and the platforms themselves.

use guard::Guard;

use crate::{
    dice::Dice,
    stage::{Stage, Tally},
};

/// Redis is wiped, or away.
pub(crate) async fn redis(stage: Stage) {
    let dice = Dice::new(stage.seed, "redis");
    while stage.plan.trouble.redis && stage.troubled(dice.seconds(5, 200)).await {
        if dice.chance(0.5) {
            stage.witness.note("redis", || "is wiped".into());
            Tally::add(&stage.tally.redis_wipes);
            let _ = stage.guard.wipe().await; // It fails only while it is away, and it is not.
        } else {
            let span = dice.seconds(1, 60);
            stage.witness.note("redis", || format!("is away for {} s", span.as_secs()));
            stage.guard.set_away(true);
            stage.troubled(span).await;
            stage.guard.set_away(false);
        }
    }
}

/// The broker loses everything, restarts, is away, loses confirms, delivers twice.
pub(crate) async fn broker(stage: Stage) {
    let dice = Dice::new(stage.seed, "broker");
    let broker = &stage.broker;
    while stage.plan.trouble.broker && stage.troubled(dice.seconds(5, 200)).await {
        match dice.number(0, 9) {
            0 => {
                stage.witness.note("broker", || "loses every message".into());
                Tally::add(&stage.tally.broker_wipes);
                broker.wipe();
            }
            1 | 2 => {
                stage.witness.note("broker", || "restarts and delivers everything again".into());
                broker.restart();
            }
            3 | 4 => {
                let span = dice.seconds(1, 90);
                stage.witness.note("broker", || format!("is away for {} s", span.as_secs()));
                broker.cut(true);
                stage.troubled(span).await;
                broker.cut(false);
                broker.restart();
            }
            5 | 6 => {
                stage.witness.note("broker", || "loses some confirms".into());
                broker.lose_confirms(dice.number(1, 5) as usize);
            }
            _ => {
                stage.witness.note("broker", || "delivers some messages twice".into());
                broker.deliver_twice(dice.number(1, 10) as usize);
            }
        }
    }
    broker.lose_confirms(0);
    broker.deliver_twice(0);
}

/// The ledger is away.
pub(crate) async fn ledger(stage: Stage) {
    let dice = Dice::new(stage.seed, "ledger");
    while stage.plan.trouble.ledger && stage.troubled(dice.seconds(20, 400)).await {
        let span = dice.seconds(1, 60);
        stage.witness.note("ledger", || format!("is away for {} s", span.as_secs()));
        stage.ledger.set_away(true);
        stage.troubled(span).await;
        stage.ledger.set_away(false);
    }
}

/// The platforms cannot be reached by anybody.
pub(crate) async fn platform(stage: Stage) {
    let dice = Dice::new(stage.seed, "platform");
    while stage.plan.trouble.network && stage.troubled(dice.seconds(20, 600)).await {
        let span = dice.seconds(1, 90);
        stage.witness.note("platform", || format!("cannot be reached for {} s", span.as_secs()));
        stage.platform.set_unreachable(true);
        stage.troubled(span).await;
        stage.platform.set_unreachable(false);
    }
}
