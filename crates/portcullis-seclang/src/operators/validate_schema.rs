//! `@validateSchema` with a JSON Schema: matches what does not fit it, as the reference does with XML.

use std::sync::Arc;

use jsonschema::Validator;

use super::Files;

/// A schema, compiled.
#[derive(Debug, Clone)]
pub struct ValidateSchema {
    schema: Arc<Validator>,
}

impl ValidateSchema {
    /// The schema in the file of that name.
    ///
    /// # Errors
    /// Says why the file cannot be read or is not a schema. Schemas of XML are refused.
    pub fn from_file(name: &str, files: Files<'_>) -> Result<Self, String> {
        let name = name.trim();
        if name.to_ascii_lowercase().ends_with(".xsd") {
            return Err(format!("`{name}`: schemas of XML are not supported, those of JSON are"));
        }
        let bytes = files(name)?;
        let schema =
            serde_json::from_slice(&bytes).map_err(|error| format!("`{name}` is not JSON: {error}"))?;
        let schema = jsonschema::validator_for(&schema)
            .map_err(|error| format!("`{name}` is not a JSON Schema: {error}"))?;
        Ok(Self { schema: Arc::new(schema) })
    }

    /// Whether `input` is not JSON that fits the schema.
    #[must_use]
    pub fn matches(&self, input: &[u8]) -> bool {
        serde_json::from_slice(input).map_or(true, |value| !self.schema.is_valid(&value))
    }
}
