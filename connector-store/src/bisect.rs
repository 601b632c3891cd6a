//! Halving: how the one row that a database refuses is found among a thousand that it takes.

/// The parts of a batch that are still to be written, next first.
pub(crate) struct Halves<'r, T> {
    todo: Vec<&'r [T]>,
}

impl<'r, T> Halves<'r, T> {
    /// Starts with everything in one part.
    pub(crate) fn new(all: &'r [T]) -> Self {
        Self { todo: if all.is_empty() { Vec::new() } else { vec![all] } }
    }

    /// The next part to try.
    pub(crate) fn next(&mut self) -> Option<&'r [T]> {
        self.todo.pop()
    }

    /// Takes a part back that was refused, in halves. A single row is handed to the caller: it is the bad one.
    pub(crate) fn refused(&mut self, part: &'r [T]) -> Option<&'r T> {
        if let [only] = part {
            return Some(only);
        }
        let (first, second) = part.split_at(part.len() / 2);
        self.todo.push(second);
        self.todo.push(first);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_good_row_is_written_in_order_and_every_bad_one_is_found() {
        let rows: Vec<u32> = (0..1000).collect();
        let is_bad = |row: &u32| [0, 17, 500, 501, 999].contains(row);
        let (mut written, mut bad, mut tries) = (Vec::<&u32>::new(), Vec::<&u32>::new(), 0);
        let mut halves = Halves::new(&rows);
        while let Some(part) = halves.next() {
            tries += 1;
            if part.iter().any(is_bad) {
                bad.extend(halves.refused(part));
            } else {
                written.extend(part);
            }
        }
        assert_eq!(bad, [&0, &17, &500, &501, &999]);
        assert_eq!(written.len(), 995);
        assert!(written.is_sorted());
        assert!(tries < 100, "{tries}");
    }
}
