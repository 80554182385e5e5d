//! `tessera verify`

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use tessera_kernel::{Actor, Source};

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
    /// A seal that was kept elsewhere: its number, a colon, its digest. It must be the same today.
    #[arg(long, value_name = "NUMBER:DIGEST", value_parser = kept_seal)]
    seal: Option<(i64, String)>,
}

fn kept_seal(text: &str) -> Result<(i64, String), String> {
    let parts =
        text.split_once(':').and_then(|(number, digest)| Some((number.parse().ok()?, digest)));
    let seal = parts.filter(|(number, digest)| *number > 0 && digest.len() == 40);
    seal.map(|(number, digest)| (number, digest.to_lowercase())).ok_or_else(|| {
        "must be a seal as `verify` prints it, like 7:0f3a… with 40 digits".to_string()
    })
}

pub(crate) fn run(command: &Verify) -> Result<ExitCode, CommandError> {
    let installation = command.database.read()?;
    let mut findings = installation.verify()?;
    let actor = Actor::system(Source::CommandLine);
    let newest = installation.db().read(&actor, |tx| {
        if let Some((number, digest)) = &command.seal
            && tx.seal(*number)?.is_none_or(|seal| seal.digest != *digest)
        {
            findings.differs(format!("history: seal {number} is not the one that was kept"));
        }
        tx.newest_seal()
    })?;
    let clean = findings.differences.is_empty();
    if command.json {
        let answer = json!({
            "ok": clean,
            "compared": findings.compared,
            "differences": findings.differences,
            "seal": newest.map(|seal| format!("{}:{}", seal.number, seal.digest)),
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
        if let Some(seal) = newest {
            tell(format!("seal {}:{}", seal.number, seal.digest));
        }
        tell(format!("{figures} figures compared, {count} differences"));
    }
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
