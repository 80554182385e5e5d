//! Progress of long work, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over so many bytes.
pub(crate) fn bytes(total: u64, what: &'static str) -> ProgressBar {
    bar(total, what, "{msg} {bar:40} {bytes}/{total_bytes} {eta}")
}

/// A bar over so many steps.
pub(crate) fn steps(total: u64, what: &'static str) -> ProgressBar {
    bar(total, what, "{msg} {bar:40} {pos}/{len} {eta}")
}

/// A count without an end that is known.
pub(crate) fn count(of: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template(&format!("{{msg}} {{pos}} {of} {{per_sec}}")) {
        bar.set_style(style);
    }
    bar
}

fn bar(total: u64, what: &'static str, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
