//! What the server makes of a plain text: the HTML that look-ups have to see through.

use super::text::address_in;

/// Paragraphs, line breaks, escaped characters, links cut into invisible and visible parts, hashtags.
pub(super) fn render(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let lines: Vec<String> = paragraph.split('\n').map(line).collect();
        format!("<p>{}</p>", lines.join("<br />"))
    });
    paragraphs.collect()
}

fn line(text: &str) -> String {
    text.split_inclusive(' ').map(|word| word_with_space(word.trim_end_matches(' '), word)).collect()
}

fn word_with_space(bare: &str, word: &str) -> String {
    format!("{}{}", dressed(bare), &word[bare.len()..])
}

fn dressed(word: &str) -> String {
    if let Some(start) = address_in(word) {
        return format!("{}{}", escape(&word[..start]), link(&word[start..]));
    }
    match word.strip_prefix('#') {
        Some(tag) if !tag.is_empty() && tag.chars().all(|c| c.is_alphanumeric() || c == '_') => format!(
            r#"<a href="https://mastodon.test/tags/{tag}" class="mention hashtag" rel="tag">#<span>{tag}</span></a>"#
        ),
        _ => escape(word),
    }
}

/// Shows at most 30 characters after the scheme; the rest is there, but hidden.
fn link(address: &str) -> String {
    let scheme = address.find("://").map_or(0, |at| at + 3);
    let rest = &address[scheme..];
    let shown = rest.char_indices().nth(30).map_or(rest.len(), |(at, _)| at);
    let class = if shown < rest.len() { "ellipsis" } else { "" };
    format!(
        r#"<a href="{}" target="_blank" rel="nofollow noopener noreferrer" translate="no"><span class="invisible">{}</span><span class="{class}">{}</span><span class="invisible">{}</span></a>"#,
        escape(address),
        &address[..scheme],
        escape(&rest[..shown]),
        escape(&rest[shown..]),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn plain_text_becomes_paragraphs_with_links_and_tags() {
        assert_eq!(render("a <b> & 'c'\nd\n\ne"), "<p>a &lt;b&gt; &amp; &#39;c&#39;<br />d</p><p>e</p>");
        assert!(render("see https://example.org/x #rust").contains(r#"<span class="">example.org/x</span>"#));
        assert!(render("#rust").contains("#<span>rust</span>"));
    }
}
