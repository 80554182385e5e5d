//! Imports a file into a database, says what it did, and verifies the database:
//! `import FILE sqlite:PATH [INVOICES]`.

use std::path::Path;
use std::process::ExitCode;

use tessera_installation::{Installation, Options};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, url, rest @ ..] = arguments.as_slice() else {
        eprintln!("give a file and a database: import FILE sqlite:PATH [INVOICES]");
        return ExitCode::FAILURE;
    };
    let most_invoices = rest.first().and_then(|count| count.parse().ok());
    match run(Path::new(file), url, most_invoices) {
        Ok(agrees) if agrees => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(
    file: &Path,
    url: &str,
    most_invoices: Option<usize>,
) -> Result<bool, Box<dyn std::error::Error>> {
    let mut settings = Options::creating(url);
    // Large commits: nobody waits for the answer to a single chain.
    settings.engine.batch_time = std::time::Duration::from_millis(100);
    let installation = Installation::open(settings)?;
    let options = tessera_online_retail::Options { most_invoices, ..Default::default() };
    let report =
        tessera_online_retail::import(installation.db(), file, options, &mut |progress| {
            eprint!("\r{:?} {} of {}    ", progress.stage, progress.done, progress.of);
        })?;
    eprintln!();
    println!("{report}");
    let begun = std::time::Instant::now();
    let findings = installation.verify()?;
    println!("verify: {} differences, {} s", findings.differences.len(), begun.elapsed().as_secs());
    for difference in findings.differences.iter().take(20) {
        println!("DIFFERENCE {difference}");
    }
    Ok(report.agrees() && findings.differences.is_empty())
}
