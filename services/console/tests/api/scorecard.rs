//! How reliable a period was, and the rows behind each figure.

use serde_json::{Value, json};

use crate::world::{ACME, OPERATOR, OTHER, World, message, world};

/// Two posts of acme: on each channel one target is out, and one fails, is retried and then out; a third is given up.
async fn a_day(world: &World) -> Vec<String> {
    let (_, first) = world.accepted(&message("one")).await;
    let (_, second) = world.accepted(&message("two")).await;
    let (_, third) = world.accepted(&message("three")).await;
    world.at_due_time().await;
    for target in &first {
        world.publish(target).await;
    }
    world.fail(&second[0]).await;
    world.runtime.sleep(std::time::Duration::from_secs(120)).await;
    world.post(&format!("/v1/targets/{}/retry", second[0]), &json!({})).await.ok(200);
    world.publish(&second[0]).await;
    world.doubt(&second[1]).await;
    world.fail(&third[0]).await;
    world.post(&format!("/v1/targets/{}/cancel", third[0]), &json!({})).await.ok(200);
    [first, second, third].concat()
}

async fn listed(world: &World, figure: &str) -> Vec<String> {
    let path = format!("/v1/scorecard/targets?week=this&figure={figure}");
    let page = world.get(&path).await.ok(200);
    page["targets"].as_array().unwrap().iter().map(|target| target["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_figure_has_as_many_rows_as_it_says() {
    let world = world();
    a_day(&world).await;
    let card = world.get("/v1/scorecard?week=this").await.ok(200);
    assert_eq!((&card["period"]["name"], &card["so_far"]), (&json!("2026-W23"), &json!(true)));
    let total = &card["total"];
    for figure in [
        "due",
        "published",
        "failed",
        "expired",
        "undecided",
        "cancelled",
        "late",
        "doubts",
        "manual_retries",
        "resolved",
        "given_up",
    ] {
        let rows = listed(&world, figure).await;
        assert_eq!(json!(rows.len()), total[figure], "{figure}: {rows:?}");
    }
    assert_eq!((&total["published"], &total["cancelled"]), (&json!(3), &json!(1)));
    assert_eq!((&total["manual_retries"], &total["resolved"], &total["given_up"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(total["mean_time_to_resolve_s"], json!(120.0));
    assert_eq!(card["channels"].as_array().unwrap().len(), 2);
    assert_eq!(card["trend"].as_array().unwrap().len(), 9);
    assert_eq!(card["trend"][0]["due"], 0);
    assert_eq!((&total["looked_for"], card["trend"][0].get("looked_for")), (&json!(0), None), "nobody has looked");
    let of_channel = world.get("/v1/scorecard/targets?figure=published&channel=short").await.ok(200);
    assert_eq!(of_channel["targets"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_sees_its_own_figures_only() {
    let world = world();
    a_day(&world).await;
    let send = |token: &'static str, path: &'static str| world.send(Some(token), "GET", path, String::new());
    assert_eq!(
        send(ACME, "/v1/scorecard").await.ok(200)["total"],
        send(OPERATOR, "/v1/scorecard").await.ok(200)["total"]
    );
    let others = send(OTHER, "/v1/scorecard").await.ok(200);
    assert_eq!((&others["total"]["due"], &others["channels"], &others["causes"]), (&json!(0), &json!([]), &json!([])));
    assert_eq!((&others["total"]["manual_retries"], &others["open_cases"]), (&json!(0), &json!(0)));
    assert_eq!(send(OTHER, "/v1/scorecard/targets?figure=published").await.ok(200)["targets"], json!([]));
    send(OTHER, "/v1/scorecard?tenant=acme").await.problem(403);
    send(OTHER, "/v1/scorecard/targets?figure=due&tenant=acme").await.problem(403);
}

#[tokio::test(start_paused = true)]
async fn a_scorecard_can_be_sent_round() {
    let world = world();
    a_day(&world).await;
    let csv = world.get("/v1/scorecard?format=csv").await;
    assert_eq!((csv.status, csv.headers["content-type"].as_str()), (200, "text/csv; charset=utf-8"));
    assert_eq!(csv.text.lines().count(), 4, "{}", csv.text);
    let markdown = world.get("/v1/scorecard?format=markdown&zone=Europe/Berlin").await;
    assert!(markdown.text.starts_with("# Reliability, 2026-W23, so far"), "{}", markdown.text);
}

#[tokio::test(start_paused = true)]
async fn slips_are_told() {
    let world = world();
    for (query, says) in [
        ("week=next", "next is no week"),
        ("zone=Berlin", "no time zone Berlin"),
        ("from=2026-06-01", "belong together"),
        ("week=this&from=2026-06-01&until=2026-06-02", "give one of them"),
        ("from=2026-06-02&until=2026-06-01", "is not after"),
        ("earlier=53", "0 to 52"),
        ("format=pdf", "format"),
        ("wek=this", "wek"),
    ] {
        let problem = world.get(&format!("/v1/scorecard?{query}")).await.problem(400);
        assert!(problem.to_string().contains(says), "{query}: {problem}");
    }
    let problem: Value = world.get("/v1/scorecard/targets?figure=nice").await.problem(400);
    assert!(problem.to_string().contains("manual_retries"), "{problem}");
    world.get("/v1/scorecard/targets?figure=due&channel=fax").await.problem(400);
}
