//! The built-in rules, compiled in: the files of `rules/`, in load order, and what they name.

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../../../rules/", $name)))),+]
    };
}

/// Each file's name and text. A test compares the list with the folder.
pub(super) const FILES: &[(&str, &str)] =
    files!["10-setup.conf", "20-bodies.conf", "30-attacks.conf", "40-scanners.conf"];
