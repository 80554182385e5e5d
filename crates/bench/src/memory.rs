//! Resident memory of this process.

/// Resident set size in MB (10⁶ bytes), from `/proc`; 0 where there is none.
pub(crate) fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("");
    let kibibytes: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0.0);
    kibibytes * 1024.0 / 1_000_000.0
}
