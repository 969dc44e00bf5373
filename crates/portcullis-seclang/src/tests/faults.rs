//! What is wrong with rules is told with its place.

use crate::{MemoryFiles, RuleSet, Source};

fn fault(rules: &str) -> String {
    RuleSet::load(&[Source::text("rules.conf", rules)], &MemoryFiles::new()).expect_err("a fault").to_string()
}

#[test]
fn every_fault_names_file_line_and_column() {
    let rules = "SecRule ARGS \"@rx (\" \"id:1\"\n# comment\nSecRule NO_SUCH \"@rx a\" \"id:2\"\nSecRule ARGS \"@rx a\" \\\n    \"id:3,\\\n    t:nothing\"\nSecNothing On\n";
    let told = fault(rules);
    assert!(told.contains("rules.conf:3:9: there is no variable `NO_SUCH`"), "{told}");
    assert!(told.contains("rules.conf:6:5: there is no transformation `nothing`"), "{told}");
    assert!(told.contains("rules.conf:7:1: there is no directive `SecNothing`"), "{told}");
}

#[test]
fn a_chain_that_nothing_follows_is_a_fault() {
    let told = fault("SecRule ARGS \"@rx a\" \"id:1,chain\"\nSecMarker END\n");
    assert!(told.contains("rules.conf:1:1: the rule ends with `chain`"), "{told}");
}

#[test]
fn a_jump_to_nowhere_is_a_fault() {
    let told = fault("SecMarker BEFORE\nSecAction \"id:1,pass,skipAfter:BEFORE\"\n");
    assert!(told.contains("no `SecMarker BEFORE`"), "{told}");
}

#[test]
fn an_id_is_taken_once() {
    let told = fault("SecAction \"id:1,pass\"\nSecAction \"id:1,pass\"\n");
    assert!(told.contains("rules.conf:2:1: rule id 1 is taken by the rule at rules.conf:1:1"), "{told}");
}

#[test]
fn what_is_refused_says_why() {
    let told = fault("SecAction \"id:1,exec:/bin/true\"\nSecRuleScript a.lua\n");
    assert!(told.contains("`exec` is not supported: rules start no programs"), "{told}");
    assert!(told.contains("`SecRuleScript` is not supported: rules run no scripts"), "{told}");
}
