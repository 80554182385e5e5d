//! What a command tells on standard output.

use std::fmt::Display;
use std::io::Write as _;

/// Tells a line. Whoever listened may be gone (`tessera user list | head -1`, a supervisor that
/// closed the pipe): that ends no command, and a server least of all.
pub(crate) fn tell(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
