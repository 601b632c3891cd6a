//! Requests that a first sync of one stream takes.

use crate::figures::{figure, section};
use crate::program::Program;
use crate::sandbox::Sandbox;
use crate::{Outcome, Scale, sync};

/// Around the size of a page, where walks go wrong.
const RECORDS: [u64; 7] = [0, 1, 99, 100, 101, 250, 1000];

pub(crate) fn measure(program: &Program, scale: Scale) -> Outcome {
    section("Requests of a first sync of N companies, page size 100");
    let folder = program.folder()?;
    for records in RECORDS.into_iter().chain([scale.records]) {
        let sandbox = Sandbox::start(program, records, Some("companies"))?;
        let store = format!("sqlite://requests-{records}.db");
        let synced = sync::run(&folder, &sandbox, &store, &["companies"])?;
        synced.expect("inserted", records)?;
        let most = records.div_ceil(100) + 1;
        figure(&format!("N = {records}"), synced.count("requests"), &format!("≤ {most}"));
    }
    Ok(())
}
