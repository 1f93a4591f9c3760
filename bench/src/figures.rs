//! Figures from several rounds: the median, and how far the rounds lie apart.

use std::fmt;

/// One figure of several rounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

impl Spread {
    /// Of no rounds it is NaN, which keeps no budget.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
        let middle = figures.len() / 2;
        let median = if figures.len() % 2 == 1 {
            at(middle)
        } else {
            f64::midpoint(at(middle.saturating_sub(1)), at(middle))
        };
        Self {
            median,
            lowest: at(0),
            highest: at(figures.len().saturating_sub(1)),
        }
    }

    /// The ratios of what was measured in the same round.
    pub(crate) fn of_ratios(ours: &[f64], limits: &[f64]) -> Self {
        Self::of(ours.iter().zip(limits).map(|(ours, limit)| ours / limit))
    }

    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            median: self.median * factor,
            lowest: self.lowest * factor,
            highest: self.highest * factor,
        }
    }
}

/// `1.21 (1.18–1.30)`: as many digits as mean something.
impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} ({}–{})",
            short(self.median),
            short(self.lowest),
            short(self.highest)
        )
    }
}

/// Three digits, and all of those before the point.
pub(crate) fn short(figure: f64) -> String {
    match figure.abs() {
        size if size >= 1000.0 => grouped(figure),
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

fn grouped(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_between_its_neighbours() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]).to_string(), "2.00 (1.00–3.00)");
        assert_eq!(Spread::of([4.0, 1.0]).to_string(), "2.50 (1.00–4.00)");
        assert!(Spread::of([]).median.is_nan());
    }

    #[test]
    fn figures_have_the_digits_that_mean_something() {
        let figures = [1.234, 12.34, 123.4, 12345.6, 1_234_567.0];
        let texts = figures.map(short);
        assert_eq!(texts, ["1.23", "12.3", "123", "12,346", "1,234,567"]);
    }
}
