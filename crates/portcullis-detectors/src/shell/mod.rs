//! Shell commands: does the value end the word that it should be, and start a command of its own (CWE-78).
//!
//! The value is read as `sh`, `bash`, `cmd` and PowerShell would read it in the middle of a command line,
//! bare or within quotes of either kind. Each place at which a shell would begin another command is looked
//! at: `;`, `|`, `&`, a new line, `$(`, a backtick, `<(`, a redirection. What follows is read as a command,
//! with quotes, escapes, `$IFS`, braces and globs undone, and must be one that runs something of use to an
//! attacker, with arguments where it needs them.
//!
//! "Tom & Jerry" has the sign but no command, and "time; sleep on it" has words that are commands but no
//! arguments. A command line shown whole (`cd build && make`) begins with a command and not with the rest
//! of a word, and code in a Markdown text stands among words; both are left alone unless they read what
//! no reader of a tutorial reads.

mod commands;
mod expansion;
mod left;
mod name;
mod next;
mod placed;
mod whole;
mod word;

use expansion::{redirection, substitution};
use left::{BEHIND, Left};
use next::next_command;

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, cut, rest, run};

const MARKS: Bytes = Bytes::of(b";|&`$\n\r<>(%-/\\{");

const STARTS: Bytes = Bytes::of(b";|&`$\n\r<>");

/// Finds a shell command that the value would run where it should be a word of a command line.
///
/// Costs time linear in the input: at each separator a bounded number of bytes is read on both sides.
#[must_use]
pub fn shell(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) {
        return None;
    }
    judge(Language::Shell, input, read)
}

fn read(text: &[u8]) -> Option<Hit> {
    whole::function_in_variable(text)
        .or_else(|| whole::fork_bomb(text))
        .or_else(|| whole::whole_command(text))
        .or_else(|| whole::option(text))
        .or_else(|| separated(text))
}

/// Whether `name` is a program or a command that is known here.
pub(crate) fn is_program(name: &[u8]) -> bool {
    commands::kind(name).is_some()
}

/// Whether `name` is a command that tells or does something by itself.
pub(crate) fn is_command(name: &[u8]) -> bool {
    matches!(commands::kind(name), Some(commands::Kind::Alone | commands::Kind::Short))
}

/// Every place at which a shell would start something.
fn separated(text: &[u8]) -> Option<Hit> {
    let mut index = 0;
    let mut line = 0;
    let mut ticks = 0usize;
    while let Some(offset) = rest(text, index).iter().position(|&byte| STARTS.has(byte)) {
        let place = index + offset;
        let byte = at(text, place);
        let left =
            Left::of(cut(text, line.max(place.saturating_sub(BEHIND))..place), line == 0 && place <= BEHIND);
        index = place + 1;
        let hit = match byte {
            b'$' if at(text, index) == b'(' && at(text, index + 1) != b'(' => {
                substitution(text, index + 1, b')', left)
            }
            b'`' => {
                index = run(text, place, |byte| byte == b'`');
                // Two and three of them fence code.
                let single = index == place + 1;
                ticks += usize::from(single);
                if single && ticks % 2 == 1 { substitution(text, index, b'`', left) } else { None }
            }
            b'<' | b'>' => {
                index = run(text, place, |byte| matches!(byte, b'<' | b'>' | b'&'));
                if at(text, index) == b'(' {
                    substitution(text, index + 1, b')', left)
                } else {
                    redirection(text, place, left)
                }
            }
            b'$' if at(text, index) == b'(' => expansion::arithmetic(text, place),
            b'$' => None,
            _ => {
                index = run(text, place, |byte| {
                    matches!(byte, b';' | b'|' | b'&' | b'\n' | b'\r' | b' ' | b'\t')
                });
                let between = cut(text, place..index);
                // A backslash before the line end joins the lines.
                let joined = at(text, place.wrapping_sub(1)) == b'\\';
                if !joined && (between.contains(&b'\n') || between.contains(&b'\r')) {
                    line = index;
                }
                next_command(text, place, index, left)
            }
        };
        if hit.is_some() {
            return hit;
        }
    }
    None
}

#[cfg(test)]
mod tests;
