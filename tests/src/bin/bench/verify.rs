//! A comparison of everything: requests beside those of a full read, and memory that does not grow with the rows.

use crate::figures::{figure, megabytes, rate, ratio, section};
use crate::program::Program;
use crate::sandbox::Sandbox;
use crate::{Outcome, Scale, load, sync};

pub(crate) fn measure(program: &Program, scale: Scale) -> Outcome {
    section("`verify` of companies in PostgreSQL that are as the app has them");
    let server = load::start_server()?;
    let folder = program.folder()?;
    for records in [scale.records, scale.many_records] {
        let sandbox = Sandbox::start(program, records, Some("companies"))?;
        let database = server.create_database();
        let companies = ["companies"];
        sync::run(&folder, &sandbox, database.url(), &companies)?.expect("inserted", records)?;
        let read = sync::run(&folder, &sandbox, database.url(), &["companies", "--full"])?;
        let verify = sync::verify(&folder, &sandbox, database.url(), &companies)?;
        verify.expect("compared", records)?;
        let (of_read, of_verify) = (read.count("requests"), verify.count("requests"));
        figure(&format!("{records} companies, requests of a full read"), of_read, "");
        let beside = format!("{of_verify} ({:.2} ×)", ratio(of_verify, of_read));
        figure(&format!("{records} companies, requests of verify"), beside, "≤ 1.1 × a full read");
        let memory = megabytes(verify.process.peak_memory);
        figure(&format!("{records} companies, peak memory"), memory, "the same for both");
        figure("at a rate of", rate(records, verify.process.wall), "");
    }
    Ok(())
}
