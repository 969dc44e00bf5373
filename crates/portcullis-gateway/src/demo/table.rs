//! The table: side by side, aligned, in colour where somebody looks at it.

use std::fmt::Write;
use std::io::IsTerminal;

use super::report::{Played, Report, Used};

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Columns of the terminal.
    pub(super) width: usize,
    /// Whether to send colours.
    pub(super) colour: bool,
}

#[derive(Clone, Copy)]
enum Ink {
    Plain,
    Bold,
    Faint,
    Good,
    Bad,
}

impl Style {
    /// Fit for standard output: colours on a terminal unless `NO_COLOR` is set (no-color.org), 80
    /// columns unless `COLUMNS` says more.
    pub(super) fn of_output() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        Self {
            width: columns.unwrap_or(80_usize).clamp(80, 132),
            colour: wanted && std::io::stdout().is_terminal(),
        }
    }

    fn paint(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Plain => return text.to_owned(),
            Ink::Bold => "1",
            Ink::Faint => "2",
            Ink::Good => "32",
            Ink::Bad => "31",
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// The whole table.
pub(super) fn draw(report: &Report, style: Style) -> String {
    let mut out = String::new();
    // The id has 16 characters; three gaps of two.
    let rest = style.width - 16 - 6;
    let (name, bare) = (rest * 29 / 100, rest * 30 / 100);
    let columns = [name, bare, rest - name - bare, 16];

    let head = ["attack", "the bare app", "the gate", "refusal id"];
    row(&mut out, style, &columns, &head.map(|title| (Ink::Bold, title.to_owned())));
    rule(&mut out, style);
    for Played { attack, bare, gate } in &report.attacks {
        let ids = match gate.refusals.as_slice() {
            [] => "—".to_owned(),
            [id] => id.clone(),
            [id, more @ ..] => format!("{id} and {} more", more.len()),
        };
        let cells = [
            (Ink::Bold, attack.name.to_owned()),
            (if bare.succeeded() { Ink::Bad } else { Ink::Plain }, bare.told()),
            (if gate.failed() { Ink::Good } else { Ink::Bad }, gate.told()),
            (Ink::Plain, ids),
        ];
        row(&mut out, style, &columns, &cells);
        for line in wrapped(attack.shows, style.width - 2) {
            let _ = writeln!(out, "  {}", style.paint(Ink::Faint, &line));
        }
    }

    out.push('\n');
    let columns = [name + 14, bare, rest - name - bare + 4];
    let head = ["ordinary use", "the bare app", "the gate"];
    row(&mut out, style, &columns, &head.map(|title| (Ink::Bold, title.to_owned())));
    rule(&mut out, style);
    for Used { usage, bare, gate } in &report.uses {
        let cell = |trouble: &Option<String>| match trouble {
            None => (Ink::Good, "works".to_owned()),
            Some(trouble) => (Ink::Bad, trouble.clone()),
        };
        row(&mut out, style, &columns, &[(Ink::Plain, usage.name.to_owned()), cell(bare), cell(gate)]);
    }

    out.push('\n');
    let count = |right: usize, of: usize| {
        style.paint(if right == of { Ink::Good } else { Ink::Bad }, &format!("{right} of {of}"))
    };
    let attacks = report.attacks.len();
    let succeeded = report.attacks.iter().filter(|played| played.bare.succeeded()).count();
    let failed = report.attacks.iter().filter(|played| played.gate.failed()).count();
    let works = report.uses.iter().filter(|used| used.bare.is_none() && used.gate.is_none()).count();
    let _ = writeln!(out, "attacks that succeed on the bare app: {}", count(succeeded, attacks));
    let _ = writeln!(out, "attacks that fail at the gate:        {}", count(failed, attacks));
    let _ = writeln!(out, "ordinary uses that work at both:      {}", count(works, report.uses.len()));
    for problem in report.problems() {
        let _ = writeln!(out, "{} {problem}", style.paint(Ink::Bad, "✗"));
    }
    out
}

fn rule(out: &mut String, style: Style) {
    let _ = writeln!(out, "{}", style.paint(Ink::Faint, &"─".repeat(style.width)));
}

/// One row, as many lines high as its highest cell.
fn row(out: &mut String, style: Style, columns: &[usize], cells: &[(Ink, String)]) {
    let cells: Vec<(Ink, usize, Vec<String>)> =
        cells.iter().zip(columns).map(|((ink, text), width)| (*ink, *width, wrapped(text, *width))).collect();
    let height = cells.iter().map(|(_, _, lines)| lines.len()).max().unwrap_or(0);
    for index in 0..height {
        let mut line = String::new();
        let mut gap = 0;
        for (ink, width, lines) in &cells {
            let text = lines.get(index).map_or("", String::as_str);
            if !text.is_empty() {
                line.push_str(&" ".repeat(gap));
                gap = 0;
                line.push_str(&style.paint(*ink, text));
            }
            gap += width.saturating_sub(text.chars().count()) + 2;
        }
        let _ = writeln!(out, "{line}");
    }
}

/// Text in lines of at most `width` characters, broken between words where one fits, else after the parts
/// of a code such as `csrf.missing_token`.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let whole = word.chars().count();
        let parts = if whole > width { word.split_inclusive(['.', '_']).collect() } else { vec![word] };
        for (index, part) in parts.into_iter().enumerate() {
            let space = usize::from(index == 0 && length > 0);
            let part_length = part.chars().count();
            if length > 0 && length + space + part_length > width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            } else if space > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(part);
            length += part_length;
        }
    }
    lines.push(line);
    lines
}
