//! The plot: a bar for each kind of request, a mark where its budget ends.

use std::fmt::Write as _;

use crate::figures::short;
use crate::report::Bar;

const LABELS: f64 = 230.0;
const BARS: f64 = 520.0;
const ROW: f64 = 30.0;
const TOP: f64 = 46.0;

/// An SVG that can be read on a light and on a dark page.
pub(crate) fn svg(bars: &[Bar]) -> String {
    let longest = bars
        .iter()
        .flat_map(|bar| [bar.micros, bar.budget.unwrap_or_default()])
        .fold(1.0, f64::max);
    let width = LABELS + BARS + 90.0;
    let height = TOP + ROW * bars.len() as f64 + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\" \
         aria-label=\"Processor time of one request\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"16\" y=\"26\" font-size=\"15\" font-weight=\"600\" fill=\"#1d2733\">\
         Processor time of one request, µs</text>\n"
    );
    for (index, bar) in bars.iter().enumerate() {
        let y = TOP + ROW * index as f64;
        let length = bar.micros / longest * BARS;
        let fill = match bar.budget {
            None => "#8a97a6",
            Some(budget) if bar.micros <= budget => "#2f7d5b",
            Some(_) => "#b8572a",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"16\" y=\"{:.1}\" fill=\"#1d2733\">{}</text>\n\
             <rect x=\"{LABELS}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"18\" rx=\"2\" fill=\"{fill}\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"#1d2733\">{}</text>",
            y + 13.5,
            bar.label,
            LABELS
                + bar
                    .budget
                    .map_or(length, |budget| length.max(budget / longest * BARS))
                + 8.0,
            y + 13.5,
            short(bar.micros),
        );
        if let Some(budget) = bar.budget {
            let x = LABELS + budget / longest * BARS;
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"#1d2733\" stroke-width=\"2\"/>",
                y - 3.0,
                y + 21.0,
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bar_is_drawn_with_its_figure_and_budget() {
        let bar = |label: &str, micros, budget| Bar {
            label: label.to_owned(),
            micros,
            budget,
        };
        let svg = svg(&[bar("limit", 10.0, None), bar("work", 12.5, Some(13.0))]);
        assert_eq!(svg.matches("<line").count(), 1);
        assert!(svg.contains(">12.5<") && svg.contains(">limit<"), "{svg}");
    }
}
