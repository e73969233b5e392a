//! Serves the baseline for `POST /stats`: a handler that reads the same body, parses it into the same type
//! and answers 204.

use axum::{Router, body::Bytes, http::StatusCode, routing::post, serve::ListenerExt};
use headcount_shared::event::BrowserEvent;
use tokio::net::TcpListener;

/// The argument that makes this program the baseline server.
pub(crate) const ARGUMENT: &str = "baseline";

/// Serves until it is killed, on the same runtime as the program. Logs its address as the program does.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("serving on http://{}/", listener.local_addr()?);
        // As the program does: otherwise answers wait for each other.
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap_or_default());
        axum::serve(listener, Router::new().route("/stats", post(accept))).await?;
        Ok(())
    })
}

async fn accept(body: Bytes) -> StatusCode {
    match BrowserEvent::parse(&body) {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::BAD_REQUEST,
    }
}
