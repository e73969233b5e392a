//! Fetches price lists from an address or a file.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use reqwest::{
    Client, ClientBuilder, Response, StatusCode, Url,
    header::{IF_MODIFIED_SINCE, LAST_MODIFIED},
};
use thiserror::Error;

use super::reading::NoPrices;
use crate::outgoing::{self, NoAnswer, TargetPolicy};

/// The largest list as it is transferred, which is compressed.
const LARGEST: u64 = 32 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The list is public, and requests contain no secret, so redirects are followed.
const REDIRECTS: usize = 5;

/// The address of a price list.
pub struct Source {
    place: Place,
    targets: TargetPolicy,
    /// The configured address, for comparison with the origin of the stored list.
    pub(super) url: String,
}

enum Place {
    Web { url: Url, client: OnceLock<Client> },
    File(PathBuf),
}

/// The address is invalid for a price list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the address of the price list is not an http, https or file URL")]
pub struct InvalidSource;

/// Why there is no new price list. No text contains an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoList {
    /// The server is unreachable, or the connection broke.
    #[error("its server cannot be reached: {0}")]
    Unreachable(&'static str),
    /// The list did not arrive in time.
    #[error("it did not arrive in time")]
    TimedOut,
    /// The server refused.
    #[error("its server refused with status {0}")]
    Refused(u16),
    /// The file is unreadable.
    #[error("the file cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    /// The list is too large.
    #[error("it is too large")]
    TooLarge,
    /// The response is not a price list.
    #[error(transparent)]
    NoPrices(#[from] NoPrices),
}

/// A list as it was transferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fetched {
    pub(super) bytes: Vec<u8>,
    /// When it was last modified, as reported by its server.
    pub(super) modified: Option<String>,
}

impl Source {
    /// A source with this address: `http`, `https`, or `file` with an absolute path.
    ///
    /// # Errors
    /// [`InvalidSource`].
    pub fn new(url: &Url, targets: TargetPolicy) -> Result<Self, InvalidSource> {
        let place = match url.scheme() {
            "http" | "https" => Place::Web { url: url.clone(), client: OnceLock::new() },
            "file" => Place::File(url.to_file_path().map_err(|()| InvalidSource)?),
            _ => return Err(InvalidSource),
        };
        Ok(Self { place, targets, url: url.to_string() })
    }

    /// The list, unless it was not modified since `modified`.
    pub(super) async fn fetch(&self, modified: Option<&str>) -> Result<Option<Fetched>, NoList> {
        match &self.place {
            Place::Web { url, client } => {
                self.targets.check(url).map_err(NoAnswer::from)?;
                let configured = |client| configured(self.targets.guard(client, REDIRECTS));
                fetch(outgoing::verifying_client_in(client, configured)?, url, modified).await
            }
            Place::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || read(&path)).await;
                let bytes = read.map_err(|_| NoList::Unreadable(io::ErrorKind::Interrupted))??;
                Ok(Some(Fetched { bytes, modified: None }))
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Source").finish_non_exhaustive()
    }
}

fn configured(client: ClientBuilder) -> ClientBuilder {
    client
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        // One request a day needs no connection in between.
        .pool_max_idle_per_host(0)
}

async fn fetch(client: &Client, url: &Url, modified: Option<&str>) -> Result<Option<Fetched>, NoList> {
    let mut request = client.get(url.clone());
    if let Some(modified) = modified {
        request = request.header(IF_MODIFIED_SINCE, modified);
    }
    let response = request.send().await?;
    match response.status() {
        StatusCode::OK => {
            let modified = response.headers().get(LAST_MODIFIED).and_then(|value| value.to_str().ok());
            let modified = modified.map(str::to_owned);
            Ok(Some(Fetched { bytes: body_of(response).await?, modified }))
        }
        StatusCode::NOT_MODIFIED if modified.is_some() => Ok(None),
        status => Err(NoList::Refused(status.as_u16())),
    }
}

async fn body_of(mut response: Response) -> Result<Vec<u8>, NoList> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > LARGEST {
            return Err(NoList::TooLarge);
        }
    }
    Ok(bytes)
}

fn read(path: &Path) -> Result<Vec<u8>, NoList> {
    let unreadable = |error: io::Error| NoList::Unreadable(error.kind());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST { Err(NoList::TooLarge) } else { Ok(bytes) }
}

impl From<reqwest::Error> for NoList {
    fn from(error: reqwest::Error) -> Self {
        NoAnswer::from(error).into()
    }
}

impl From<NoAnswer> for NoList {
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::Unreachable(reason) => Self::Unreachable(reason),
            NoAnswer::TimedOut => Self::TimedOut,
        }
    }
}
