//! `tessera import online-retail`

use std::process::ExitCode;

use indicatif::ProgressBar;
use tessera_installation::Installation;
use tessera_online_retail::{Options, Progress, ReportedRow, Stage};

use super::Import;
use crate::error::CommandError;
use crate::output::tell;
use crate::progress;

/// Imports the file, tells the reconciliation, and the rows that were not booked.
pub(super) fn run(installation: &Installation, command: &Import) -> Result<ExitCode, CommandError> {
    let mut bar: Option<(Stage, ProgressBar)> = None;
    let mut show = |progress: Progress| {
        if bar.as_ref().is_none_or(|(stage, _)| *stage != progress.stage) {
            let next = bar_of(progress);
            if let Some((_, done)) = bar.replace((progress.stage, next)) {
                done.finish_and_clear();
            }
        }
        if let Some((_, bar)) = &bar {
            bar.set_position(progress.done);
        }
    };
    let (db, options) = (installation.db(), Options::default());
    let outcome = tessera_online_retail::import(db, &command.file, options, &mut show);
    if let Some((_, bar)) = &bar {
        bar.finish_and_clear();
    }
    let report = outcome?;
    tell(&report);
    let errors = report.reported.iter();
    let errors: Vec<(u64, String)> =
        errors.map(|ReportedRow { line, reason }| (*line, reason.clone())).collect();
    let outcome = command.tell_errors(&errors)?;
    Ok(if report.agrees() { outcome } else { ExitCode::FAILURE })
}

fn bar_of(Progress { stage, of, .. }: Progress) -> ProgressBar {
    match stage {
        Stage::Read => progress::bytes(of, "read"),
        Stage::MasterData => progress::steps(of, "master data"),
        Stage::Book => progress::steps(of, "book"),
    }
}
