//! Libraries that are put between a program and the system.

use std::path::PathBuf;

/// Where a library is, by its path within the folder of the machine's libraries.
///
/// # Errors
///
/// Where it is not installed, with the name of its Debian package.
pub(crate) fn library(path: &str, package: &str) -> Result<PathBuf, String> {
    let folders = std::fs::read_dir("/usr/lib").map_err(|error| error.to_string())?;
    folders
        .filter_map(|entry| Some(entry.ok()?.path().join(path)))
        .find(|library| library.exists())
        .ok_or_else(|| format!("{package} is not installed (Debian's package {package})"))
}
