//! A small disk: an ext4 file system on a loop device, which can be full, read-only, or lose what
//! it was not asked to sync. It wants the right to mount.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A mounted disk; gone with its owner.
pub(crate) struct Disk {
    folder: TempDir,
}

/// What a disk has, byte for byte, and its cache has not.
pub(crate) struct Image(PathBuf);

/// What takes the room of a full disk.
const FILLER: &str = "filler";

impl Disk {
    /// Makes one of so many MiB.
    ///
    /// # Errors
    ///
    /// Why this machine can't.
    pub(crate) fn make(size: u64) -> Result<Self, String> {
        let disk = Self { folder: tempfile::tempdir().map_err(|error| error.to_string())? };
        let file = File::create(disk.image()).map_err(|error| error.to_string())?;
        file.set_len(size << 20).map_err(|error| error.to_string())?;
        std::fs::create_dir(disk.path()).map_err(|error| error.to_string())?;
        // No room is kept for the administrator, whom the tests may run as.
        run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(disk.image()))?;
        disk.mount("errors=remount-ro")?;
        Ok(disk)
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn mount(&self, options: &str) -> Result<(), String> {
        let options = format!("loop,{options}");
        run(Command::new("mount").args(["-o", &options]).arg(self.image()).arg(self.path()))
    }

    fn unmount(&self) {
        done(Command::new("umount").arg(self.path()));
    }

    /// Leaves no room.
    pub(crate) fn fill(&self) {
        let mut filler = File::create(self.path().join(FILLER)).unwrap();
        for block in [1 << 20, 1 << 12, 1 << 10] {
            while filler.write_all(&vec![0x5a; block]).is_ok() {}
        }
    }

    /// Makes room again.
    pub(crate) fn make_room(&self) {
        std::fs::remove_file(self.path().join(FILLER)).unwrap();
    }

    /// Is found damaged by its file system, which goes on read-only; false where this kernel
    /// can't be asked for that.
    pub(crate) fn fail(&self) -> bool {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        let path = self.path().display().to_string();
        let of_disk = |line: &&str| line.split(' ').nth(1) == Some(&path);
        let device = mounts.lines().find(of_disk).and_then(|line| line.split(' ').next());
        let name = device.and_then(|device| device.strip_prefix("/dev/")).unwrap_or_default();
        std::fs::write(format!("/sys/fs/ext4/{name}/trigger_fs_error"), "1").is_ok()
    }

    /// The machine is started anew, while no process uses the disk: it is repaired and mounted.
    pub(crate) fn repair(&self) {
        self.unmount();
        // Status 1 says that something was repaired, as is expected.
        let status = quiet(Command::new("e2fsck").arg("-p").arg(self.image())).status().unwrap();
        assert!(status.code().is_some_and(|code| code <= 1), "the disk is not repaired: {status}");
        self.mount("errors=remount-ro").unwrap();
    }

    /// Mounts it anew while no process uses it, read-only or not.
    pub(crate) fn remount(&self, read_only: bool) {
        self.unmount();
        self.mount(if read_only { "ro" } else { "errors=remount-ro" }).unwrap();
    }

    /// Waits until the disk has everything.
    pub(crate) fn sync(&self) {
        done(Command::new("sync").arg("--file-system").arg(self.path()));
    }

    /// Takes what is on the disk at this moment, without what the system has in its memory only.
    /// Nobody may write meanwhile.
    pub(crate) fn image_now(&self) -> Image {
        let copy = self.folder.path().join("copy");
        loop {
            done(Command::new("cp").arg("--sparse=always").arg(self.image()).arg(&copy));
            // The system may have written just then.
            let same = quiet(Command::new("cmp").arg(self.image()).arg(&copy)).status().unwrap();
            if same.success() {
                return Image(copy);
            }
        }
    }

    /// Comes back after power loss, while no process uses it, with what it had.
    pub(crate) fn come_back(&self, image: Image) {
        self.unmount();
        std::fs::rename(image.0, self.image()).unwrap();
        self.mount("errors=remount-ro").unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It may not be mounted.
        let _ = run(Command::new("umount").arg(self.path()));
    }
}

/// Makes files unchangeable, also for who has them open, or undoes that.
pub(crate) fn protect(files: &[PathBuf], is_protected: bool) {
    done(Command::new("chattr").arg(if is_protected { "+i" } else { "-i" }).args(files));
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = Path::new(command.get_program()).display().to_string();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

fn done(command: &mut Command) {
    run(command).unwrap();
}
