//! Plots of a trend: as a line of blocks for a terminal, and as a picture for a page. Neither says anything that the figures beside it
//! do not say.

use std::fmt::Write as _;

/// Blocks from low to high.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One block for each value, between the lowest and the highest of them; a gap where nothing is known.
pub fn blocks(values: &[Option<f64>]) -> String {
    let (low, high) = bounds(values);
    let block = |value: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 0 to 7")]
        let at = (((value - low) / (high - low)) * 7.0).round() as usize;
        BLOCKS[at.min(7)]
    };
    values.iter().map(|value| value.map_or(' ', block)).collect()
}

/// The lowest and the highest value, with room between them.
fn bounds(values: &[Option<f64>]) -> (f64, f64) {
    let known = || values.iter().flatten().copied();
    let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    match (low.is_finite(), high > low) {
        (false, _) => (0.0, 1.0),
        (true, false) => (low - 1.0, high),
        (true, true) => (low, high),
    }
}

/// A line that a page shows.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// What is shown, as "Success by week".
    pub title: &'a str,
    /// The periods' names and their values.
    pub points: &'a [(String, Option<f64>)],
    /// A value in words.
    pub told: fn(Option<f64>) -> String,
}

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 96.0;
/// Room for the words at the edges.
const EDGE: f64 = 14.0;

impl Line<'_> {
    /// The picture as SVG: no colours and no styles of its own, but classes (`plot`, `plot-line`, `plot-dot`, `plot-word`) for the page's
    /// style sheet. Read aloud, it is its title with the first and the last value.
    pub fn svg(&self) -> String {
        let values: Vec<_> = self.points.iter().map(|(_, value)| *value).collect();
        let (low, high) = bounds(&values);
        #[allow(clippy::cast_precision_loss, reason = "a trend has few points")]
        let x = |at: usize| EDGE + (WIDTH - 2.0 * EDGE) * at as f64 / (values.len().max(2) - 1) as f64;
        let y = |value: f64| HEIGHT - EDGE - (HEIGHT - 2.0 * EDGE) * (value - low) / (high - low);
        let mut picture = String::new();
        // Writing to a text does not fail.
        let _ = write!(
            picture,
            "<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            escaped(&self.spoken())
        );
        let mut path = String::new();
        let mut pen_is_down = false;
        for (at, value) in values.iter().enumerate() {
            let Some(value) = value else {
                pen_is_down = false;
                continue;
            };
            let _ = write!(path, "{}{:.1} {:.1}", if pen_is_down { " L" } else { " M" }, x(at), y(*value));
            pen_is_down = true;
        }
        let _ = write!(picture, "<path class=\"plot-line\" fill=\"none\" d=\"{}\"/>", path.trim_start());
        for (at, (name, value)) in self.points.iter().enumerate() {
            let Some(known) = value else { continue };
            let told = format!("{name}: {}", (self.told)(*value));
            let _ = write!(
                picture,
                "<circle class=\"plot-dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\"><title>{}</title></circle>",
                x(at),
                y(*known),
                escaped(&told)
            );
        }
        let word = |at: f64, anchor: &str, text: &str| {
            format!(
                "<text class=\"plot-word\" x=\"{at}\" y=\"{:.0}\" text-anchor=\"{anchor}\">{}</text>",
                HEIGHT - 2.0,
                escaped(text)
            )
        };
        if let (Some((first, _)), Some((last, _))) = (self.points.first(), self.points.last()) {
            picture += &word(EDGE, "start", first);
            if self.points.len() > 1 {
                picture += &word(WIDTH - EDGE, "end", last);
            }
        }
        picture + "</svg>"
    }

    fn spoken(&self) -> String {
        match (self.points.first(), self.points.last()) {
            (Some(first), Some(last)) if self.points.len() > 1 => format!(
                "{}: {} in {}, {} in {}",
                self.title,
                (self.told)(first.1),
                first.0,
                (self.told)(last.1),
                last.0
            ),
            (Some(only), _) => format!("{}: {} in {}", self.title, (self.told)(only.1), only.0),
            _ => format!("{}: nothing is known yet", self.title),
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::percent;

    #[test]
    fn blocks_reach_from_the_lowest_to_the_highest() {
        assert_eq!(blocks(&[Some(0.0), Some(0.5), None, Some(1.0)]), "▁▅ █");
        assert_eq!(blocks(&[Some(0.7), Some(0.7)]), "██");
        assert_eq!(blocks(&[None, None]), "  ");
    }

    #[test]
    fn a_picture_says_in_words_what_it_shows_and_breaks_where_nothing_is_known() {
        let points =
            [("W1", Some(0.5)), ("W2", None), ("W3 <x>", Some(1.0))].map(|(name, value)| (name.to_owned(), value));
        let svg = Line { title: "Success", points: &points, told: percent }.svg();
        assert!(svg.contains("aria-label=\"Success: 50.00 % in W1, 100 % in W3 &lt;x&gt;\""), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("d=\"M14.0 82.0 M306.0 14.0\""), "{svg}");
        assert!(!svg.contains("style=") && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn a_picture_of_nothing_is_a_picture() {
        let svg = Line { title: "Success", points: &[], told: percent }.svg();
        assert!(svg.contains("nothing is known yet") && !svg.contains("NaN"), "{svg}");
        let one = [("W1".to_owned(), Some(1.0))];
        assert!(!Line { title: "Success", points: &one, told: percent }.svg().contains("NaN"));
    }
}
