//! Fetches price lists from an address or a file.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use headcount_outbound::{ConnectionFailure, TargetPolicy};
use headcount_platform::joined::joined;
use headcount_topology::prices::InvalidPriceList;
use reqwest::{
    Client, ClientBuilder, Response, StatusCode, Url,
    header::{IF_MODIFIED_SINCE, LAST_MODIFIED},
};
use thiserror::Error;

/// The largest list as it is transferred, which is compressed.
const LARGEST: u64 = 32 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The list is public, and requests contain no secret, so redirects are followed.
const REDIRECTS: usize = 5;

/// The address of a price list.
pub struct PriceSource {
    place: PriceLocation,
    targets: TargetPolicy,
    /// The configured address, for comparison with the origin of the stored list.
    pub(super) url: String,
}

enum PriceLocation {
    Web { url: Url, client: OnceLock<Client> },
    File(PathBuf),
}

/// The address is invalid for a price list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the address of the price list is not an http, https or file URL")]
pub struct InvalidPriceSource;

/// Why there is no new price list. No text contains an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PriceFetchError {
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
    NoPrices(#[from] InvalidPriceList),
}

/// A list as it was transferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FetchedPriceList {
    pub(super) bytes: Vec<u8>,
    /// When it was last modified, as reported by its server.
    pub(super) modified: Option<String>,
}

impl PriceSource {
    /// A source with this address: `http`, `https`, or `file` with an absolute path.
    ///
    /// # Errors
    /// [`InvalidPriceSource`].
    pub fn new(url: &Url, targets: TargetPolicy) -> Result<Self, InvalidPriceSource> {
        let place = match url.scheme() {
            "http" | "https" => PriceLocation::Web { url: url.clone(), client: OnceLock::new() },
            "file" => PriceLocation::File(url.to_file_path().map_err(|()| InvalidPriceSource)?),
            _ => return Err(InvalidPriceSource),
        };
        Ok(Self { place, targets, url: url.to_string() })
    }

    /// The list, unless it was not modified since `modified`.
    pub(super) async fn fetch(
        &self,
        modified: Option<&str>,
    ) -> Result<Option<FetchedPriceList>, PriceFetchError> {
        match &self.place {
            PriceLocation::Web { url, client } => {
                self.targets.check(url).map_err(ConnectionFailure::from)?;
                let configured = |client| configured(self.targets.guard(client, REDIRECTS));
                fetch(headcount_outbound::verifying_client_in(client, configured)?, url, modified).await
            }
            PriceLocation::File(path) => {
                let path = path.clone();
                let read = joined(tokio::task::spawn_blocking(move || read(&path))).await;
                let bytes = read.map_err(|_| PriceFetchError::Unreadable(io::ErrorKind::Interrupted))??;
                Ok(Some(FetchedPriceList { bytes, modified: None }))
            }
        }
    }
}

impl fmt::Debug for PriceSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PriceSource").finish_non_exhaustive()
    }
}

fn configured(client: ClientBuilder) -> ClientBuilder {
    client
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        // One request a day needs no connection in between.
        .pool_max_idle_per_host(0)
}

async fn fetch(
    client: &Client,
    url: &Url,
    modified: Option<&str>,
) -> Result<Option<FetchedPriceList>, PriceFetchError> {
    let mut request = client.get(url.clone());
    if let Some(modified) = modified {
        request = request.header(IF_MODIFIED_SINCE, modified);
    }
    let response = request.send().await?;
    match response.status() {
        StatusCode::OK => {
            let modified = response.headers().get(LAST_MODIFIED).and_then(|value| value.to_str().ok());
            let modified = modified.map(str::to_owned);
            Ok(Some(FetchedPriceList { bytes: body_of(response).await?, modified }))
        }
        StatusCode::NOT_MODIFIED if modified.is_some() => Ok(None),
        status => Err(PriceFetchError::Refused(status.as_u16())),
    }
}

async fn body_of(mut response: Response) -> Result<Vec<u8>, PriceFetchError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > LARGEST {
            return Err(PriceFetchError::TooLarge);
        }
    }
    Ok(bytes)
}

fn read(path: &Path) -> Result<Vec<u8>, PriceFetchError> {
    let unreadable = |error: io::Error| PriceFetchError::Unreadable(error.kind());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST { Err(PriceFetchError::TooLarge) } else { Ok(bytes) }
}

impl From<reqwest::Error> for PriceFetchError {
    fn from(error: reqwest::Error) -> Self {
        ConnectionFailure::from(error).into()
    }
}

impl From<ConnectionFailure> for PriceFetchError {
    fn from(no_answer: ConnectionFailure) -> Self {
        match no_answer {
            ConnectionFailure::Unreachable(reason) => Self::Unreachable(reason),
            ConnectionFailure::TimedOut => Self::TimedOut,
        }
    }
}
