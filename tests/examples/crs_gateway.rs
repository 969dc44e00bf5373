//! `cargo run -p portcullis-tests --example crs_gateway [EXPRESSION]`: go-ftw with the CRS regression tests whose ids
//! match, against the gate as a program.

use portcullis_tests::crs::{Crs, gateway};

#[tokio::main]
async fn main() -> Result<(), gateway::Broken> {
    let include = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let account = gateway::run(&Crs::find(), &include, "example").await?;
    println!(
        "{}\n{} passed, {} failed",
        account.failed.join(" "),
        account.success.len(),
        account.failed.len()
    );
    Ok(())
}
