//! The same work on many things, on the cores there are.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// More threads than this cost more than they save: the work takes milliseconds.
const MOST_THREADS: usize = 4;

/// What the work makes of each, in their order.
pub(crate) fn on_all_cores<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let some_of_it = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(at) else { return done };
            done.push((at, work(thing)));
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(some_of_it)).collect();
        let mut done = some_of_it();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_worked_on_once_and_stays_in_its_order() {
        let things: Vec<usize> = (0..1000).collect();
        assert_eq!(on_all_cores(&things, |thing| thing * 2), (0..2000).step_by(2).collect::<Vec<_>>());
        assert!(on_all_cores(&[] as &[usize], |thing| *thing).is_empty());
    }
}
