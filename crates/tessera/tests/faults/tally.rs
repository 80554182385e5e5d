//! What a campaign counted.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Figures of one kind of fault.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    injected: usize,
    acknowledged: usize,
    slowest: Duration,
}

/// Figures by kind of fault, and the kinds that could not be had.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    kinds: BTreeMap<&'static str, Figures>,
    skipped: BTreeMap<&'static str, String>,
}

impl Tally {
    /// Counts a fault after which everything was found right: what was acknowledged around it, and
    /// how long the service took to be back.
    pub(crate) fn survived(&mut self, kind: &'static str, acknowledged: usize, back: Duration) {
        let figures = self.kinds.entry(kind).or_default();
        figures.injected += 1;
        figures.acknowledged += acknowledged;
        figures.slowest = figures.slowest.max(back);
    }

    /// Notes faults that this machine can't have, and why.
    pub(crate) fn skip(&mut self, what: &'static str, why: String) {
        self.skipped.insert(what, why);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:34} {:>8} {:>14} {:>14}",
            "fault", "injected", "acknowledged", "slowest back"
        )?;
        let mut all = Figures::default();
        for (kind, figures) in &self.kinds {
            let Figures { injected, acknowledged, slowest } = *figures;
            let back = slowest.as_millis();
            writeln!(f, "{kind:34} {injected:>8} {acknowledged:>14} {back:>11} ms")?;
            all.injected += injected;
            all.acknowledged += acknowledged;
        }
        writeln!(f, "{:34} {:>8} {:>14}", "all", all.injected, all.acknowledged)?;
        for (what, why) in &self.skipped {
            writeln!(f, "SKIPPED {what}: {why}")?;
        }
        writeln!(f, "lost 0, duplicated 0, verify clean after each")
    }
}
