//! How exchanges choose queues.

use crate::topology::{Kind, Topology};

/// The queues that a message sent to `exchange` with `key` reaches; the nameless exchange knows every queue by its name.
pub(super) fn route(topology: &Topology, exchange: &str, key: &str) -> Vec<String> {
    if exchange.is_empty() {
        return topology.queues.iter().filter(|queue| queue.name == key).map(|queue| queue.name.clone()).collect();
    }
    let Some(found) = topology.exchanges.iter().find(|known| known.name == exchange) else { return Vec::new() };
    let takes = |pattern: &str| match found.kind {
        Kind::Fanout => true,
        Kind::Direct => pattern == key,
        Kind::Topic => matches(&words(pattern), &words(key)),
    };
    let mut queues: Vec<String> = Vec::new();
    for binding in topology.bindings.iter().filter(|binding| binding.exchange == exchange && takes(&binding.key)) {
        if !queues.contains(&binding.queue) {
            queues.push(binding.queue.clone());
        }
    }
    match &found.alternate {
        Some(alternate) if queues.is_empty() => route(topology, alternate, key),
        _ => queues,
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split('.').collect()
}

/// `*` stands for one word, `#` for any number.
fn matches(pattern: &[&str], key: &[&str]) -> bool {
    match (pattern, key) {
        ([], []) => true,
        (["#", rest @ ..], _) => matches(rest, key) || (!key.is_empty() && matches(pattern, &key[1..])),
        (["*", rest @ ..], [_, others @ ..]) => matches(rest, others),
        ([word, rest @ ..], [first, others @ ..]) => word == first && matches(rest, others),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Names, Tier};

    #[test]
    fn topic_patterns() {
        let fits = |pattern: &str, key: &str| matches(&words(pattern), &words(key));
        assert!(fits("target.*", "target.published"));
        assert!(!fits("target.*", "target.part.published"));
        assert!(fits("target.#", "target.part.published") && fits("target.#", "target") && fits("#", "a.b"));
        assert!(fits("#.failed", "target.failed") && !fits("#.failed", "target.published"));
    }

    #[test]
    fn what_no_binding_takes_goes_to_the_alternate_exchange() {
        let names = Names::new("t");
        let all = Topology::new(&names, ["mastodon"]);
        assert_eq!(route(&all, &names.publish(), "mastodon"), ["t.publish.mastodon"]);
        assert_eq!(route(&all, &names.publish(), "gone"), ["t.unrouted"]);
        assert_eq!(route(&all, &names.retry(Tier::S5), "gone"), ["t.retry.5s"]);
        assert!(route(&all, "", "t.publish.gone").is_empty() && route(&all, &names.events(), "x").is_empty());
    }
}
