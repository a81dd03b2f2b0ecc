//! What channels say of themselves.

use channels::{Limited, Overview, Repeat, Sheet};

use super::{labelled, table};

/// All of them, in two tables.
pub(crate) fn list(sheets: &[Sheet]) -> String {
    let (takes, repeats) = (Overview::takes(sheets), Overview::repeats(sheets));
    let hint = "`oncepost channels NAME` tells everything about one.";
    format!("{}\n\n{}\n\n{hint}", table(takes.head, takes.rows), table(repeats.head, repeats.rows))
}

/// Everything about one.
pub(crate) fn whole(sheet: &Sheet) -> String {
    let takes = &sheet.takes;
    let limits: Vec<_> = sheet.limits.iter().map(Limited::said).collect();
    let text = match (takes.text_alone, takes.images, takes.videos) {
        (true, ..) => "yes",
        (false, Some(0), _) => "with a video only",
        (false, _, Some(0)) => "with a picture only",
        (false, ..) => "with a picture or video only",
    };
    let names = |names: &[String], none: &str| if names.is_empty() { none.to_owned() } else { names.join(", ") };
    let of_posts = sheet.post_settings.as_ref().map_or_else(|| "any".to_owned(), |known| names(known, "none"));
    let later = if takes.decides_later { "yes; until then a post is `processing`" } else { "no" };
    let mut lines = vec![
        format!("{} ({})", sheet.title, sheet.name),
        line("text", text),
        line("media", &takes.media()),
        line("link", &takes.link),
        line("thread", &takes.threads()),
        line("decides later", later),
        line("limits", &if limits.is_empty() { "none".into() } else { limits.join("; ") }),
    ];
    lines.extend(
        sheet.files.iter().enumerate().map(|(n, files)| line(if n == 0 { "files" } else { "" }, &files.said())),
    );
    lines.extend(
        sheet.caps.iter().enumerate().map(|(n, cap)| line(if n == 0 { "takes at most" } else { "" }, &cap.said())),
    );
    lines.extend([
        line("server", sheet.server.as_deref().unwrap_or("each account names its own (base_url)")),
        line("secrets", &sheet.secrets.join(", ")),
        line("settings", &names(&sheet.settings, "none needed")),
        line("  optional", &names(&sheet.optional_settings, "none")),
        line("  of a post", &of_posts),
        line("token lives", &format!("{}; {}", sheet.token.life(), sheet.token.renewed)),
        line("connected", &connected(sheet)),
        line("against repeats", &repeat(&sheet.repeat)),
    ]);
    lines.extend(sheet.variants.iter().map(|other| {
        let setting = format!("{} (settings.{} = \"{}\"): ", other.means, other.setting, other.value);
        line("", &(setting + &repeat(&other.repeat)))
    }));
    lines.push(line("more", &sheet.page));
    lines.join("\n")
}

fn connected(sheet: &Sheet) -> String {
    match &sheet.link {
        Some(link) => format!("by a link that asks for {}, or by its secrets", link.scopes.join(", ")),
        None => "by its secrets".to_owned(),
    }
}

fn repeat(repeat: &Repeat) -> String {
    let (kind, after) = (repeat.with_window(), repeat.looked_into());
    if repeat.is_nothing() {
        return format!("{kind}; an unknown outcome goes to {}", repeat.settled_by);
    }
    format!("{kind}; an unknown outcome is looked into {after}, and settled by {}", repeat.settled_by)
}

fn line(head: &str, text: &str) -> String {
    labelled(&format!("  {head:<15}  "), text)
}
