//! First load into SQLite, and the same again with nothing changed.

use crate::figures::{figure, megabytes, rate, section};
use crate::program::Program;
use crate::sandbox::Sandbox;
use crate::{Outcome, Scale, sync};

pub(crate) fn measure(program: &Program, scale: Scale) -> Outcome {
    let Scale { records, rounds, .. } = scale;
    section(&format!("{records} companies into SQLite, best of {rounds}"));
    let sandbox = Sandbox::start(program, records, Some("companies"))?;
    let mut loads = Vec::new();
    let mut reads = Vec::new();
    for _ in 0..rounds {
        let folder = program.folder()?;
        let store = "sqlite://companies.db";
        let load = sync::run(&folder, &sandbox, store, &["companies"])?;
        load.expect("inserted", records)?;
        let read = sync::run(&folder, &sandbox, store, &["companies", "--full"])?;
        read.expect("unchanged", records)?;
        loads.push(load.process);
        reads.push(read.process);
    }
    for (what, runs) in [("first load", loads), ("full read, nothing changed", reads)] {
        let best = runs.iter().min_by_key(|run| run.wall).ok_or("no round")?;
        figure(&format!("{what}, records by the whole process"), rate(records, best.wall), "");
        figure(&format!("{what}, peak memory"), megabytes(best.peak_memory), "");
    }
    Ok(())
}
