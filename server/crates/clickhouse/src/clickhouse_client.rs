//! Asks the nodes of ClickHouse over HTTP.
//!
//! A node that is away is passed over. Every statement gets the settings of the [`DurabilityPlan`], and none
//! gets a name: the server makes one up. An answer is sent by the server only when it is complete, so that an
//! error is one in the status and not in the middle of rows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use headcount_outbound::{client_builder, tls_config, tls_config_trusting};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{HeaderMap, HeaderName},
    redirect,
};
use tokio::time::{sleep, timeout};

use crate::{
    clickhouse_address::ClickHouseAddress,
    clickhouse_error::ClickHouseError,
    durability_plan::{DurabilityPlan, ServerSetting},
    exception_text::exception_code,
    row_binary::{DecodeRow, RowBatch},
    row_stream::{PendingRows, RowStream},
};

/// The headers of credentials.
const USER_HEADER: HeaderName = HeaderName::from_static("x-clickhouse-user");
const PASSWORD_HEADER: HeaderName = HeaderName::from_static("x-clickhouse-key");

/// The header with the code of an error. Older servers have it in the text only.
const CODE_HEADER: &str = "X-ClickHouse-Exception-Code";

/// Until an answer is complete, the server keeps it in memory up to this size, and then on its disk.
const SERVER_BUFFER: &str = "1048576";

/// How much of the text of an error is read.
const ERROR_BYTES: usize = 4096;

/// How long an idle connection is kept. Servers close it after three seconds.
const IDLE: Duration = Duration::from_secs(2);

/// The first and the longest pause between two attempts of an insert that has to wait for another one. Each is
/// cut at random and twice as long as the one before, because inserts that collide undo each other's work.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(1600);

/// The bounds on a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// The longest wait for a connection to a node.
    pub connect: Duration,
    /// The longest wait for an insert, over all nodes and attempts.
    pub insert: Duration,
    /// The longest wait for the answer of a node, and for the next bytes of a [`RowStream`].
    pub answer: Duration,
    /// The most bytes of an answer that is returned whole.
    pub answer_bytes: usize,
    /// The most bytes of a row of a [`RowStream`].
    pub row_bytes: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            insert: Duration::from_secs(20),
            answer: Duration::from_secs(60),
            answer_bytes: 64 << 20,
            row_bytes: 16 << 20,
        }
    }
}

/// A client of all nodes of an address. Clones share their connections.
#[derive(Debug, Clone)]
pub struct ClickHouseClient {
    http: Client,
    nodes: Arc<[Url]>,
    /// The node that has answered last, which is asked first.
    preferred: Arc<AtomicUsize>,
    database: Arc<str>,
    limits: RequestLimits,
    read_settings: Vec<ServerSetting>,
    insert_settings: Vec<ServerSetting>,
}

/// A request, without its node.
struct StatementRequest<'a> {
    /// The statement, if the body is data.
    query: Option<&'a str>,
    settings: &'a [ServerSetting],
    body: Bytes,
}

impl ClickHouseClient {
    /// A client that gives statements no settings. Nothing is connected to yet; the node that is asked first
    /// is chosen at random.
    ///
    /// # Errors
    /// The file of certificates of the address cannot be used, or this machine cannot make TLS connections.
    pub fn new(address: &ClickHouseAddress, limits: RequestLimits) -> Result<Self, ClickHouseError> {
        let preferred = rand::random_range(0..address.nodes.len().max(1));
        Ok(Self {
            http: http_client(address, &limits)?,
            nodes: address.nodes.clone().into(),
            preferred: Arc::new(AtomicUsize::new(preferred)),
            database: address.database.as_str().into(),
            limits,
            read_settings: Vec::new(),
            insert_settings: Vec::new(),
        })
    }

    /// The same client, which gives statements the settings of a plan.
    #[must_use]
    pub fn with_plan(self, plan: &DurabilityPlan) -> Self {
        let (read_settings, insert_settings) = (plan.read_settings.clone(), plan.insert_settings.clone());
        Self { read_settings, insert_settings, ..self }
    }

    /// A client for each node, which asks no other one.
    #[must_use]
    pub fn clients_of_nodes(&self) -> Vec<Self> {
        let of_node =
            |node: &Url| Self { nodes: [node.clone()].into(), preferred: Arc::default(), ..self.clone() };
        self.nodes.iter().map(of_node).collect()
    }

    /// Runs a statement that returns no rows: one that defines something, or changes data.
    ///
    /// # Errors
    /// See [`ClickHouseError`].
    pub async fn execute(&self, statement: &str) -> Result<(), ClickHouseError> {
        let body = Bytes::copy_from_slice(statement.as_bytes());
        let request = StatementRequest { query: None, settings: &self.read_settings, body };
        bytes_of(self.response_of(&request).await?, self.limits.answer_bytes).await.map(drop)
    }

    /// Inserts rows into columns of a table, in the order of the columns. No rows are no statement.
    ///
    /// When this returns `Ok`, the rows are as durable as the [`DurabilityPlan`] says. After every error they
    /// may be there or not, and may come to be there later: the table has to be one in which a row may be
    /// inserted again. Where several inserts wait for replicas, this waits for its turn.
    ///
    /// # Errors
    /// See [`ClickHouseError`].
    pub async fn insert(
        &self,
        table: &'static str,
        columns: &[&'static str],
        rows: RowBatch,
    ) -> Result<(), ClickHouseError> {
        if rows.is_empty() {
            return Ok(());
        }
        let query = format!("INSERT INTO {table} ({}) FORMAT RowBinary", columns.join(", "));
        let request = StatementRequest {
            query: Some(&query),
            settings: &self.insert_settings,
            body: rows.into_bytes(),
        };
        let mut last = ClickHouseError::TimedOut;
        let inserted = timeout(self.limits.insert, async {
            let mut pause = FIRST_PAUSE;
            loop {
                match self.inserted_once(&request).await {
                    Err(busy) if busy.is_quorum_busy() => last = busy,
                    other => return other,
                }
                sleep(pause.mul_f64(rand::random_range(0.1..1.0))).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
        });
        match inserted.await {
            Ok(inserted) => inserted,
            Err(_) => Err(last),
        }
    }

    async fn inserted_once(&self, request: &StatementRequest<'_>) -> Result<(), ClickHouseError> {
        bytes_of(self.response_of(request).await?, self.limits.answer_bytes).await.map(drop)
    }

    /// The rows that a `SELECT` without a format returns.
    ///
    /// # Errors
    /// See [`ClickHouseError`]; [`ClickHouseError::TooLarge`] for more than [`RequestLimits::answer_bytes`].
    pub async fn query<R: DecodeRow>(&self, select: &str) -> Result<Vec<R>, ClickHouseError> {
        self.all_rows(self.response_to_select(select, &self.read_settings).await?).await
    }

    /// The rows that a `SELECT` without a format returns, one after the other: for answers of any size.
    ///
    /// # Errors
    /// See [`ClickHouseError`].
    pub async fn query_stream<R: DecodeRow>(&self, select: &str) -> Result<RowStream<R>, ClickHouseError> {
        Ok(RowStream::new(self.response_to_select(select, &self.read_settings).await?, self.limits.row_bytes))
    }

    /// The rows of a `SELECT` that gets the settings of inserts, to look at these.
    pub(crate) async fn query_as_insert<R: DecodeRow>(
        &self,
        select: &str,
    ) -> Result<Vec<R>, ClickHouseError> {
        self.all_rows(self.response_to_select(select, &self.insert_settings).await?).await
    }

    async fn all_rows<R: DecodeRow>(&self, response: Response) -> Result<Vec<R>, ClickHouseError> {
        let limit = self.limits.answer_bytes;
        let bytes = bytes_of(response, limit).await?;
        let mut pending = PendingRows::new(limit);
        pending.append(&bytes);
        let mut rows = Vec::new();
        while let Some(row) = pending.next_row()? {
            rows.push(row);
        }
        pending.finish().map(|()| rows)
    }

    async fn response_to_select(
        &self,
        select: &str,
        settings: &[ServerSetting],
    ) -> Result<Response, ClickHouseError> {
        let body = format!("{select}\nFORMAT RowBinary").into();
        self.response_of(&StatementRequest { query: None, settings, body }).await
    }

    /// Asks the nodes, beginning with the one that has answered last, until one is not away.
    async fn response_of(&self, request: &StatementRequest<'_>) -> Result<Response, ClickHouseError> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut failure = ClickHouseError::Unreachable("the address has no nodes");
        for (place, node) in in_turn(&self.nodes, first) {
            match self.response_of_node(node, request).await {
                Ok(response) => {
                    self.preferred.store(place, Ordering::Relaxed);
                    return Ok(response);
                }
                Err(error) if error.is_of_one_node() => failure = error,
                Err(error) => return Err(error),
            }
        }
        Err(failure)
    }

    fn url_of_request(&self, node: &Url, request: &StatementRequest<'_>) -> Url {
        let mut url = node.clone();
        let mut parameters = url.query_pairs_mut();
        parameters.append_pair("database", &self.database);
        parameters.append_pair("wait_end_of_query", "1").append_pair("buffer_size", SERVER_BUFFER);
        parameters.extend_pairs(request.query.map(|query| ("query", query)));
        parameters.extend_pairs(request.settings.iter().map(|setting| (setting.name, setting.value)));
        drop(parameters);
        url
    }

    async fn response_of_node(
        &self,
        node: &Url,
        request: &StatementRequest<'_>,
    ) -> Result<Response, ClickHouseError> {
        let url = self.url_of_request(node, request);
        let response = self.http.post(url).body(request.body.clone()).send().await?;
        if response.status() == StatusCode::OK && !response.headers().contains_key(CODE_HEADER) {
            return Ok(response);
        }
        Err(refusal_in(response).await)
    }
}

/// All nodes with their places, beginning with one of them.
fn in_turn(nodes: &[Url], first: usize) -> impl Iterator<Item = (usize, &Url)> {
    let places = nodes.iter().enumerate();
    places.clone().skip(first).chain(places.take(first))
}

fn http_client(address: &ClickHouseAddress, limits: &RequestLimits) -> Result<Client, ClickHouseError> {
    let mut credentials = HeaderMap::new();
    credentials.extend(address.user.clone().map(|user| (USER_HEADER, user)));
    credentials.extend(address.password.clone().map(|password| (PASSWORD_HEADER, password)));
    let builder = client_builder()
        .default_headers(credentials)
        .redirect(redirect::Policy::none())
        .connect_timeout(limits.connect)
        .read_timeout(limits.answer)
        .pool_idle_timeout(IDLE);
    let has_tls = address.nodes.iter().any(|node| node.scheme() == "https");
    let builder = match &address.authorities {
        _ if !has_tls => builder.tls_certs_only([]),
        Some(file) => builder
            .tls_backend_preconfigured(tls_config_trusting(file).map_err(ClickHouseError::Unreachable)?),
        None => builder.tls_backend_preconfigured(tls_config().map_err(ClickHouseError::Unreachable)?),
    };
    builder.build().map_err(|_| ClickHouseError::Unreachable(headcount_outbound::NO_TLS))
}

/// The error in an answer that is none of success.
async fn refusal_in(response: Response) -> ClickHouseError {
    if let 502..=504 = response.status().as_u16() {
        return ClickHouseError::Unreachable("what is before it says that it is away");
    }
    let in_header = response.headers().get(CODE_HEADER).and_then(|code| code.to_str().ok()?.parse().ok());
    let code = match in_header {
        Some(code) => Some(code),
        None => exception_code(&first_bytes_of(response).await),
    };
    code.map_or(ClickHouseError::Malformed("is this ClickHouse?"), ClickHouseError::refused)
}

async fn first_bytes_of(mut response: Response) -> Vec<u8> {
    let mut first = Vec::new();
    while first.len() < ERROR_BYTES
        && let Ok(Some(bytes)) = response.chunk().await
    {
        first.extend_from_slice(&bytes);
    }
    first
}

/// The body of an answer of at most `limit` bytes.
async fn bytes_of(mut response: Response, limit: usize) -> Result<Vec<u8>, ClickHouseError> {
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await? {
        if body.len() + bytes.len() > limit {
            return Err(ClickHouseError::TooLarge { limit });
        }
        body.extend_from_slice(&bytes);
    }
    Ok(body)
}
