//! A plain text as a document of Ghost's editor.

use serde_json::{Value, json};

use super::images::Image;
use crate::article::{Article, Piece, paragraphs, pieces};

/// The article's sections with their pictures. The featured picture is shown by the site itself.
pub(super) fn document(article: &Article, images: &[Vec<Image>], featured: Option<&Image>) -> Value {
    let mut children = Vec::new();
    for (n, section) in article.sections.iter().enumerate() {
        children.extend(paragraphs(&section.text).into_iter().map(paragraph));
        let images = images.get(n).map(Vec::as_slice).unwrap_or_default();
        children.extend(images.iter().filter(|image| !featured.is_some_and(|f| std::ptr::eq(f, *image))).map(picture));
    }
    json!({ "root": block("root", children) })
}

fn paragraph(lines: Vec<&str>) -> Value {
    let mut children = Vec::new();
    for (n, line) in lines.into_iter().enumerate() {
        if n > 0 {
            children.push(json!({ "type": "linebreak", "version": 1 }));
        }
        children.extend(pieces(line).into_iter().map(piece));
    }
    block("paragraph", children)
}

fn piece(piece: Piece<'_>) -> Value {
    match piece {
        Piece::Text(text) => words(text),
        Piece::Link(url) => {
            let mut link = block("link", vec![words(url)]);
            link["url"] = json!(url);
            link["rel"] = json!("noreferrer");
            link
        }
    }
}

fn words(text: &str) -> Value {
    json!({
        "type": "extended-text", "version": 1, "text": text, "detail": 0, "format": 0, "mode": "normal", "style": "",
    })
}

fn picture(image: &Image) -> Value {
    json!({ "type": "image", "version": 1, "src": image.url, "alt": image.alt, "caption": "", "cardWidth": "regular" })
}

fn block(kind: &str, children: Vec<Value>) -> Value {
    json!({ "type": kind, "version": 1, "children": children, "direction": "ltr", "format": "", "indent": 0 })
}

#[cfg(test)]
mod tests {
    use domain::Part;

    use super::*;

    fn kinds(value: &Value) -> Vec<&str> {
        value["children"].as_array().unwrap().iter().map(|child| child["type"].as_str().unwrap()).collect()
    }

    #[test]
    fn paragraphs_lines_links_and_pictures_in_their_places() {
        let section = |text: &str| Part { text: text.into(), media: vec![] };
        let sections = vec![section("a <b>\nsee https://a.example/.\n\nend"), section("two")];
        let article = Article { title: "t".into(), sections };
        let image = |n: u32| Image { url: format!("https://a.example/{n}.png"), alt: "a pixel".into() };
        let images = [vec![image(1), image(2)], vec![image(3)]];
        let root = document(&article, &images, Some(&images[0][0]))["root"].clone();
        assert_eq!(kinds(&root), ["paragraph", "paragraph", "image", "paragraph", "image"]);
        let first = &root["children"][0];
        assert_eq!(kinds(first), ["extended-text", "linebreak", "extended-text", "link", "extended-text"]);
        assert_eq!(first["children"][0]["text"], "a <b>");
        assert_eq!(first["children"][3]["url"], "https://a.example/");
        assert_eq!(
            (&root["children"][2]["src"], &root["children"][2]["alt"]),
            (&json!("https://a.example/2.png"), &json!("a pixel"))
        );
        assert_eq!(document(&article, &images, None)["root"]["children"].as_array().unwrap().len(), 6);
    }
}
