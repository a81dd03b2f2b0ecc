//! Who goes first when more is due than may be handed over: tenants take turns, and within a tenant its accounts.

use std::collections::HashMap;

use crate::record::Record;

/// Orders due rows so that every tenant's first comes before anybody's second, and likewise for its accounts.
pub(crate) fn in_turn(mut rows: Vec<Record>) -> Vec<Record> {
    rows.sort_by_key(|row| (row.wake_at, row.id));
    let mut accounts: HashMap<(String, String, String), u32> = HashMap::new();
    let mut ranked: Vec<(u32, Record)> = rows
        .into_iter()
        .map(|row| {
            let account = (row.tenant.clone(), row.channel.clone(), row.account.clone());
            (next(accounts.entry(account).or_default()), row)
        })
        .collect();
    // A stable sort: what is equal stays in the order of its time.
    ranked.sort_by_key(|(turn, _)| *turn);
    let mut tenants: HashMap<String, u32> = HashMap::new();
    let mut ranked: Vec<(u32, Record)> =
        ranked.into_iter().map(|(_, row)| (next(tenants.entry(row.tenant.clone()).or_default()), row)).collect();
    ranked.sort_by_key(|(turn, _)| *turn);
    ranked.into_iter().map(|(_, row)| row).collect()
}

fn next(turn: &mut u32) -> u32 {
    *turn += 1;
    *turn
}

/// How many of `wanted.0` and `wanted.1` fit into `limit` so that neither starves the other.
pub(crate) fn share(limit: usize, wanted: (usize, usize)) -> (usize, usize) {
    let half = limit.div_ceil(2);
    let first = wanted.0.min(half.max(limit.saturating_sub(wanted.1)));
    (first, wanted.1.min(limit - first))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn row(id: u128, tenant: &str, account: &str, wake_at: i64) -> Record {
        Record {
            id: Uuid::from_u128(id),
            post: Uuid::nil(),
            tenant: tenant.into(),
            channel: "webhook".into(),
            account: account.into(),
            app: None,
            state: 0,
            revision: 1,
            due_at: wake_at,
            deadline: None,
            next_at: Some(wake_at),
            wake_at: Some(wake_at),
            hash: Uuid::nil(),
            attempt: 0,
            tries: 0,
            trace: None,
            progress: None,
        }
    }

    #[test]
    fn tenants_take_turns_and_so_do_accounts() {
        let rows = vec![
            row(1, "big", "a", 1),
            row(2, "big", "a", 2),
            row(3, "big", "a", 3),
            row(4, "big", "b", 4),
            row(5, "small", "a", 5),
        ];
        let order: Vec<_> = in_turn(rows).into_iter().map(|row| row.id.as_u128()).collect();
        assert_eq!(order, [1, 5, 4, 2, 3]);
    }

    #[test]
    fn what_one_side_leaves_the_other_may_use() {
        assert_eq!(share(10, (100, 100)), (5, 5));
        assert_eq!(share(10, (100, 2)), (8, 2));
        assert_eq!(share(10, (2, 100)), (2, 8));
        assert_eq!(share(10, (3, 4)), (3, 4));
        assert_eq!(share(1, (5, 5)), (1, 0));
    }
}
