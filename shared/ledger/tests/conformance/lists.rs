//! Lists of posts: whatever they are narrowed to, all that fit, once, newest first.

use std::collections::BTreeSet;

use domain::{Command, Content, Media, Override, Part, PostId, State};
use ledger::{PostFilter, PostView};

use crate::{
    house::House,
    making::{account, begin, channel, post_of, published, tenant},
};

/// All pages of a list.
async fn all(house: &House, filter: &PostFilter) -> Vec<PostId> {
    let mut filter = filter.clone();
    let mut found = Vec::new();
    for _ in 0..1_000 {
        let page = house.ledger.posts(&filter).await.unwrap();
        assert!(page.items.len() <= filter.limit as usize);
        found.extend(page.items.iter().map(|post| post.id));
        filter.after = page.next;
        if filter.after.is_none() {
            return found;
        }
    }
    panic!("the list has no end");
}

fn fits(post: &PostView, filter: &PostFilter) -> bool {
    filter.tenant.as_ref().is_none_or(|tenant| *tenant == post.tenant)
        && post.targets.iter().map(|view| &view.target).any(|target| {
            filter.channel.as_ref().is_none_or(|channel| *channel == target.channel)
                && filter.account.as_ref().is_none_or(|account| *account == target.account)
                && filter.state.is_none_or(|state| state == target.state)
        })
}

pub async fn posts_are_narrowed_by_where_their_targets_are_and_how_they_stand(house: &House) {
    let places = [("a", "x"), ("a", "y"), ("b", "x"), ("c", "x")];
    let mut ids = Vec::new();
    for n in 0..40_usize {
        let owner = if n % 3 == 0 { "acme" } else { "zoo" };
        let places: Vec<_> = (0..4).filter(|place| (n + 3) * (place + 2) % 5 < 3).map(|place| places[place]).collect();
        let due = if n % 5 == 0 { house.now() } else { house.later(3_600) };
        let post = post_of(house, owner, &places, due);
        ids.push(post.id);
        let targets: Vec<_> = post.targets.iter().map(|target| target.id).collect();
        house.accept(vec![post]).await;
        for (at, target) in targets.into_iter().enumerate() {
            match (n + at) % 7 {
                0 => drop(house.apply(target, Command::Cancel).await),
                1 if n % 5 == 0 => {
                    house.apply(target, begin("w")).await;
                }
                2 if n % 5 == 0 => {
                    house.apply(target, begin("w")).await;
                    house.apply(target, published(1, &format!("p-{n}-{at}"))).await;
                }
                _ => {}
            }
        }
        // Over more than one span of what the indexes keep of an id.
        house.advance(if n % 4 == 0 { 20_000 } else { 1 });
    }
    house.claim(3).await;
    let mut views = Vec::new();
    for id in ids.iter().rev() {
        views.push(house.ledger.post(*id, false).await.unwrap().unwrap());
    }
    let stand: BTreeSet<State> =
        views.iter().flat_map(|view| view.targets.iter().map(|view| view.target.state)).collect();
    assert!(stand.len() >= 4, "{stand:?}");
    let tenants = [None, Some("acme"), Some("zoo"), Some("nobody")];
    let channels = [None, Some("a"), Some("b"), Some("none")];
    let states = [
        None,
        Some(State::Scheduled),
        Some(State::Queued),
        Some(State::Publishing),
        Some(State::Published),
        Some(State::Cancelled),
    ];
    for owner in tenants {
        for on in channels {
            for state in states {
                for by in [None, Some("y")] {
                    let filter = PostFilter {
                        tenant: owner.map(tenant),
                        channel: on.map(channel),
                        account: by.map(account),
                        state,
                        limit: 3,
                        ..PostFilter::default()
                    };
                    let expected: Vec<_> =
                        views.iter().filter(|view| fits(view, &filter)).map(|view| view.id).collect();
                    assert_eq!(all(house, &filter).await, expected, "{filter:?}");
                }
            }
        }
    }
}

pub async fn posts_are_found_by_what_they_say(house: &House) {
    let mut made = Vec::new();
    let thread = Part { text: "Then a concert".into(), media: Vec::new() };
    let picture = Media { url: "https://cdn.example/1.jpg".into(), alt: Some("The \"old\" harbour".into()) };
    let contents = [
        Content { text: "We open on Sunday\nat noon".into(), ..Content::default() },
        Content {
            text: "WE OPEN ON MONDAY, 100%_sure".into(),
            link: Some("https://menu.example/".into()),
            ..Content::default()
        },
        Content { text: "Größe: über alles".into(), thread: vec![thread], ..Content::default() },
        Content { text: "Nothing".into(), media: vec![picture], ..Content::default() },
    ];
    for (n, content) in contents.into_iter().enumerate() {
        let mut post = post_of(house, if n == 1 { "zoo" } else { "acme" }, &[("a", "x"), ("b", "x")], house.later(60));
        post.content = content;
        if n == 3 {
            post.targets[1].changes = Override { text: Some("Instead: ÜBER us".into()), ..Override::default() };
        }
        made.push(post.id);
        house.accept(vec![post]).await;
        house.advance(1);
    }
    let found = |words: &'static [&'static str], narrow: PostFilter| {
        let words = words.iter().map(|&word| word.into()).collect();
        let filter = PostFilter { words, limit: 1, ..narrow };
        async move { all(house, &filter).await }
    };
    let any = PostFilter::default;
    assert_eq!(found(&["open"], any()).await, [made[1], made[0]], "newest first, in any case");
    assert_eq!(found(&["open", "sun"], any()).await, [made[0]], "all of them; a part of a word is enough");
    assert_eq!(found(&["open", "harbour"], any()).await, []);
    assert_eq!(found(&["noon"], any()).await, [made[0]], "after the end of a line");
    assert_eq!(found(&["100%_"], any()).await, [made[1]], "nothing stands for something else");
    assert_eq!(found(&["o_en"], any()).await, []);
    assert_eq!(found(&["menu.example"], any()).await, [made[1]], "in a link");
    assert_eq!(found(&["concert"], any()).await, [made[2]], "in a thread");
    assert_eq!(found(&["\"old\""], any()).await, [made[3]], "in what a picture shows");
    assert_eq!(found(&["über"], any()).await, [made[3], made[2]], "and in what a target says instead");
    assert_eq!(found(&["größe"], any()).await, [made[2]]);
    for kept in ["text", "media", "alt", "cdn", "\\n"] {
        assert_eq!(
            all(house, &PostFilter { words: vec![kept.into()], limit: 1, ..any() }).await,
            [],
            "how it is kept: {kept}"
        );
    }
    assert_eq!(found(&["open"], PostFilter { tenant: Some(tenant("acme")), ..any() }).await, [made[0]]);
    assert_eq!(found(&["open"], PostFilter { tenant: Some(tenant("nobody")), ..any() }).await, []);
    assert_eq!(found(&["open"], PostFilter { channel: Some(channel("b")), ..any() }).await, [made[1], made[0]]);
    assert_eq!(found(&["open"], PostFilter { state: Some(State::Published), ..any() }).await, []);
    assert_eq!(found(&["open"], PostFilter { account: Some(account("y")), ..any() }).await, []);
}
