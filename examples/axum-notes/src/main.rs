//! Serves the notes at `http://127.0.0.1:3000`, or at the address given.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use axum_notes::{Notes, app, engine, passing_keys, to_stderr};

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("axum-notes: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let app = app(engine(passing_keys()?)?, Arc::new(to_stderr), Notes::default());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("notes at http://{}", listener.local_addr()?);
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async {
            // Without a way to hear of Ctrl-C it is ended by force, as it would be anyway.
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    Ok(())
}
