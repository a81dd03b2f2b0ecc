//! Figures that were measured along something, drawn.

use std::path::Path;

use plotters::{
    drawing::DrawingAreaErrorKind,
    prelude::{
        ChartBuilder, Circle, Color, ErrorBar, IntoDrawingArea, IntoLogRange, LineSeries, PathElement, RGBColor,
        SVGBackend, SeriesLabelPosition, WHITE,
    },
};

use super::figure::{Record, Series};
use crate::Done;

/// A picture.
struct Plot {
    file: &'static str,
    title: &'static str,
    across: &'static str,
    up: &'static str,
    /// The bench, and what its figures' names begin with: a line each.
    bench: &'static str,
    lines: &'static [&'static str],
}

const PLOTS: [Plot; 3] = [
    Plot {
        file: "scaling.svg",
        title: "More workers and schedulers, a platform that takes 500 ms",
        across: "workers, and as many schedulers",
        up: "targets in a second",
        bench: "scaling",
        lines: &["targets_per_second"],
    },
    Plot {
        file: "lateness.svg",
        title: "Many due at one instant, beside what is not due",
        across: "targets that are pending",
        up: "milliseconds late at the platform",
        bench: "pending",
        lines: &["p50_ms", "p99_ms"],
    },
    Plot {
        file: "memory.svg",
        title: "Memory of all processes beside what is not due",
        across: "targets that are pending",
        up: "MiB more than with none",
        bench: "pending",
        lines: &["memory_more_mib"],
    },
];

const COLOURS: [RGBColor; 2] = [RGBColor(37, 99, 235), RGBColor(217, 119, 6)];
const GREY: RGBColor = RGBColor(120, 120, 120);
const SIZE: (u32, u32) = (760, 420);

/// Draws what of the record was measured along something into `folder`; of what was not measured, nothing.
///
/// # Errors
/// A file cannot be written.
pub fn draw(record: &Record, folder: &Path) -> Done {
    std::fs::create_dir_all(folder)?;
    for plot in &PLOTS {
        let lines: Vec<_> = plot.lines.iter().map(|line| (*line, points(record, plot.bench, line))).collect();
        if lines.iter().any(|(_, points)| points.len() > 1) {
            plot.draw(&lines, &folder.join(plot.file)).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// One point: where it stands, its smallest, median and largest value, and what bounds it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    along: f64,
    spread: [f64; 3],
    bound: Option<f64>,
}

fn points(record: &Record, bench: &str, line: &str) -> Vec<Point> {
    let is_of = |series: &&Series| series.first.bench == bench && series.first.name.starts_with(line);
    let point = |series: &Series| {
        let along = series.first.along?;
        Some(Point { along, spread: series.spread(), bound: series.share().map(|(at_most, _)| at_most) })
    };
    let mut points: Vec<_> = record.all().iter().filter(is_of).filter_map(point).collect();
    points.sort_by(|a, b| a.along.total_cmp(&b.along));
    points
}

type Trouble = DrawingAreaErrorKind<std::io::Error>;

impl Plot {
    fn draw(&self, lines: &[(&str, Vec<Point>)], file: &Path) -> Result<(), Trouble> {
        let all = || lines.iter().flat_map(|(_, points)| points);
        let least = all().map(|point| point.along).fold(f64::INFINITY, f64::min);
        let most = all().map(|point| point.along).fold(0.0, f64::max);
        let top = all().flat_map(|point| [point.spread[2], point.bound.unwrap_or_default()]).fold(1.0, f64::max);
        let area = SVGBackend::new(file, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 18))
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d((least * 0.9..most * 1.1).log_scale(), 0.0..top * 1.5)?;
        let whole = |value: &f64| format!("{value:.0}");
        let mut mesh = chart.configure_mesh();
        mesh.x_labels(6).x_desc(self.across).y_desc(self.up).x_label_formatter(&whole).y_label_formatter(&whole);
        mesh.light_line_style(WHITE).draw()?;
        let key = |colour: RGBColor| {
            move |(x, y): (i32, i32)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2))
        };
        let bounds: Vec<_> = all().filter_map(|point| Some((point.along, point.bound?))).collect();
        if !bounds.is_empty() {
            chart.draw_series(LineSeries::new(bounds, GREY))?.label("at most").legend(key(GREY));
        }
        for ((name, points), colour) in lines.iter().zip(COLOURS) {
            let medians = || points.iter().map(|point| (point.along, point.spread[1]));
            let line = chart.draw_series(LineSeries::new(medians(), colour.stroke_width(2)))?;
            line.label(name.replace('_', " ")).legend(key(colour));
            chart.draw_series(medians().map(|place| Circle::new(place, 3, colour.filled())))?;
            let bars = points.iter().map(|point| {
                let [min, median, max] = point.spread;
                ErrorBar::new_vertical(point.along, min, median, max, colour, 8)
            });
            chart.draw_series(bars)?;
        }
        let mut labels = chart.configure_series_labels();
        labels.position(SeriesLabelPosition::UpperLeft).border_style(GREY).background_style(WHITE).draw()?;
        area.present()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::figure::Figure, *};

    #[test]
    fn what_was_measured_along_something_is_drawn_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut record = Record::default();
        let figure = |workers: usize, value| {
            let name = format!("targets_per_second with {workers} workers");
            Figure::new("scaling", "real", name, value)
                .along(workers)
                .bound("the platform's time", 400.0 * workers as f64)
        };
        record.add([figure(4, 1_500.0), figure(1, 390.0), figure(4, 1_560.0)]);
        record.add([Figure::new("throughput", "real", "targets_per_second", 3_000.0)]);
        assert_eq!(
            points(&record, "scaling", "targets_per_second"),
            [
                Point { along: 1.0, spread: [390.0; 3], bound: Some(400.0) },
                Point { along: 4.0, spread: [1_500.0, 1_530.0, 1_560.0], bound: Some(1_600.0) }
            ]
        );
        draw(&record, folder.path()).unwrap();
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["scaling.svg"]);
        let drawn = std::fs::read_to_string(folder.path().join("scaling.svg")).unwrap();
        for text in ["targets per second", "at most", "workers, and as many schedulers"] {
            assert!(drawn.contains(text), "{text}: {drawn}");
        }
    }
}
