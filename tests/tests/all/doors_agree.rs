//! Every case at every door.

use portcullis_tests::case::{self, Case};
use portcullis_tests::doors;
use portcullis_tests::outcome::Outcome;

/// Told all at once: a first failure must not hide the others.
fn judge(door: &str, outcomes: Vec<(Case, String, Outcome)>) {
    assert!(outcomes.len() > 100, "only {} cases were found", outcomes.len());
    let mut report = String::new();
    let mut failed = 0_usize;
    for (case, file, outcome) in &outcomes {
        let differences = outcome.differences(case);
        if !differences.is_empty() {
            failed += 1;
            report.push_str(&format!("\n{file}: {}\n  {}\n", case.name, differences.join("\n  ")));
        }
    }
    assert!(failed == 0, "{failed} of {} cases at the door `{door}`:\n{report}", outcomes.len());
}

fn cases() -> Vec<(Case, String)> {
    case::all()
        .into_iter()
        .map(|(path, case)| {
            (case, path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()))
        })
        .collect()
}

#[test]
fn the_engine_gives_every_case_its_verdict() {
    let outcomes = cases().into_iter().map(|(case, file)| {
        let outcome = doors::engine::run(&case);
        (case, file, outcome)
    });
    judge("engine", outcomes.collect());
}

#[tokio::test]
async fn the_tower_layer_gives_every_case_its_verdict() {
    let mut outcomes = Vec::new();
    for (case, file) in cases() {
        let outcome = doors::tower::run(&case).await;
        outcomes.push((case, file, outcome));
    }
    judge("tower", outcomes);
}

#[tokio::test]
async fn the_gateway_gives_every_case_its_verdict_over_a_real_socket() {
    let mut outcomes = Vec::new();
    for (case, file) in cases() {
        let outcome = match doors::gateway::run(&case).await {
            Ok(outcome) => outcome,
            Err(error) => panic!("{file}: {}: {error}", case.name),
        };
        outcomes.push((case, file, outcome));
    }
    judge("gateway", outcomes);
}

#[tokio::test]
async fn no_door_disagrees_with_another() {
    let mut report = String::new();
    for (case, file) in cases() {
        let engine = doors::engine::run(&case);
        let tower = doors::tower::run(&case).await;
        let gateway = doors::gateway::run(&case).await.unwrap();
        let verdict = |outcome: &Outcome| {
            let app =
                outcome.app.as_ref().map(|app| (app.method.clone(), app.target.clone(), app.body.clone()));
            (outcome.refused.clone(), outcome.status, app)
        };
        let (engine, tower, gateway) = (verdict(&engine), verdict(&tower), verdict(&gateway));
        if engine != tower || engine != gateway {
            report.push_str(&format!(
                "\n{file}: {}\n  engine  {engine:?}\n  tower   {tower:?}\n  gateway {gateway:?}\n",
                case.name
            ));
        }
    }
    assert!(report.is_empty(), "{report}");
}
