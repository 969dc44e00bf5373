//! Operators: what `@` names, one file a name or a small family.
//!
//! An operator is built once from its argument, which fails with the reason if the argument is wrong, and then
//! asked about many inputs. All take time linear in the input. The semantic detectors (`@detectSQLi`,
//! `@detectXSS` and their kin) are not here: they are parsers of their own, in `portcullis-detectors`.

mod geo_lookup;
mod ip_match;
mod number;
mod pm;
mod refused;
mod rx;
mod text;
mod validate_byte_range;
mod validate_encoding;
mod validate_schema;
mod verify;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use geo_lookup::{GeoDatabase, GeoRecord};
pub use ip_match::IpMatch;
pub use number::{Comparison, Number};
pub use pm::Pm;
pub use refused::refusal;
pub use rx::Rx;
pub use text::{Text, TextTest};
pub use validate_byte_range::ValidateByteRange;
pub use validate_schema::ValidateSchema;
pub use verify::{Verify, VerifyNumber};

/// Reads a file that an argument names, as its bytes; the error says why not.
pub type Files<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// An operator with its argument.
#[derive(Debug, Clone)]
pub enum Operator {
    /// `@beginsWith`, `@contains`, `@containsWord`, `@endsWith`, `@streq`, `@strmatch`, `@within`
    Text(Text),
    /// `@eq`, `@ge`, `@gt`, `@le`, `@lt`
    Number(Number),
    /// `@ipMatch`, `@ipMatchFromFile`
    IpMatch(IpMatch),
    /// `@pm`, `@pmFromFile`
    Pm(Pm),
    /// `@rx`
    Rx(Rx),
    /// `@rxGlobal`: as `@rx`, and captures from every match.
    RxGlobal(Rx),
    /// `@validateByteRange`
    ValidateByteRange(ValidateByteRange),
    /// `@validateUrlEncoding`: matches a `%` that is not followed by two hexadecimal digits.
    ValidateUrlEncoding,
    /// `@validateUtf8Encoding`: matches what is not UTF-8 (RFC 3629).
    ValidateUtf8Encoding,
    /// `@validateSchema` with a JSON Schema: matches what does not fit it.
    ValidateSchema(ValidateSchema),
    /// `@verifyCC`, `@verifyCPF`, `@verifySSN`, `@verifySVNR`
    Verify(Verify),
    /// `@geoLookup`: matches an address that the database knows. [`GeoDatabase::lookup`] tells the rest.
    GeoLookup,
    /// `@noMatch`
    NoMatch,
    /// `@unconditionalMatch`
    UnconditionalMatch,
}

/// Which parts of the input `capture` keeps, for `TX:0` to `TX:9`: the whole match, then its groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    ranges: Vec<Option<Range<usize>>>,
}

impl Found {
    /// As many as there are `TX` variables for them.
    pub const MOST: usize = 10;

    /// The ranges found, in order; `None` for a group that took no part in the match.
    pub fn ranges(&self) -> impl Iterator<Item = Option<Range<usize>>> {
        self.ranges.iter().cloned()
    }

    /// The bytes of each range of `input`.
    pub fn texts<'a>(&self, input: &'a [u8]) -> impl Iterator<Item = Option<&'a [u8]>> {
        self.ranges.iter().map(move |range| range.clone().and_then(|range| input.get(range)))
    }

    /// Forgets all, to be used anew.
    pub fn clear(&mut self) {
        self.ranges.clear();
    }

    fn push(&mut self, range: Option<Range<usize>>) {
        if self.ranges.len() < Self::MOST {
            self.ranges.push(range);
        }
    }
}

impl Operator {
    /// The operator of that name (in any case) with that argument.
    ///
    /// An argument with macros (`%{…}`) is taken as it is by the operators that [take them](Self::takes_macros).
    ///
    /// # Errors
    /// Says why there is no such operator, or what is wrong with the argument or with a file that it names.
    pub fn parse(name: &str, argument: &str, files: Files<'_>) -> Result<Self, String> {
        let lower = name.to_ascii_lowercase();
        if let Some(test) = TextTest::parse(&lower) {
            return Ok(Self::Text(Text::new(test, argument)));
        }
        if let Some(comparison) = Comparison::parse(&lower) {
            return Number::parse(comparison, argument).map(Self::Number);
        }
        if let Some(number) = VerifyNumber::parse(&lower) {
            return Verify::parse(number, argument).map(Self::Verify);
        }
        match lower.as_str() {
            "ipmatch" => IpMatch::parse(argument).map(Self::IpMatch),
            "ipmatchfromfile" | "ipmatchf" => IpMatch::from_files(argument, files).map(Self::IpMatch),
            "pm" => Pm::parse(argument).map(Self::Pm),
            "pmfromfile" | "pmf" => Pm::from_files(argument, files).map(Self::Pm),
            "rx" => Rx::parse(argument).map(Self::Rx),
            "rxglobal" => Rx::parse(argument).map(Self::RxGlobal),
            "validatebyterange" => ValidateByteRange::parse(argument).map(Self::ValidateByteRange),
            "validateurlencoding" => Ok(Self::ValidateUrlEncoding),
            "validateutf8encoding" => Ok(Self::ValidateUtf8Encoding),
            "validateschema" => ValidateSchema::from_file(argument, files).map(Self::ValidateSchema),
            "geolookup" => Ok(Self::GeoLookup),
            "nomatch" => Ok(Self::NoMatch),
            "unconditionalmatch" => Ok(Self::UnconditionalMatch),
            _ => Err(refusal(&lower).map_or_else(
                || format!("there is no operator `@{name}`"),
                |reason| format!("`@{name}` is not supported: {reason}"),
            )),
        }
    }

    /// Whether macros in its argument are expanded when the rule runs; in other operators `%{` is plain text.
    #[must_use]
    pub fn takes_macros(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Number(_))
    }

    /// Whether `input` matches. `argument` takes the place of the operator's own where macros made another
    /// one; operators that take no macros pass over it. What is found goes into `found`, if that is wanted.
    #[must_use]
    pub fn matches(&self, input: &[u8], argument: Option<&[u8]>, found: Option<&mut Found>) -> bool {
        match self {
            Self::Text(text) => match argument {
                Some(argument) => text.test().holds(input, argument),
                None => text.matches(input),
            },
            Self::Number(number) => match argument {
                Some(argument) => number.comparison().holds(number::value(input), number::value(argument)),
                None => number.matches(input),
            },
            Self::IpMatch(list) => list.matches(input),
            Self::Pm(phrases) => phrases.matches(input, found),
            Self::Rx(expression) => expression.matches(input, found),
            Self::RxGlobal(expression) => expression.matches_all(input, found),
            Self::ValidateByteRange(range) => range.matches(input),
            Self::ValidateUrlEncoding => validate_encoding::is_bad_url_encoding(input),
            Self::ValidateUtf8Encoding => std::str::from_utf8(input).is_err(),
            Self::ValidateSchema(schema) => schema.matches(input),
            Self::Verify(verify) => verify.matches(input, found),
            // Without a database no address is known.
            Self::GeoLookup | Self::NoMatch => false,
            Self::UnconditionalMatch => true,
        }
    }
}
