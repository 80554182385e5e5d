//! What a campaign wants of a database, whatever it is.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::front::Witness;
use crate::server::tessera;

/// A database of its own, with the workload's master data and the administrator `ada`.
pub(crate) trait Database: Send {
    /// Its address, as `--db` takes it.
    fn url(&self) -> String;

    /// How many servers serve it.
    fn servers(&self) -> usize {
        1
    }

    /// The program as its servers run.
    fn program(&self) -> Command {
        tessera()
    }

    /// Who looks at it after each answer.
    fn witness(&self) -> Option<Witness> {
        None
    }
}

/// Fills an empty database: the workload's master data and the administrator.
pub(crate) fn furnish(url: &str) {
    let short = ["--seconds", "1", "--warm-up", "0", "--clients", "1", "--no-floor"];
    done(tessera().args(["bench", "sd", "--db", url]).args(short), "");
    let add = ["user", "add", "ada", "--administrator", "--db", url];
    done(tessera().args(add), "correct horse battery\n");
}

/// Runs a command that must succeed; answers its output.
pub(crate) fn done(command: &mut Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
