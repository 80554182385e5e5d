//! `tessera verify`

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::database::DatabaseArguments;
use crate::error::CommandError;
use crate::output::tell;

/// Compares every aggregate with the documents beneath it.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    database: DatabaseArguments,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: &Verify) -> Result<ExitCode, CommandError> {
    let findings = command.database.read()?.verify()?;
    let clean = findings.differences.is_empty();
    if command.json {
        let answer = json!({
            "ok": clean,
            "compared": findings.compared,
            "differences": findings.differences,
        });
        tell(answer);
    } else {
        for (check, figures) in &findings.compared {
            tell(format!("{check}: {} compared", figures.as_u64().unwrap_or(0)));
        }
        for difference in &findings.differences {
            tell(format!("DIFFERENCE {difference}"));
        }
        let figures: u64 = findings.compared.values().filter_map(Value::as_u64).sum();
        let count = findings.differences.len();
        tell(format!("{figures} figures compared, {count} differences"));
    }
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
