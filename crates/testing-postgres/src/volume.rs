//! A small file system of its own, which may be full.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A file system (ext4) in a file, mounted on a folder until its owner goes.
#[derive(Debug)]
pub struct Volume {
    at: PathBuf,
    _image: TempDir,
}

impl Volume {
    /// Makes one of so many megabytes on an empty folder; none where that is not allowed.
    pub fn mount(at: &Path, megabytes: u64) -> Option<Self> {
        let image = tempfile::tempdir().ok()?;
        let file = image.path().join("image");
        File::create(&file).and_then(|file| file.set_len(megabytes << 20)).ok()?;
        let [file, folder] = [&file, at].map(|path| path.display().to_string());
        // Nothing is kept back for the administrator.
        let made = succeeds("mkfs.ext4", &["-q", "-F", "-m", "0", &file]);
        if !made || !succeeds("mount", &["-o", "loop", &file, &folder]) {
            return None;
        }
        let volume = Self { at: at.to_path_buf(), _image: image };
        std::fs::remove_dir(at.join("lost+found")).ok()?;
        Some(volume)
    }

    /// Takes all the room that is left.
    ///
    /// # Panics
    ///
    /// Where the file that takes it can't be made.
    pub fn fill(&self) {
        let mut filler = File::create(self.filler()).expect("a file, however full the disk is");
        // Ever smaller pieces, until not a byte fits.
        for piece in [1 << 20, 1 << 12, 1] {
            while filler.write_all(&vec![0; piece]).is_ok() {}
        }
    }

    /// Gives it back.
    pub fn clear(&self) {
        // It is not there where nothing was filled.
        let _ = std::fs::remove_file(self.filler());
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Whoever has a file open there keeps it until the end.
        succeeds("umount", &["-l", &self.at.display().to_string()]);
    }
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    let quiet = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
