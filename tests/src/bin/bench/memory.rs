//! Peak memory of a sync: the same for many records as for few.

use crate::figures::{figure, megabytes, rate, section};
use crate::program::Program;
use crate::sandbox::Sandbox;
use crate::{Outcome, Scale, load, sync};

pub(crate) fn measure(program: &Program, scale: Scale) -> Outcome {
    section("Peak memory of a first load into PostgreSQL");
    let server = load::start_server()?;
    let folder = program.folder()?;
    for records in [scale.records, scale.many_records] {
        let sandbox = Sandbox::start(program, records, Some("companies"))?;
        let database = server.create_database();
        let synced = sync::run(&folder, &sandbox, database.url(), &["companies"])?;
        synced.expect("inserted", records)?;
        let memory = megabytes(synced.process.peak_memory);
        figure(&format!("{records} companies"), memory, "≤ 64 MB, the same for both");
        figure("at a rate of", rate(records, synced.process.wall), "");
    }
    Ok(())
}
