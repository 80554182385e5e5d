//! `tessera copy`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tessera_installation::{Installation, Location, Options};

use crate::error::CommandError;
use crate::output::tell;
use crate::progress;

/// Copies an installation into an empty database of the same engine or another, row by row, compares
/// the contents and checks the figures on both sides. Servers are stopped meanwhile. A copy that broke
/// off goes on where it was when the command is given again.
#[derive(Debug, Args)]
pub(crate) struct Copy {
    /// The installation: sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE. The environment
    /// keeps a password from those who see the list of processes.
    #[arg(long, value_name = "URL", env = "TESSERA_COPY_FROM", hide_env_values = true)]
    from: String,
    /// Where to; an empty database, which is made where it is a file.
    #[arg(long, value_name = "URL", env = "TESSERA_COPY_TO", hide_env_values = true)]
    to: String,
    /// Folder of the installation's own customizing [default: beside the database file that is copied,
    /// if there is one]
    #[arg(long, value_name = "FOLDER")]
    config: Option<PathBuf>,
}

pub(crate) fn run(command: &Copy) -> Result<ExitCode, CommandError> {
    let (from, to): (Location, Location) = (command.from.parse()?, command.to.parse()?);
    if from == to {
        return Err(CommandError::Input(format!("{from} would be copied into itself")));
    }
    let customizing = from.customizing(command.config.clone())?;
    let source = Options::writing(&command.from).config_folder(customizing.clone());
    let source = Installation::open(source)?;
    let target = Options::creating(&command.to).config_folder(customizing.clone());
    let target = Installation::open_target(target)?;
    let bar = progress::count("rows");
    let copied = source.copy_to(&target, &mut |table, rows| {
        bar.set_message(table);
        bar.inc(rows);
    });
    bar.finish_and_clear();
    let (rows, hash) = copied?;
    tell(format!("{rows} rows were copied from {from} to {to}"));
    tell(format!("content hash of both: {hash}"));
    let mut is_clean = true;
    for (location, side) in [(&from, &source), (&to, &target)] {
        let findings = side.verify()?;
        for difference in &findings.differences {
            tell(format!("DIFFERENCE in {location}: {difference}"));
        }
        is_clean &= findings.differences.is_empty();
    }
    if is_clean {
        tell("the figures of both agree with their documents");
    }
    if let Some(folder) = customizing {
        tell(format!(
            "Customizing is not in the database: give {} to the servers of {to}",
            folder.display()
        ));
    }
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
