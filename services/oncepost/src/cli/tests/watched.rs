//! Waiting for posts to settle.

use std::io::{self, Write};

use serde_json::Value;
use tokio::sync::mpsc;

use super::server::{Paper, line, message, server};
use crate::cli::{carry_out, out::Out};

/// A stream that says when something is written.
struct Bell(mpsc::UnboundedSender<String>);

impl Write for Bell {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(String::from_utf8_lossy(text).into_owned());
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_target_is_shown_as_it_moves_and_the_end_says_what_needs_a_person() {
    let server = server().await;
    let file = server.file("post.json", &message("key").to_string());
    let (bell, mut rings) = mpsc::unbounded_channel();
    let answer = Paper::default();
    let mut out = Out::to(false, answer.clone(), Bell(bell));
    let asked = line(&server.address, &["schedule", &file, "--wait"]);
    let waiting = carry_out(asked.command, &asked.options, None, &mut out);
    let working = async {
        let mut lines = String::new();
        // Both targets have been shown waiting: only now they move.
        while lines.matches("scheduled").count() < 2 {
            lines.push_str(&rings.recv().await.unwrap());
        }
        let targets = server.ledger.targets();
        server.publish(&targets[0].id.to_string()).await;
        server.fail(&targets[1].id.to_string()).await;
        while let Some(more) = rings.recv().await {
            lines.push_str(&more);
            if lines.contains("published") && lines.contains("failed") {
                break;
            }
        }
        lines
    };
    let (code, lines) = futures::join!(waiting, working);
    assert_eq!(code, 1);
    assert!(lines.contains("scheduled → published  https://example.org/@main/1"), "{lines}");
    assert!(lines.contains("scheduled → failed  needs a person"), "{lines}");
    assert!(answer.text().contains("Published: 1 of 2 targets.\n"), "{}", answer.text());
    assert!(answer.text().contains("what to do"), "{}", answer.text());
}

#[tokio::test]
async fn what_is_settled_already_ends_the_wait_at_once() {
    let server = server().await;
    let (_, targets) = server.scheduled("key").await;
    for target in &targets {
        server.publish(target).await;
    }
    let file = server.file("post.json", &message("key").to_string());
    let told = server.tell(&["schedule", &file, "--wait"]).await;
    assert_eq!(told.code, 0);
    assert!(told.answer.ends_with("All 2 targets are published.\n"), "{}", told.answer);
    let told = server.tell(&["--json", "schedule", &file, "--wait"]).await;
    let post: Value = serde_json::from_str(&told.answer).unwrap();
    assert_eq!((post["status"].as_str(), told.remarks.as_str()), (Some("published"), ""));
}
