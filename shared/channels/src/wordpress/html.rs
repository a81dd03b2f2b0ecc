//! A plain text as the HTML of a post.

use super::media::Upload;
use crate::article::{Article, Piece, paragraphs, pieces};

/// The article's sections with their pictures and videos. The featured picture is shown by the site itself.
pub(super) fn content(article: &Article, media: &[Vec<Upload>], featured: Option<u64>) -> String {
    let mut html = String::new();
    for (n, section) in article.sections.iter().enumerate() {
        for lines in paragraphs(&section.text) {
            let lines: Vec<_> = lines.into_iter().map(line).collect();
            html.push_str(&format!("<p>{}</p>\n", lines.join("<br />")));
        }
        let uploads = media.get(n).map(Vec::as_slice).unwrap_or_default();
        for upload in uploads.iter().filter(|upload| Some(upload.id) != featured) {
            html.push_str(&figure(upload));
        }
    }
    html.trim_end().to_owned()
}

fn figure(upload: &Upload) -> String {
    let (url, alt) = (escaped(&upload.url), escaped(&upload.alt));
    if upload.video {
        format!(
            "<figure class=\"wp-block-video\"><video controls src=\"{url}\" aria-label=\"{alt}\"></video></figure>\n"
        )
    } else {
        let class = format!("wp-image-{}", upload.id);
        format!("<figure class=\"wp-block-image\"><img src=\"{url}\" alt=\"{alt}\" class=\"{class}\" /></figure>\n")
    }
}

fn line(line: &str) -> String {
    let dressed = pieces(line).into_iter().map(|piece| match piece {
        Piece::Text(text) => escaped(text),
        Piece::Link(url) => format!("<a href=\"{0}\">{0}</a>", escaped(url)),
    });
    dressed.collect()
}

/// `text` as HTML shows it. Square brackets too: WordPress runs what stands in them.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '[' => html.push_str("&#91;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use domain::Part;

    use super::*;

    fn section(text: &str) -> Part {
        Part { text: text.into(), media: vec![] }
    }

    #[test]
    fn paragraphs_lines_links_and_escapes() {
        let article = Article {
            title: "t".into(),
            sections: vec![section("a <b> & \"c\"\nsee https://a.example/?x=1&y=2.\n\n[gallery]"), section("two")],
        };
        let html = "<p>a &lt;b&gt; &amp; &quot;c&quot;<br />see <a href=\"https://a.example/?x=1&amp;y=2\">\
                    https://a.example/?x=1&amp;y=2</a>.</p>\n<p>&#91;gallery]</p>\n<p>two</p>";
        assert_eq!(content(&article, &[], None), html);
    }

    #[test]
    fn pictures_and_videos_follow_their_section_and_the_featured_one_is_left_out() {
        let upload =
            |id, video| Upload { id, url: format!("https://a.example/{id}"), video, alt: "a \"pixel\"".into() };
        let article = Article { title: "t".into(), sections: vec![section("one"), section("two")] };
        let media = [vec![upload(1, false), upload(2, false)], vec![upload(3, true)]];
        let html = content(&article, &media, Some(1));
        let at = |what: &str| html.find(what).unwrap_or_else(|| panic!("{what} in {html}"));
        assert!(!html.contains("wp-image-1") && at("one") < at("wp-image-2") && at("wp-image-2") < at("two"));
        assert!(at("two") < at("<video controls src=\"https://a.example/3\"") && html.contains("a &quot;pixel&quot;"));
        assert!(content(&article, &media, None).contains("wp-image-1"));
    }
}
