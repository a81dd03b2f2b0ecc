//! An operator's first question, answered from where a cause's targets are: is it everything, one channel, one app, one account, or one
//! post? And the evidence: what goes out meanwhile. Pure.

use std::collections::{BTreeMap, BTreeSet};

use channels::AccountCard;
use domain::{AccountId, AppId, ChannelName, Scope, TenantId};
use jiff::Timestamp;
use ledger::{Lately, Outlet};

use crate::{
    api::{Extent, ExtentKind, Flow, Meanwhile},
    standing::instant,
};

/// An account by its name.
type Account<'a> = (&'a TenantId, &'a ChannelName, &'a AccountId);

fn account(place: &Outlet) -> Account<'_> {
    (&place.tenant, &place.channel, &place.account)
}

/// The accounts that there are, as far as the caller may know.
#[derive(Debug, Default)]
pub(crate) struct Known {
    accounts: BTreeSet<(TenantId, ChannelName, AccountId)>,
    by_app: BTreeMap<AppId, usize>,
}

impl Known {
    /// Of these cards.
    pub fn of<'a>(cards: impl IntoIterator<Item = &'a AccountCard>) -> Self {
        let mut known = Self::default();
        for card in cards {
            if let Some(app) = &card.app {
                *known.by_app.entry(app.clone()).or_default() += 1;
            }
            known.accounts.insert((card.tenant.clone(), card.channel.clone(), card.id.clone()));
        }
        known
    }

    fn on(&self, channel: &ChannelName) -> usize {
        self.accounts.iter().filter(|(_, on, _)| on == channel).count()
    }

    fn channels(&self) -> BTreeSet<&ChannelName> {
        self.accounts.iter().map(|(_, channel, _)| channel).collect()
    }

    fn tenants(&self) -> usize {
        self.accounts.iter().map(|(tenant, ..)| tenant).collect::<BTreeSet<_>>().len()
    }
}

/// How far something reaches that concerns targets of `posts` posts at these places.
pub(crate) fn extent<'a>(places: impl IntoIterator<Item = &'a Outlet>, posts: u64, known: &Known) -> Extent {
    let places: Vec<_> = places.into_iter().collect();
    let accounts: BTreeSet<_> = places.iter().map(|place| account(place)).collect();
    let channels: BTreeSet<_> = places.iter().map(|place| &place.channel).collect();
    let tenants: BTreeSet<_> = places.iter().map(|place| &place.tenant).collect();
    let apps: BTreeSet<_> = places.iter().map(|place| place.app.as_ref()).collect();
    let app = match Vec::from_iter(&apps)[..] {
        [Some(app)] => Some(app),
        _ => None,
    };
    let many = accounts.len();
    let on = listed(channels.iter().map(|channel| channel.as_str()));
    let is_one_of_many = tenants.len() == 1 && known.tenants() > 1;
    let (kind, words) = match (accounts.first(), channels.first()) {
        (Some((tenant, channel, account)), _) if many == 1 && posts <= 1 => {
            (ExtentKind::Post, format!("One post, on {tenant}/{channel}/{account}"))
        }
        (Some((tenant, channel, account)), _) if many == 1 => {
            (ExtentKind::Account, format!("Only account {tenant}/{channel}/{account}"))
        }
        (Some(_), Some(channel)) if posts <= 1 && channels.len() == 1 => {
            (ExtentKind::Post, format!("One post, on {many} accounts of {channel}"))
        }
        (Some(_), _) if posts <= 1 => (ExtentKind::Post, format!("One post, on {} channels: {on}", channels.len())),
        // An app that all of a channel's accounts go through is told as the channel where it serves no other one.
        (Some(_), Some(channel)) if channels.len() == 1 && many >= known.on(channel) => {
            (ExtentKind::Channel, format!("All {many} accounts of {channel}"))
        }
        (Some(_), _) if app.is_some_and(|app| many >= known.by_app.get(app).copied().unwrap_or_default()) => {
            let app = app.map_or("", |app| app.as_str());
            (ExtentKind::App, format!("All {many} accounts of app {app}, on {on}"))
        }
        (Some((tenant, ..)), Some(channel)) if channels.len() == 1 => {
            let whose = if is_one_of_many { format!(", all of tenant {tenant}") } else { String::new() };
            (ExtentKind::Accounts, format!("{many} of the {} accounts of {channel}{whose}", known.on(channel)))
        }
        (Some((tenant, ..)), _) if is_one_of_many => {
            (ExtentKind::Tenant, format!("Only tenant {tenant}: {many} accounts on {}", counted(&channels, &on)))
        }
        (Some(_), _) if channels.len() >= known.channels().len() => {
            let (all, of) = (known.accounts.len(), channels.len());
            let is_most = many * 2 >= all;
            let kind = if is_most { ExtentKind::Everything } else { ExtentKind::Channels };
            let head = if is_most { "Everything: " } else { "" };
            (kind, format!("{head}{many} of {} accounts, on all {of} channels", all.max(many)))
        }
        (Some(_), _) => {
            let of = known.channels().len();
            (ExtentKind::Channels, format!("{many} accounts on {} of {of} channels: {on}", channels.len()))
        }
        (None, _) => (ExtentKind::Nothing, "Nothing".into()),
    };
    let first = accounts.first().copied();
    Extent { kind, words, look_at: look_at(kind, first) }
}

/// What to look at first for one cause at `places`. So far it may have struck one post only; its scope says what it will strike.
pub(crate) fn look_at_cause<'a>(
    kind: ExtentKind,
    scope: Option<Scope>,
    places: impl IntoIterator<Item = &'a Outlet>,
) -> String {
    let kind = match (kind, scope) {
        // The account works: it is these posts that it does not take.
        (ExtentKind::Account | ExtentKind::Accounts, Some(Scope::Post)) => return ALIKE.into(),
        (ExtentKind::Post, Some(Scope::Account)) => ExtentKind::Account,
        (ExtentKind::Post, Some(Scope::App)) => ExtentKind::App,
        (ExtentKind::Post, Some(Scope::Channel)) => ExtentKind::Channel,
        (ExtentKind::Post, Some(Scope::System)) => ExtentKind::Everything,
        (kind, _) => kind,
    };
    look_at(kind, places.into_iter().map(account).min())
}

/// What to look at first for several causes: what they have in common, if that can be.
pub(crate) fn look_at_all(extent: Extent, causes: usize) -> Extent {
    match extent.kind {
        ExtentKind::Tenant | ExtentKind::Accounts if causes > 1 => Extent { look_at: ONE_BY_ONE.into(), ..extent },
        _ => extent,
    }
}

/// What to look at first where several posts fail, each by itself.
const ALIKE: &str = "What these posts have in common: their words, their links, their media.";

/// What to look at first where several things may be wrong.
const ONE_BY_ONE: &str = "The causes one by one, the first one first: they need not belong together.";

/// What to look at first when something reaches so far; `first`: one of the accounts that it is on.
fn look_at(kind: ExtentKind, first: Option<Account<'_>>) -> String {
    let Some((tenant, channel, account)) = first else { return String::new() };
    match kind {
        ExtentKind::Nothing => String::new(),
        ExtentKind::Post => {
            "The post: what it says, its media; `oncepost status POST`. If that is in order, its account.".into()
        }
        ExtentKind::Account => format!(
            "The account: its token, its permissions, a restriction; `oncepost accounts {tenant}/{channel}/{account}`."
        ),
        ExtentKind::Accounts => {
            "What these accounts have in common: an app, the age of their tokens, a kind of post.".into()
        }
        ExtentKind::App => {
            "Our registration with the platform: its secret, its review, its quota; `oncepost apps`.".into()
        }
        ExtentKind::Channel => format!(
            "The platform: its status page. If it is down there is nothing to do but to wait, or `oncepost pause channel:{channel}`."
        ),
        ExtentKind::Tenant => format!("What that tenant changed last: `oncepost audit-log --tenant {tenant}`."),
        ExtentKind::Channels => ONE_BY_ONE.into(),
        ExtentKind::Everything => "oncepost itself, its network, its clock: `oncepost doctor`.".into(),
    }
}

fn counted(channels: &BTreeSet<&ChannelName>, on: &str) -> String {
    if channels.len() == 1 { on.to_owned() } else { format!("{} channels: {on}", channels.len()) }
}

/// Names in a row: the first three, and how many more there are.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 3;
    let names: Vec<_> = names.collect();
    match (names.split_last(), names.len().saturating_sub(MOST)) {
        (Some((last, [])), _) => (*last).to_owned(),
        (Some((last, rest)), 0) => format!("{} and {last}", rest.join(", ")),
        (Some(_), more) => format!("{} and {more} more", names[..MOST].join(", ")),
        (None, _) => String::new(),
    }
}

/// The beginning of the minute that `at` is in.
pub(crate) fn minute(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}

/// What goes out while something fails at `places` since `since`: on their accounts, on the other accounts of their channels, and
/// elsewhere. `from`: since when it was looked at.
pub(crate) fn meanwhile<'a>(
    places: impl IntoIterator<Item = &'a Outlet>,
    lately: &[Lately],
    since: Timestamp,
    from: Timestamp,
) -> Meanwhile {
    let places: Vec<_> = places.into_iter().collect();
    let accounts: BTreeSet<_> = places.iter().map(|place| account(place)).collect();
    let channels: BTreeSet<_> = places.iter().map(|place| &place.channel).collect();
    let since = minute(since).max(from);
    let (mut own, mut siblings, mut elsewhere) = (Flow::default(), Flow::default(), Flow::default());
    // By whole minutes: what was due before the one in which it began to fail proves nothing.
    for one in lately.iter().filter(|one| since <= one.minute) {
        let flow = match () {
            () if accounts.contains(&account(&one.place)) => &mut own,
            () if channels.contains(&one.place.channel) => &mut siblings,
            () => &mut elsewhere,
        };
        flow.settled += one.settled;
        flow.published += one.published;
    }
    let it = if accounts.len() == 1 { "it" } else { "them" };
    let on = listed(channels.iter().map(|channel| channel.as_str()));
    let at = instant(since);
    let words = match (own.published, siblings, elsewhere) {
        (1.., ..) => format!("Other posts of {it} go out meanwhile: {} due since {at} did.", own.published),
        (0, Flow { published: 1.., .. }, _) => {
            format!(
                "Nothing of {it} went out that was due since {at}; {} on other accounts of {on} did.",
                siblings.published
            )
        }
        (0, Flow { settled: 0, .. }, Flow { settled: 0, .. }) => {
            format!("Nothing else was due since {at}: whether other posts go out cannot be told.")
        }
        (0, _, Flow { published: 1.., .. }) => {
            format!("Nothing on {on} went out that was due since {at}; {} on other channels did.", elsewhere.published)
        }
        (0, ..) => format!("Nothing at all went out that was due since {at}."),
    };
    Meanwhile { since, own, siblings, elsewhere, words }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn place(text: &str) -> Outlet {
        let (name, app) = text.split_once('@').map_or((text, None), |(name, app)| (name, Some(app)));
        let fields: Vec<_> = name.split('/').collect();
        let [tenant, channel, account] = fields[..] else { panic!("{text}") };
        Outlet {
            tenant: tenant.parse().unwrap(),
            channel: channel.parse().unwrap(),
            account: account.parse().unwrap(),
            app: app.map(|app| app.parse().unwrap()),
        }
    }

    fn known(names: &[&str]) -> Known {
        let mut known = Known::default();
        for place in names.iter().map(|name| place(name)) {
            if let Some(app) = &place.app {
                *known.by_app.entry(app.clone()).or_default() += 1;
            }
            known.accounts.insert((place.tenant, place.channel, place.account));
        }
        known
    }

    const ALL: [&str; 9] = [
        "acme/a/one@meta",
        "acme/a/two@meta",
        "beta/a/one@meta",
        "beta/a/two@own",
        "acme/b/one@meta",
        "beta/b/one@meta",
        "acme/c/one",
        "beta/c/one",
        "beta/c/two",
    ];

    #[test]
    fn every_shape_has_its_words() {
        use ExtentKind::{Account, Accounts, App, Channel, Channels, Everything, Nothing, Post, Tenant};
        let table: &[(&[&str], u64, ExtentKind, &str)] = &[
            (&[], 0, Nothing, "Nothing"),
            (&["acme/a/one@meta"], 1, Post, "One post, on acme/a/one"),
            (&["acme/a/one@meta", "acme/a/two@meta"], 1, Post, "One post, on 2 accounts of a"),
            (&["acme/a/one@meta", "acme/b/one@meta", "acme/c/one"], 1, Post, "One post, on 3 channels: a, b and c"),
            (&["acme/a/one@meta"], 7, Account, "Only account acme/a/one"),
            // The account changed its app in between: it is one account.
            (&["acme/a/one@meta", "acme/a/one@own"], 7, Account, "Only account acme/a/one"),
            (&["acme/c/one", "beta/c/one", "beta/c/two"], 9, Channel, "All 3 accounts of c"),
            // Of accounts that were removed since there are more than there are.
            (&["acme/c/one", "beta/c/one", "beta/c/two", "beta/c/gone"], 9, Channel, "All 4 accounts of c"),
            (&["acme/c/one", "beta/c/one"], 9, Accounts, "2 of the 3 accounts of c"),
            (&["beta/c/one", "beta/c/two"], 9, Accounts, "2 of the 3 accounts of c, all of tenant beta"),
            (
                &["acme/a/one@meta", "acme/a/two@meta", "beta/a/one@meta", "acme/b/one@meta", "beta/b/one@meta"],
                9,
                App,
                "All 5 accounts of app meta, on a and b",
            ),
            (
                &["acme/a/one@meta", "acme/b/one@meta", "acme/c/one"],
                9,
                Tenant,
                "Only tenant acme: 3 accounts on 3 channels: a, b and c",
            ),
            (&["acme/a/one@meta", "beta/b/one@meta"], 9, Channels, "2 accounts on 2 of 3 channels: a and b"),
            (&["acme/a/one@meta", "beta/b/one@meta", "beta/c/one"], 9, Channels, "3 of 9 accounts, on all 3 channels"),
            (
                &["acme/a/one@meta", "beta/a/two@own", "beta/b/one@meta", "acme/b/one@meta", "beta/c/one"],
                9,
                Everything,
                "Everything: 5 of 9 accounts, on all 3 channels",
            ),
        ];
        let all = known(&ALL);
        for (places, posts, kind, words) in table {
            let places: Vec<_> = places.iter().map(|text| place(text)).collect();
            let found = extent(&places, *posts, &all);
            assert_eq!((found.kind, found.words.as_str()), (*kind, *words), "{places:?}");
            assert_eq!(found.look_at.is_empty(), *kind == Nothing, "{places:?}");
        }
    }

    #[test]
    fn what_to_look_at_first_follows_the_scope_where_one_post_has_failed_so_far() {
        let places = [place("acme/a/one@meta")];
        let of = |scope| look_at_cause(ExtentKind::Post, Some(scope), &places);
        for (scope, begins) in [
            (Scope::Post, "The post"),
            (Scope::Account, "The account"),
            (Scope::App, "Our registration"),
            (Scope::Channel, "The platform"),
            (Scope::System, "oncepost itself"),
        ] {
            assert!(of(scope).starts_with(begins), "{scope:?}: {}", of(scope));
        }
        assert_eq!(look_at_cause(ExtentKind::Account, Some(Scope::Post), &places), ALIKE);
        let only = extent(&[place("acme/a/one@meta"), place("acme/b/one@meta")], 9, &known(&ALL));
        assert_eq!(only.kind, ExtentKind::Tenant);
        assert!(look_at_all(only.clone(), 1).look_at.starts_with("What that tenant changed"));
        assert!(look_at_all(only, 2).look_at.starts_with("The causes one by one"));
    }

    #[test]
    fn to_a_tenant_there_are_no_others() {
        let own = known(&["acme/a/one@meta", "acme/a/two@meta", "acme/b/one@meta", "acme/c/one"]);
        let of = |names: &[&str]| extent(&names.iter().map(|name| place(name)).collect::<Vec<_>>(), 9, &own).words;
        assert_eq!(of(&["acme/a/one@meta", "acme/a/two@meta"]), "All 2 accounts of a");
        assert_eq!(
            of(&["acme/a/one@meta", "acme/b/one@meta", "acme/c/one"]),
            "Everything: 3 of 4 accounts, on all 3 channels"
        );
    }

    #[test]
    fn the_evidence_is_what_was_due_since_and_is_out() {
        let began: Timestamp = "2026-06-01T03:10:00Z".parse().unwrap();
        let lately = |name: &str, minutes: u64, settled, published| Lately {
            place: place(name),
            minute: began + Duration::from_secs(60 * minutes) - Duration::from_secs(60),
            settled,
            published,
        };
        // It began within the minute.
        let first = began + Duration::from_secs(7);
        let of = |rows: &[Lately]| meanwhile(&[place("acme/a/one@meta")], rows, first, began).words;
        // Due in the minute before it began.
        let early = lately("acme/a/one", 0, 9, 9);
        assert_eq!(
            of(std::slice::from_ref(&early)),
            "Nothing else was due since 2026-06-01 03:10:00Z: whether other posts go out cannot be told."
        );
        let (own, sibling) = (lately("acme/a/one", 1, 4, 0), lately("beta/a/one", 2, 2, 2));
        let (still, other) = (lately("beta/a/one", 2, 3, 0), lately("acme/c/one", 2, 5, 5));
        assert_eq!(
            of(&[lately("acme/a/one@own", 1, 4, 3)]),
            "Other posts of it go out meanwhile: 3 due since 2026-06-01 03:10:00Z did."
        );
        assert_eq!(
            of(&[own.clone(), sibling, other.clone()]),
            "Nothing of it went out that was due since 2026-06-01 03:10:00Z; 2 on other accounts of a did."
        );
        assert_eq!(
            of(&[own.clone(), still.clone(), other]),
            "Nothing on a went out that was due since 2026-06-01 03:10:00Z; 5 on other channels did."
        );
        assert_eq!(of(&[own, still]), "Nothing at all went out that was due since 2026-06-01 03:10:00Z.");
        // Only a part could be looked at.
        let from = began + Duration::from_secs(120);
        let looked = meanwhile(&[place("acme/a/one")], &[early], began, from);
        assert_eq!(looked.since, from);
    }
}
