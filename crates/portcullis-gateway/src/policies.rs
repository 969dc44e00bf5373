//! Policies in Cedar, which `access.cedar` names: read here, validated by `portcullis-cedar` where it is built in.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis::Policy;
use portcullis::layers::caller::access::Ruler;

/// Reads a file's text; the paths of the policy's routes come with it.
type Read = fn(&str, &str, &[String]) -> Result<Arc<dyn Ruler>, String>;

#[cfg(feature = "cedar")]
const READ: Option<Read> = Some(|file, text, routes| {
    let book = portcullis_cedar::load(file, text, routes).map_err(|error| error.to_string())?;
    Ok(Arc::new(book))
});
#[cfg(not(feature = "cedar"))]
const READ: Option<Read> = None;

/// Why policies cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    /// This program was built without them.
    #[error(
        "`access.cedar` names `{0}`, and this gateway was built without Cedar: build it with `--features cedar`, or take \
         the key out"
    )]
    NotBuiltIn(String),
    /// The file.
    #[error("the file `{}` that `access.cedar` names cannot be read: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// What stands in it, each fault with its line.
    #[error("the policies that `access.cedar` names do not hold:\n{0}")]
    Faults(String),
}

/// Loads what `access.cedar` names; a relative path starts at `folder`.
pub(crate) fn load(policy: &mut Policy, folder: &Path) -> Result<(), PoliciesError> {
    load_by(READ, policy, folder)
}

fn load_by(read: Option<Read>, policy: &mut Policy, folder: &Path) -> Result<(), PoliciesError> {
    let Some(file) = policy.policies_file().map(str::to_owned) else { return Ok(()) };
    let read = read.ok_or_else(|| PoliciesError::NotBuiltIn(file.clone()))?;
    let path = folder.join(&file);
    let text = std::fs::read_to_string(&path).map_err(|error| PoliciesError::File { path, error })?;
    let routes: Vec<String> = policy.routes().iter().map(|route| route.pattern.to_string()).collect();
    let ruler = read(&file, &text, &routes).map_err(PoliciesError::Faults)?;
    policy.rule_by(&ruler);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folder;

    fn policy() -> Policy {
        Policy::parse("p", "[identity]\n[access]\ncedar = \"who.cedar\"\n").unwrap().0
    }

    #[test]
    fn a_gateway_without_cedar_refuses_the_setting_and_says_how_to_get_it() {
        let error = load_by(None, &mut policy(), Path::new("")).unwrap_err().to_string();
        assert!(error.contains("`who.cedar`") && error.contains("--features cedar"), "{error}");
        assert!(load_by(None, &mut Policy::default(), Path::new("")).is_ok());
    }

    #[test]
    fn a_file_that_is_not_there_is_told_with_its_key() {
        let read: Read = |_, _, _| Err("not asked".to_owned());
        let error = load_by(Some(read), &mut policy(), Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("`/nowhere/who.cedar`") && error.contains("`access.cedar`"), "{error}");
    }

    #[cfg(feature = "cedar")]
    #[test]
    fn policies_that_do_not_hold_are_told_by_file_and_line() {
        let folder = folder("policies");
        std::fs::write(
            folder.join("who.cedar"),
            "permit (principal, action, resource)\nwhen { principal.age > 3 };\n",
        )
        .unwrap();
        let error = load(&mut policy(), &folder).unwrap_err().to_string();
        assert!(error.contains("who.cedar:2: ") && error.contains("age"), "{error}");
        std::fs::write(folder.join("who.cedar"), "permit (principal, action, resource);\n").unwrap();
        let mut policy = policy();
        load(&mut policy, &folder).unwrap();
        assert!(policy.site().access.cedar.as_ref().is_some_and(|policies| policies.ruler.is_some()));
    }
}
