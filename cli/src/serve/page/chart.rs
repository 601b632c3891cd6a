//! The chart of the last runs: rows written and requests sent, as bars over each other.

use serde::Serialize;

/// A bar has this much room beside its neighbours; few runs do not become wide blocks.
const SLOT: u32 = 12;
const BAR: u32 = 8;
const FEWEST_SLOTS: usize = 20;
/// Of each of the two rows of bars.
const HEIGHT: u32 = 100;
/// What is there at all can be seen.
const LOWEST: u32 = 2;

/// What is drawn of a run.
pub(super) struct Figures {
    pub(super) rows: u64,
    pub(super) requests: u64,
    /// How it ended, as a colour.
    pub(super) tone: &'static str,
    /// Said when somebody points at it.
    pub(super) label: String,
}

/// The chart, measured out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Chart {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bar: u32,
    pub(super) most_rows: u64,
    pub(super) most_requests: u64,
    pub(super) bars: Vec<Bars>,
}

/// The two bars of a run; `y` and height of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Bars {
    x: u32,
    rows: (u32, u32),
    requests: (u32, u32),
    tone: &'static str,
    label: String,
}

impl Chart {
    /// Of runs, first run first. `None` when there is nothing to show.
    pub(super) fn new(runs: Vec<Figures>) -> Option<Self> {
        let most_rows = runs.iter().map(|run| run.rows).max()?;
        let most_requests = runs.iter().map(|run| run.requests).max()?;
        let slots = u32::try_from(runs.len().max(FEWEST_SLOTS)).ok()?;
        // The newest stands at the right edge, however few there are.
        let free = slots - u32::try_from(runs.len()).ok()?;
        let bars = (free..).zip(runs).map(|(at, run)| Bars {
            x: at * SLOT + (SLOT - BAR) / 2,
            rows: bar(run.rows, most_rows),
            requests: bar(run.requests, most_requests),
            tone: run.tone,
            label: run.label,
        });
        let bars = bars.collect();
        Some(Self { width: slots * SLOT, height: HEIGHT, bar: BAR, most_rows, most_requests, bars })
    }
}

fn bar(value: u64, most: u64) -> (u32, u32) {
    let height = match value {
        0 => 0,
        _ => u32::try_from(u128::from(value) * u128::from(HEIGHT) / u128::from(most.max(1)))
            .unwrap_or(HEIGHT)
            .max(LOWEST),
    };
    (HEIGHT - height, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rows: u64, requests: u64) -> Figures {
        Figures { rows, requests, tone: "good", label: String::new() }
    }

    #[test]
    fn bars_stand_in_proportion_to_the_highest() {
        let chart = Chart::new(vec![run(1000, 10), run(500, 5), run(1, 10), run(0, 0)]).unwrap();
        let rows: Vec<_> = chart.bars.iter().map(|bars| bars.rows).collect();
        assert_eq!(rows, [(0, 100), (50, 50), (98, 2), (100, 0)]);
        assert_eq!(chart.bars[1].requests, (50, 50));
        assert_eq!((chart.most_rows, chart.most_requests), (1000, 10));
        assert!(chart.bars.windows(2).all(|pair| pair[0].x + BAR < pair[1].x));
        assert!(chart.bars[3].x + SLOT > chart.width, "the newest stands at the right");
    }

    #[test]
    fn every_bar_is_inside_however_many_there_are() {
        for count in [1, 20, 100] {
            let chart = Chart::new((0..count).map(|_| run(u64::MAX, 1)).collect()).unwrap();
            assert!(chart.bars.iter().all(|bars| bars.x + chart.bar <= chart.width && bars.rows == (0, 100)));
        }
        assert_eq!(Chart::new(Vec::new()), None);
        assert_eq!(Chart::new(vec![run(0, 0)]).unwrap().bars[0].rows, (100, 0));
    }
}
