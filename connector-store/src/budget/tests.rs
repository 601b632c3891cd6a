//! The decision, played against an app that counts for itself.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;

/// Somebody who sends one request after the other.
#[derive(Debug, Clone)]
struct Caller {
    urgency: Urgency,
    /// Between an answer and the next request.
    pause: i64,
    /// Since when it has been asking for its next request.
    asking_since: Option<i64>,
}

/// An app with an exact window over the requests that arrived.
#[derive(Default)]
struct App {
    arrived: BinaryHeap<Reverse<i64>>,
}

impl App {
    /// How many requests the app would have refused, with this limit.
    fn refused(self, limit: u32) -> usize {
        let mut window: VecDeque<i64> = VecDeque::new();
        let arrived: Vec<i64> =
            self.arrived.into_sorted_vec().into_iter().rev().map(|Reverse(at)| at).collect();
        let is_refused = |at: &&i64| {
            while window.front().is_some_and(|first| first + MINUTE <= **at) {
                window.pop_front();
            }
            let is_refused = window.len() >= limit as usize;
            if !is_refused {
                window.push_back(**at);
            }
            is_refused
        };
        arrived.iter().filter(is_refused).count()
    }
}

struct Outcome {
    granted: Vec<(i64, Urgency)>,
    refused: usize,
    longest_wait: i64,
    asked: usize,
}

/// Plays this long. A request takes 5 to 150 ms to arrive and as long to be answered.
fn play(limit: u32, length: i64, callers: Vec<Caller>, seed: u64) -> Outcome {
    let mut dice = seed | 1;
    let mut throw = |from: i64, to: i64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        from + i64::try_from(dice % (to - from).unsigned_abs()).unwrap()
    };
    let mut callers = callers;
    let (mut window, mut app) = (Window::default(), App::default());
    let mut outcome = Outcome { granted: Vec::new(), refused: 0, longest_wait: 0, asked: 0 };
    // Who does something next, and when.
    let mut turns: BinaryHeap<Reverse<(i64, usize)>> =
        (0..callers.len()).map(|who| Reverse((0, who))).collect();
    while let Some(Reverse((now, who))) = turns.pop().filter(|Reverse((now, _))| *now < length) {
        let caller = &mut callers[who];
        let since = *caller.asking_since.get_or_insert(now);
        outcome.asked += 1;
        let next = match window.admit(now, limit, caller.urgency) {
            Admission::Granted => {
                let latency = throw(5_000, 150_000);
                app.arrived.push(Reverse(now + latency));
                outcome.granted.push((now, caller.urgency));
                if caller.urgency == Urgency::Interactive {
                    outcome.longest_wait = outcome.longest_wait.max(now - since);
                }
                caller.asking_since = None;
                now + latency + throw(5_000, 150_000) + caller.pause
            }
            // A process does not wake at the very microsecond.
            Admission::Wait(wait) => now + i64::try_from(wait.as_micros()).unwrap() + throw(200, 3_000),
        };
        turns.push(Reverse((next, who)));
    }
    outcome.refused = app.refused(limit);
    outcome
}

fn callers(urgency: Urgency, count: usize, pause: i64) -> impl Iterator<Item = Caller> {
    std::iter::repeat_n(Caller { urgency, pause, asking_since: None }, count)
}

fn most_in_a_minute(granted: &[(i64, Urgency)]) -> usize {
    let ends = granted
        .iter()
        .map(|(end, _)| granted.iter().filter(|(at, _)| *at > end - MINUTE && at <= end).count());
    ends.max().unwrap_or_default()
}

#[test]
fn a_long_backfill_uses_nearly_all_of_the_limit_and_is_never_refused() {
    for limit in [100, 200, 600] {
        for seed in 1..6 {
            let outcome = play(limit, 10 * MINUTE, callers(Urgency::Backfill, 4, 0).collect(), seed);
            assert_eq!(outcome.refused, 0);
            let used = outcome.granted.len();
            assert!(used * 100 >= 97 * 10 * limit as usize, "{used} of {}", 10 * limit);
            // Waiting costs few questions.
            assert!(outcome.asked < used * 3, "{} questions for {used} requests", outcome.asked);
        }
    }
}

#[test]
fn an_interactive_caller_finds_room_in_a_backfill() {
    let all = callers(Urgency::Backfill, 8, 0).chain(callers(Urgency::Interactive, 1, 25 * SECOND));
    let outcome = play(200, 10 * MINUTE, all.collect(), 7);
    assert_eq!(outcome.refused, 0);
    assert_eq!(outcome.longest_wait, 0, "three in a minute fit into the part that is left to them");
}

#[test]
fn interactive_callers_go_first_and_a_dead_one_is_not_waited_for() {
    let mut window = Window::default();
    let now = 10 * MINUTE;
    for _ in 0..5 {
        assert_eq!(window.admit(now, 5, Urgency::Backfill), Admission::Granted);
    }
    let Admission::Wait(interactive) = window.admit(now, 5, Urgency::Interactive) else {
        panic!("it is full")
    };
    let Admission::Wait(backfill) = window.admit(now, 5, Urgency::Backfill) else { panic!("it is full") };
    assert_eq!(interactive, Duration::from_millis(60_800));
    assert!(backfill > interactive);
    let free = now + SPAN;
    assert!(matches!(window.clone().admit(free, 5, Urgency::Backfill), Admission::Wait(_)));
    assert_eq!(window.clone().admit(free, 5, Urgency::Interactive), Admission::Granted);
    assert_eq!(window.admit(free + PATIENCE, 5, Urgency::Backfill), Admission::Granted);
}

#[test]
fn nobody_passes_a_closed_window_and_no_refusal_lasts_for_ever() {
    let mut window = Window::default();
    window.close(0, Duration::from_secs(30));
    window.close(0, Duration::from_secs(3));
    for urgency in [Urgency::Interactive, Urgency::Backfill] {
        let Admission::Wait(wait) = window.admit(29 * SECOND, 5, urgency) else { panic!("it is closed") };
        assert!(wait >= Duration::from_secs(1) && wait < Duration::from_millis(1_100), "{wait:?}");
    }
    assert_eq!(window.admit(30 * SECOND, 5, Urgency::Interactive), Admission::Granted);
    window.close(30 * SECOND, Duration::MAX);
    assert!(matches!(window.admit(40 * SECOND, 5, Urgency::Interactive), Admission::Wait(_)));
    assert_eq!(window.admit(2 * 60 * MINUTE, 5, Urgency::Interactive), Admission::Granted);
}

#[test]
fn a_clock_that_is_turned_back_costs_a_minute_at_most() {
    let mut window = Window::default();
    let now = 1_000 * MINUTE;
    for _ in 0..5 {
        window.admit(now, 5, Urgency::Interactive);
    }
    let back = now - 500 * MINUTE;
    let Admission::Wait(wait) = window.admit(back, 5, Urgency::Interactive) else {
        panic!("all may be on their way")
    };
    assert!(wait <= Duration::from_micros(SPAN.unsigned_abs()));
    assert_eq!(window.admit(back + SPAN, 5, Urgency::Interactive), Admission::Granted);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_minute_holds_more_than_the_limit_whoever_asks(
        limit in 1_u32..250, backfills in 0_usize..9, interactive in 0_usize..5, pause in 0..20 * SECOND, seed in any::<u64>(),
    ) {
        let all = callers(Urgency::Backfill, backfills, 0).chain(callers(Urgency::Interactive, interactive, pause));
        let outcome = play(limit, 4 * MINUTE, all.collect(), seed);
        prop_assert_eq!(outcome.refused, 0);
        prop_assert!(most_in_a_minute(&outcome.granted) <= limit as usize);
        // Each of a few callers gets the slots that become free; nobody else is in the way of the first of them.
        prop_assert!(outcome.longest_wait <= 62 * SECOND * i64::try_from(interactive).unwrap(), "{}", outcome.longest_wait);
    }
}
