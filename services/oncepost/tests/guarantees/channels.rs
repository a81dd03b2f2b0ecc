//! Each channel's repeat safety, as its connector states it.

use channels::{Http, HttpOptions, Registry, Repeat, Sheet};
use runtime::Runtime;

pub fn registry() -> Registry {
    // Refused only if it was installed before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Registry::all(Http::new(HttpOptions::default(), Runtime::system()).unwrap())
}

pub fn render() -> String {
    let mut lines = vec![
        "| channel | repeat safety | an unknown outcome is looked into | and settled by |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for channel in registry().iter() {
        let sheet = Sheet::of(&**channel);
        lines.push(row(&sheet.title, &sheet, &sheet.repeat));
        for other in &sheet.variants {
            let title = format!("{} {} (`{} = \"{}\"`)", sheet.title, other.means, other.setting, other.value);
            lines.push(row(&title, &sheet, &other.repeat));
        }
    }
    lines.join("\n") + "\n"
}

fn row(title: &str, sheet: &Sheet, repeat: &Repeat) -> String {
    let (kind, after, by) = (repeat.with_window(), repeat.looked_into(), &repeat.settled_by);
    format!("| [{title}]({}) | **{kind}** | {after} | {by} |", sheet.page)
}
