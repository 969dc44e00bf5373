//! Where rules come from: places in files, and the files themselves as something handed in.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A place in a rule file. Lines and columns count from 1; columns count bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The file as it was named by whoever included it.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// The column in bytes, from 1.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One piece of configuration to load, in order.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file, or a pattern with `*`, `?` and `[…]` that names several, as in `Include`.
    File(PathBuf),
    /// Rules given as text. The name stands in errors and log lines.
    Text {
        /// What to call the text.
        name: String,
        /// The directives.
        text: String,
    },
}

impl Source {
    /// A file or a pattern of files.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(path.into())
    }

    /// Rules given as text.
    pub fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Text { name: name.into(), text: text.into() }
    }
}

/// The files that loading may read. The crate opens nothing by itself.
pub trait Files {
    /// The whole of the file at `path`.
    ///
    /// # Errors
    /// Whatever kept it from being read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The files that `pattern` names, sorted. A pattern without `*`, `?` or `[` names one file, whether
    /// or not it exists.
    ///
    /// # Errors
    /// Where the pattern cannot be read or a directory cannot be listed.
    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>>;
}

/// The files of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        if !is_pattern(pattern) {
            return Ok(vec![pattern.to_owned()]);
        }
        let text = pattern.to_str().ok_or_else(|| io::Error::other("pattern is not UTF-8"))?;
        let mut paths = Vec::new();
        for path in glob::glob(text).map_err(io::Error::other)? {
            paths.push(path.map_err(io::Error::from)?);
        }
        paths.sort();
        Ok(paths)
    }
}

/// Files held in memory, for tests and for rules that are compiled in.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(BTreeMap<PathBuf, Vec<u8>>);

impl MemoryFiles {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more file.
    #[must_use]
    pub fn with(mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        self.0.insert(path.into(), content.into());
        self
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        if !is_pattern(pattern) {
            return Ok(vec![pattern.to_owned()]);
        }
        let text = pattern.to_str().ok_or_else(|| io::Error::other("pattern is not UTF-8"))?;
        let pattern = glob::Pattern::new(text).map_err(io::Error::other)?;
        let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
        Ok(self.0.keys().filter(|path| pattern.matches_path_with(path, options)).cloned().collect())
    }
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}
