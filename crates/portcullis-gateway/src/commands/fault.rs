//! Faults of a policy, shown where they stand.

use std::fmt::Write as _;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use portcullis::PolicyError;
use portcullis::policy::PolicyFault;

#[derive(Debug)]
struct Shown<'a> {
    fault: &'a PolicyFault,
    source: NamedSource<String>,
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.fault.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        (!self.fault.help.is_empty()).then(|| Box::new(&self.fault.help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.fault.span.as_ref().map(|_| &self.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.fault.span.clone()?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".to_owned()), span))))
    }
}

/// Every fault, with the line it stands in and how to mend it.
pub(super) fn render(error: &PolicyError, colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
    let mut text = String::new();
    for fault in &error.faults {
        let shown = Shown { fault, source: NamedSource::new(&error.file, error.text.clone()) };
        if handler.render_report(&mut text, &shown).is_err() {
            let _ = writeln!(text, "{}: {}", error.file, fault.message);
        }
    }
    let count = error.faults.len();
    let what = if count == 1 { "fault" } else { "faults" };
    let _ = writeln!(text, "{count} {what} in {}", error.file);
    text
}

#[cfg(test)]
mod tests {
    use portcullis::Policy;

    use super::*;

    #[test]
    fn a_fault_is_shown_in_its_line_with_its_help() {
        let text = "upstream = \"http://127.0.0.1:5000\"\n\n[listen]\nhttps = \"8443\"\n";
        let Err(error) = Policy::parse("portcullis.toml", text) else { panic!("accepted") };
        let shown = render(&error, false);
        assert!(shown.contains("portcullis.toml:4:9"), "{shown}");
        assert!(shown.contains("`8443` is not an address to listen on"), "{shown}");
        assert!(shown.contains("help: write an IP address and a port"), "{shown}");
        assert!(shown.contains("1 fault in portcullis.toml"), "{shown}");
    }
}
