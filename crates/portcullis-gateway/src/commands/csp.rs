//! `portcullis csp`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use portcullis::Policy;
use portcullis::layers::departure::headers::learn::{Doubt, Lessons, Suggestion};
use toml_edit::{Array, DocumentMut, Item, Table};

use super::run::read;
use super::{Failure, POLICY, print};
use crate::Settings;
use crate::record::data_dir::DataDir;
use crate::record::{data_dir, lessons};

/// A content security policy from traffic.
#[derive(Debug, Args)]
pub(super) struct Csp {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the tightest policy under which the traffic seen would not have broken
    ///
    /// It comes from what the gate saw while `headers.csp_learn` was `true`.
    Suggest(Suggest),
    /// Forget what was learned, to begin anew
    Forget(Place),
}

#[derive(Debug, Args)]
struct Place {
    /// Where the gate keeps what it learned
    #[arg(long, value_name = "DIR", default_value = Settings::DATA_DIR)]
    data_dir: PathBuf,
}

#[derive(Debug, Args)]
struct Suggest {
    #[command(flatten)]
    place: Place,
    /// A source that only browsers told of and that is yours, as it is printed
    #[arg(long, value_name = "SOURCE")]
    accept: Vec<String>,
    /// Write it into the policy, and stop learning
    #[arg(long)]
    apply: bool,
    /// Write it although pages that were seen would break
    #[arg(long, requires = "apply")]
    even_if_it_breaks: bool,
    /// The policy to write into
    #[arg(long, value_name = "FILE", default_value = POLICY)]
    policy: PathBuf,
}

impl Csp {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Suggest(suggest) => suggest.start(),
            Command::Forget(place) => {
                let path = place.lessons();
                match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        Err(Failure::Broken(format!("`{}`: {error}", path.display())))
                    }
                    _ => {
                        print("forgotten; a gate that runs and learns begins anew when it is started again\n")
                    }
                }
            }
        }
    }
}

impl Place {
    fn lessons(&self) -> PathBuf {
        DataDir::lessons_in(&self.data_dir)
    }
}

impl Suggest {
    fn start(self) -> Result<ExitCode, Failure> {
        let path = self.place.lessons();
        let lessons = lessons::read(&path)
            .map_err(|error| Failure::Broken(format!("`{}` cannot be read: {error}", path.display())))?;
        if lessons.is_empty() {
            return Err(Failure::Wrong(format!(
                "nothing was learned yet in `{}`: set `csp_learn = true` below `[headers]`, let the site be used \
                 for a while, and ask again",
                path.display()
            )));
        }
        let suggestion = lessons.suggest(&self.accept);
        let mut text = as_toml(&suggestion);
        tell(&mut text, &lessons, &suggestion);
        if self.apply {
            if suggestion.doubts.iter().any(Doubt::breaks) && !self.even_if_it_breaks {
                return Err(Failure::Wrong(format!(
                    "{text}\nnot written: what is marked with `!` would break. Mend it, accept it with `--accept`, \
                     or say `--even-if-it-breaks`"
                )));
            }
            apply(&self.policy, &suggestion)?;
            let _ = writeln!(text, "\nwritten to `{}`; learning is off there", self.policy.display());
        }
        print(&text)
    }
}

/// The policy as it stands in the file.
fn as_toml(suggestion: &Suggestion) -> String {
    let mut text = "[headers.csp]\n".to_owned();
    for (directive, sources) in &suggestion.directives {
        let sources: Vec<String> = sources.iter().map(|source| format!("\"{source}\"")).collect();
        let _ = writeln!(text, "{} = [{}]", directive.name(), sources.join(", "));
    }
    text
}

fn tell(text: &mut String, lessons: &Lessons, suggestion: &Suggestion) {
    for doubt in &suggestion.doubts {
        let mark = if doubt.breaks() { '!' } else { '?' };
        let _ = match doubt {
            Doubt::Varies { directive, page, different } => writeln!(
                text,
                "{mark} {directive}: {different} inline pieces on `{page}` were others on each visit; no hash allows \
                 them. Move them to a file, or write a nonce into them and `'nonce'` here",
            ),
            Doubt::ReportedOnly { directive, source, page, reports } => writeln!(
                text,
                "{mark} {directive}: {source} is known from {reports} reports of browsers alone, for `{page}`; anybody \
                 can send reports. If it is yours: --accept \"{source}\"",
            ),
            Doubt::Unlisted { directive, page } => {
                writeln!(text, "{mark} {directive}: `{page}` holds more inline pieces than can be listed")
            }
            Doubt::SeenOnce { directive, page } => writeln!(
                text,
                "{mark} {directive}: an inline piece on `{page}` was seen on one visit only; visit it again to know \
                 whether it stays the same",
            ),
            Doubt::NotSeenWhole { page } => {
                writeln!(text, "{mark} `{page}` is too long, or comes too slowly, to be seen whole")
            }
            Doubt::NotRead { page } => {
                writeln!(text, "{mark} `{page}` has a policy in `<meta>`, or a page within the page")
            }
            Doubt::Overflowed => {
                writeln!(text, "{mark} more was seen than is kept; learn for parts of the site")
            }
        };
    }
    if suggestion.doubts.iter().any(|doubt| matches!(doubt, Doubt::Varies { .. })) {
        for (sample, page) in lessons.samples().take(20) {
            let _ = writeln!(text, "  on `{page}` stopped, it begins with: {}", sample.escape_debug());
        }
    }
}

/// Puts the policy in the place of the one that is there, and leaves all else as it was written.
fn apply(path: &Path, suggestion: &Suggestion) -> Result<(), Failure> {
    let text = if path.exists() { read(path)? } else { String::new() };
    let wrong = |why: String| Failure::Wrong(format!("`{}` cannot be written into: {why}", path.display()));
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| wrong(error.to_string()))?;
    let headers = document.entry("headers").or_insert_with(|| Item::Table(implicit()));
    let headers = headers.as_table_like_mut().ok_or_else(|| wrong("`headers` is no table".to_owned()))?;
    headers.remove("csp_learn");
    let mut csp = Table::new();
    for (directive, sources) in &suggestion.directives {
        let sources: Array = sources.iter().map(String::as_str).collect();
        csp.insert(directive.name(), Item::Value(sources.into()));
    }
    let alone = headers.is_empty();
    headers.insert("csp", Item::Table(csp));
    if let Some(headers) = document.get_mut("headers").and_then(Item::as_table_mut) {
        // A comment above it would go with its name.
        let plain =
            headers.decor().prefix().and_then(|text| text.as_str()).is_none_or(|it| it.trim().is_empty());
        headers.set_implicit(alone && plain);
    }
    let text = document.to_string();
    Policy::parse(&path.display().to_string(), &text).map_err(|error| wrong(error.to_string()))?;
    data_dir::replace(path, text.as_bytes()).map_err(|error| wrong(error.to_string()))
}

/// A table that is written only for what is below it.
fn implicit() -> Table {
    let mut table = Table::new();
    table.set_implicit(true);
    table
}

#[cfg(test)]
mod tests {
    use portcullis::layers::departure::headers::csp::Directive;

    use super::*;
    use crate::testing::folder;

    fn suggestion() -> Suggestion {
        Suggestion {
            directives: vec![
                (Directive::DefaultSrc, vec!["'none'".to_owned()]),
                (Directive::ImgSrc, vec!["'self'".to_owned(), "https://pictures.example".to_owned()]),
            ],
            doubts: Vec::new(),
        }
    }

    #[test]
    fn the_policy_is_written_and_the_rest_of_the_file_stays() {
        let path = folder("csp").join("portcullis.toml");
        let before = "# ours\nupstream = \"http://127.0.0.1:5000\"\n\n[headers]\ncsp_learn = true\n\
                      frames = \"nobody\" # on purpose\n\n[host]\nnames = [\"notes.example\"]\n";
        std::fs::write(&path, before).unwrap();
        apply(&path, &suggestion()).unwrap();
        let after = std::fs::read_to_string(&path).unwrap();
        for kept in ["# ours", "frames = \"nobody\" # on purpose", "names = [\"notes.example\"]"] {
            assert!(after.contains(kept), "{after}");
        }
        assert!(!after.contains("csp_learn"), "{after}");
        assert!(after.contains("img-src = [\"'self'\", \"https://pictures.example\"]"), "{after}");
        apply(&path, &suggestion()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), after, "applied twice is applied once");

        std::fs::write(&path, "# about the headers\n[headers]\ncsp_learn = true\n").unwrap();
        apply(&path, &suggestion()).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("# about the headers\n"));
    }

    #[test]
    fn a_policy_that_is_none_is_left_as_it_is() {
        let path = folder("csp").join("portcullis.toml");
        std::fs::write(&path, "[headers\n").unwrap();
        assert!(matches!(apply(&path, &suggestion()), Err(Failure::Wrong(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[headers\n");
    }

    #[test]
    fn what_is_printed_is_what_is_written() {
        let text = as_toml(&suggestion());
        assert_eq!(
            text,
            "[headers.csp]\ndefault-src = [\"'none'\"]\nimg-src = [\"'self'\", \"https://pictures.example\"]\n"
        );
        Policy::parse("printed", &text).unwrap();
    }
}
