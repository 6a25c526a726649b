//! Verifies PostgreSQL's own files in the user's cache, where `pglite-oxide` keeps them, and repairs them before
//! anything runs from there. Never touches a store.
//!
//! `pglite-oxide` unpacks the files in place and considers the directory complete if a few of them exist. It checks its
//! compiled modules, which are native code, only by length. Therefore the files are compared with the archive, and the
//! modules with the hash in their names, unless their lengths, times and inode numbers are unchanged since the last
//! check.

use std::fmt::Write as _;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::cannot;
use super::{assets, steps};
use crate::own_files::{self, Purpose};
use crate::store::error::{Result, StoreError};

/// The directories that come from the archive. Others next to them are created at each start.
const PARTS: [&str; 3] = ["bin", "lib", "share"];
/// The file with the state of the cache at the last check.
const CHECKED: &str = "streamscope-checked";

/// Verifies the cache and repairs it if necessary.
pub(super) fn verify() -> Result<()> {
    let root = directory()?;
    own_files::make_directory(&root)
        .and_then(|()| own_files::check_own_directory(&root))
        .map_err(|error| cannot("use the cache", &root, &error))?;
    keep_from_others(&root)?;
    Cache::new(root)?.verify()
}

/// The cache directory of `pglite-oxide` 0.5.
fn directory() -> Result<PathBuf> {
    directories::ProjectDirs::from("dev", "pglite-oxide", "pglite-oxide")
        .map(|directories| directories.cache_dir().to_owned())
        .ok_or_else(|| {
            StoreError::Embedded(
                "this account has no home directory for the cache; set HOME or XDG_CACHE_HOME".to_owned(),
            )
        })
}

struct Cache {
    root: PathBuf,
    /// The target of the archive's directory `pglite`.
    runtime: PathBuf,
    /// Every program that unpacks holds this lock, including `pglite-oxide` itself.
    lock: PathBuf,
    checked: PathBuf,
}

impl Cache {
    fn new(root: PathBuf) -> Result<Self> {
        let key = assets::runtime_sha256()?;
        Ok(Self {
            runtime: root.join("runtime").join(key).join("tmp/pglite"),
            lock: root.join("runtime/.locks").join(format!("{key}.lock")),
            checked: root.join(CHECKED),
            root,
        })
    }

    fn verify(&self) -> Result<()> {
        if self.is_as_checked() {
            return Ok(());
        }
        let locks = self.lock.parent().unwrap_or(&self.root);
        steps::make_directory(locks)?;
        let lock = own_files::open(&self.lock, Purpose::ReadWrite).and_then(|file| file.lock().map(|()| file));
        let _lock = lock.map_err(|error| cannot("lock", &self.lock, &error))?;
        // Another program may have verified the cache in the meantime.
        if self.is_as_checked() {
            return Ok(());
        }
        self.repair_runtime()?;
        self.remove_wrong_modules()?;
        let checked = self.state().map_err(|error| cannot("read the cache", &self.root, &error))?;
        steps::replace(&self.checked, &self.checked.with_extension("new"), checked.as_bytes())
    }

    fn is_as_checked(&self) -> bool {
        let mut checked = String::new();
        let read = own_files::open(&self.checked, Purpose::Read).and_then(|mut file| file.read_to_string(&mut checked));
        read.is_ok() && self.state().is_ok_and(|state| state == checked)
    }

    /// Hashes the metadata of every file. Any change of a file changes the hash.
    fn state(&self) -> io::Result<String> {
        let mut hash = Sha256::new();
        for part in PARTS {
            add_to_state(&self.runtime.join(part), &mut hash)?;
        }
        let modules = self.modules();
        if modules.exists() {
            add_to_state(&modules, &mut hash)?;
        }
        Ok(hex(&hash.finalize()))
    }

    fn modules(&self) -> PathBuf {
        self.root.join("wasmer-aot")
    }

    /// Writes missing and differing files. Each file is replaced atomically, because another program may be running
    /// from the cache.
    fn repair_runtime(&self) -> Result<()> {
        let beside = self.runtime.join("streamscope.new");
        assets::each_runtime_entry(|path, bytes| {
            let Ok(path) = path.strip_prefix("pglite") else { return Ok(()) };
            let path = self.runtime.join(path);
            match bytes {
                None => steps::make_directory(&path),
                Some(bytes) if has(&path, bytes) => Ok(()),
                Some(bytes) => {
                    steps::remove(&beside)?;
                    steps::write(&beside, bytes)?;
                    make_executable(&beside)?;
                    steps::rename(&beside, &path)
                }
            }
        })
    }

    /// Removes compiled modules that do not match the hash in their names, which are compiled again when they are
    /// needed, and unfinished ones of processes that were killed or found the disk full.
    fn remove_wrong_modules(&self) -> Result<()> {
        for directory in entries(&self.modules()).unwrap_or_default() {
            for module in entries(&directory).unwrap_or_default() {
                if is_abandoned(&module) {
                    steps::remove(&module)?;
                }
                if module.extension().is_some_and(|extension| extension == "bin") && !matches_its_name(&module) {
                    tracing::warn!("{} is damaged and will be compiled again", module.display());
                    steps::remove(&module)?;
                }
            }
        }
        Ok(())
    }
}

/// Prevents others from writing to the cache, because native code runs from there and it may have been created under a
/// loose umask.
fn keep_from_others(root: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let failed = |error| cannot("set the permissions of", root, &error);
        let permissions = std::fs::metadata(root).map_err(failed)?.permissions();
        if permissions.mode() & 0o022 != 0 {
            std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Whether this is an unfinished file, `NAME.PID.N.tmp`, and that process is not running.
fn is_abandoned(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut ends = name.rsplit('.');
    ends.next() == Some("tmp") && ends.nth(1).is_some_and(|pid| pid.parse().is_ok_and(|pid| !is_running(pid)))
}

#[cfg(unix)]
fn is_running(pid: u32) -> bool {
    let pid = pid.try_into().ok().and_then(rustix::process::Pid::from_raw);
    // Without permission to signal it, the process is running.
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Whether a process is running cannot be told without signals.
#[cfg(not(unix))]
fn is_running(_: u32) -> bool {
    true
}

fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<_> =
        std::fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    entries.sort();
    Ok(entries)
}

fn add_to_state(directory: &Path, hash: &mut Sha256) -> io::Result<()> {
    for path in entries(directory)? {
        let found = std::fs::symlink_metadata(&path)?;
        if found.is_dir() {
            add_to_state(&path, hash)?;
        } else {
            hash.update(path.as_os_str().as_encoded_bytes());
            hash.update(outside(&found)?);
        }
    }
    Ok(())
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "it can fail on other systems")]
fn outside(found: &Metadata) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::MetadataExt as _;
    let numbers = [
        found.size().cast_signed(),
        found.mtime(),
        found.mtime_nsec(),
        found.ctime(),
        found.ctime_nsec(),
        found.ino().cast_signed(),
    ];
    Ok(numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
}

#[cfg(not(unix))]
fn outside(found: &Metadata) -> io::Result<Vec<u8>> {
    let modified = found.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    Ok([found.len().to_le_bytes().as_slice(), &modified.to_le_bytes()].concat())
}

fn has(path: &Path, bytes: &[u8]) -> bool {
    let is_file =
        std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.len() == bytes.len() as u64);
    is_file && std::fs::read(path).is_ok_and(|own| own == bytes)
}

/// Whether a module has the hash at the end of its name (`runtime-pglite-0123….bin`). Also syncs it, because
/// `pglite-oxide` does not.
fn matches_its_name(module: &Path) -> bool {
    let Some(name) = module.file_stem().and_then(|name| name.to_str()) else { return false };
    let hash = File::open(module).and_then(|mut file| {
        let mut hash = Sha256::new();
        let mut piece = vec![0; 1 << 16];
        loop {
            let length = file.read(&mut piece)?;
            if length == 0 {
                file.sync_all()?;
                return Ok(hex(&hash.finalize()));
            }
            hash.update(&piece[..length]);
        }
    });
    hash.is_ok_and(|hash| name.ends_with(&hash))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn make_executable(path: &Path) -> Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .map_err(|error| cannot("set the permissions of", path, &error))?;
    Ok(())
}
