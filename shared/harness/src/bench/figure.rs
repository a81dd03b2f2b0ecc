//! Figures: what one run measured, and what several came to.

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aim {
    /// At least this.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
}

impl Aim {
    /// Whether `value` is what it should be.
    pub fn is_met(self, value: f64) -> bool {
        match self {
            Aim::AtLeast(least) => value >= least,
            Aim::Below(most) => value < most,
        }
    }
}

/// What something takes at most, in the figure's unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// What bounds it.
    pub by: &'static str,
    /// How much it takes.
    pub at_most: f64,
}

/// What one run measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The scene it was measured in.
    pub bench: &'static str,
    /// What it ran on.
    pub parts: &'static str,
    /// What it is, with its unit at the end.
    pub name: String,
    /// How much it is.
    pub value: f64,
    /// What it should be.
    pub aim: Option<Aim>,
    /// What bounds it, as measured in the same run.
    pub bound: Option<Bound>,
    /// For how many of something it was measured, if it was for several: its place on a plot's axis.
    pub along: Option<f64>,
}

impl Figure {
    /// A figure that is held against nothing.
    pub fn new(bench: &'static str, parts: &'static str, name: impl Into<String>, value: f64) -> Self {
        Self { bench, parts, name: name.into(), value, aim: None, bound: None, along: None }
    }

    /// The same with what it should be.
    #[must_use]
    pub fn aim(self, aim: Aim) -> Self {
        Self { aim: Some(aim), ..self }
    }

    /// The same, measured for so many of something.
    #[must_use]
    pub fn along(self, along: usize) -> Self {
        Self { along: Some(along as f64), ..self }
    }

    /// The same with what bounds it.
    #[must_use]
    pub fn bound(self, by: &'static str, at_most: f64) -> Self {
        Self { bound: Some(Bound { by, at_most }), ..self }
    }
}

/// One figure over several runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The figure as the first run had it: what it is called, and what it should be.
    pub first: Figure,
    /// Its values, sorted.
    values: Vec<f64>,
    /// What bounded it, sorted.
    bounds: Vec<f64>,
    /// Its shares of that, run by run, sorted.
    shares: Vec<f64>,
}

impl Series {
    fn of(first: Figure) -> Self {
        Self { first, values: Vec::new(), bounds: Vec::new(), shares: Vec::new() }
    }

    fn add(&mut self, figure: &Figure) {
        self.values.push(figure.value);
        if let Some(bound) = &figure.bound {
            self.bounds.push(bound.at_most);
            self.shares.push(figure.value / bound.at_most);
        }
        for values in [&mut self.values, &mut self.bounds, &mut self.shares] {
            values.sort_by(f64::total_cmp);
        }
    }

    /// How many runs measured it.
    pub fn runs(&self) -> usize {
        self.values.len()
    }

    /// The smallest, the median and the largest value.
    pub fn spread(&self) -> [f64; 3] {
        [0.0, 0.5, 1.0].map(|share| at(&self.values, share).unwrap_or_default())
    }

    /// The median of what bounded it, and the median of its shares of that.
    pub fn share(&self) -> Option<(f64, f64)> {
        at(&self.bounds, 0.5).zip(at(&self.shares, 0.5))
    }

    /// Whether its median is what it should be; `None`: nobody said.
    pub fn is_met(&self) -> Option<bool> {
        let [_, median, _] = self.spread();
        self.first.aim.map(|aim| aim.is_met(median))
    }
}

/// The value at this share of a sorted list; of two in the middle, the mean.
pub(super) fn at(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = last as f64 * share;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

/// What all runs measured, in the order in which it was measured first.
#[derive(Debug, Default)]
pub struct Record(Vec<Series>);

impl Record {
    /// Adds what a run measured.
    pub fn add(&mut self, figures: impl IntoIterator<Item = Figure>) {
        for figure in figures {
            let is_same = |series: &Series| {
                let first = &series.first;
                (first.bench, first.parts, &first.name) == (figure.bench, figure.parts, &figure.name)
            };
            let place = self.0.iter().position(is_same).unwrap_or_else(|| {
                self.0.push(Series::of(figure.clone()));
                self.0.len() - 1
            });
            self.0[place].add(&figure);
        }
    }

    /// The figures.
    pub fn all(&self) -> &[Series] {
        &self.0
    }

    /// How many figures are not what they should be.
    pub fn missed(&self) -> usize {
        self.0.iter().filter(|series| series.is_met() == Some(false)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, at_most: f64) -> Figure {
        Figure::new("throughput", "real", "targets_per_second", value).aim(Aim::AtLeast(200.0)).bound("amqp", at_most)
    }

    #[test]
    fn runs_of_one_figure_come_together() {
        let mut record = Record::default();
        for (value, at_most) in [(300.0, 400.0), (100.0, 200.0), (250.0, 1_000.0)] {
            record.add([figure(value, at_most), Figure::new("throughput", "embedded", "targets_per_second", value)]);
        }
        let [real, embedded] = record.all() else { panic!("{record:?}") };
        assert_eq!((real.runs(), real.spread()), (3, [100.0, 250.0, 300.0]));
        assert_eq!(real.share(), Some((400.0, 0.5)), "each value is held against the bound of its own run");
        assert_eq!((real.is_met(), embedded.is_met(), embedded.share()), (Some(true), None, None));
        assert_eq!(record.missed(), 0);
    }

    #[test]
    fn a_median_that_is_not_what_it_should_be_is_missed() {
        let mut record = Record::default();
        record.add([figure(300.0, 400.0), figure(199.0, 400.0), figure(198.0, 400.0)]);
        assert_eq!((record.all()[0].is_met(), record.missed()), (Some(false), 1));
        assert!(Aim::AtLeast(2.0).is_met(2.0) && !Aim::Below(2.0).is_met(2.0) && Aim::Below(2.0).is_met(1.9));
    }

    #[test]
    fn shares_of_a_list_lie_between_its_values() {
        assert_eq!(at(&[], 0.5), None);
        assert_eq!(at(&[7.0], 0.99), Some(7.0));
        assert_eq!(
            [0.0, 0.5, 0.75, 1.0].map(|share| at(&[1.0, 3.0, 5.0, 9.0, 10.0], share).unwrap()),
            [1.0, 5.0, 9.0, 10.0]
        );
        assert_eq!(at(&[1.0, 3.0], 0.5), Some(2.0));
    }
}
