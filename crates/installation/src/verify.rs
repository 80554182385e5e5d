//! Recomputing every stored aggregate, and following the chain of every history.

use tessera_kernel::{Actor, Check, Database, Fault, Findings, Source, verify_histories};

/// Runs every check of every module and that of the histories on one consistent snapshot, then the engine's own check. A
/// check that can't be run is a finding.
///
/// # Errors
///
/// Where the database can't be read at all.
pub fn verify(db: &Database) -> Result<Findings, Fault> {
    let checks: Vec<Check> = db.environment().registry.checks().copied().collect();
    let mut findings = db.read(&Actor::system(Source::CommandLine), |tx| {
        let mut findings = Findings::default();
        for check in checks {
            if let Err(fault) = (check.run)(tx, &mut findings) {
                findings.differs(format!("{}: the check could not be run: {fault}", check.name));
            }
        }
        if let Err(fault) = verify_histories(tx, &mut findings) {
            findings.differs(format!("history: the check could not be run: {fault}"));
        }
        Ok::<_, Fault>(findings)
    })?;
    for broken in db.store().check()? {
        findings.differs(format!("database file: {broken}"));
    }
    Ok(findings)
}
