//! `tessera config`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use tessera_installation::compose;

use crate::database::DatabaseArguments;
use crate::error::CommandError;
use crate::output::tell;

/// Customizing.
#[derive(Debug, Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Checks customizing; prints every finding with file and line.
    Check(DatabaseArguments),
}

pub(crate) fn run(command: &Config) -> Result<ExitCode, CommandError> {
    let Verb::Check(arguments) = &command.verb;
    let folder = arguments.location()?.customizing(arguments.config.clone())?;
    let place = folder.as_deref().map_or("the shipped files".to_string(), |folder| {
        format!("{} over the shipped files", folder.display())
    });
    match compose(folder.as_deref()) {
        Ok(composition) => {
            let catalogues = composition.catalogues.iter().count();
            let codes: usize = composition.catalogues.iter().map(|(_, codes)| codes.len()).sum();
            tell(format!(
                "customizing is right: {codes} entries in {catalogues} catalogues ({place})"
            ));
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            tell(&problems);
            tell(format!("{} findings in {place}", problems.0.len()));
            Ok(ExitCode::FAILURE)
        }
    }
}
