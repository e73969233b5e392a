//! Implements the commands that ask a running program over HTTP.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context, bail};
use headcount_outbound;
use headcount_shared::{
    api::{Problem, SignInCode},
    delivery::DELIVERY_HEADERS,
};
use reqwest::{Method, Url, header::HeaderMap};

use super::{admin_token::OperatorToken, public_url::link_base};
use crate::config::{AccessToken, BasePath, Collect, RunningProgram, Serve, SignIn};

/// How long a command waits for the program.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The interface of a program that runs on this machine.
pub(super) struct RunningInterface {
    address: SocketAddr,
    base_path: BasePath,
    token: AccessToken,
}

/// A report that a server would send, as its preview shows it.
#[derive(Debug)]
pub struct ShownReport {
    /// The headers that depend on the installation, a line each.
    pub headers: String,
    /// The bytes of the report.
    pub bytes: Vec<u8>,
}

/// The report that a running server would send now, from its preview.
///
/// # Errors
/// One sentence: there is no server at that address, or it refuses the request.
pub async fn preview(config: &Serve) -> anyhow::Result<ShownReport> {
    let answer =
        RunningInterface::of_server(config)?.ask(Method::GET, "api/usage-statistics/preview").await?;
    let of_report = DELIVERY_HEADERS.iter().filter(|header| header.depends_on_installation);
    let lines = of_report.filter_map(|header| {
        let value = answer.headers.get(header.name)?.to_str().ok()?;
        Some(format!("{}: {value}\n", header.name))
    });
    Ok(ShownReport { headers: lines.collect(), bytes: answer.body })
}

/// A sign-in link to the interface of a running program. It works once, within five minutes.
///
/// # Errors
/// One sentence: there is no such program, or it does not accept the token.
pub async fn sign_in(command: &SignIn) -> anyhow::Result<String> {
    let (interface, public_url) = match &command.program {
        None => (RunningInterface::of_server(&command.serve)?, &command.serve.public_url),
        Some(RunningProgram::Serve(serve)) => (RunningInterface::of_server(serve)?, &serve.public_url),
        Some(RunningProgram::Collect(collect)) => {
            (RunningInterface::of_collector(collect)?, &collect.public_url)
        }
    };
    let answer = interface.ask(Method::POST, "api/session/code").await?;
    let answer: SignInCode = serde_json::from_slice(&answer.body)
        .context("the answer is not from a headcount server or collector")?;
    let public_url = match (public_url, &answer.public_url) {
        (Some(url), _) => Some(url.clone()),
        (None, Some(url)) => Some(Url::parse(url).context("the program has an invalid public address")?),
        (None, None) => None,
    };
    let base = match public_url {
        Some(url) => link_base(&url, &interface.base_path)?.to_string(),
        None => interface.url(""),
    };
    Ok(format!("{base}sign-in#code={}", answer.code))
}

/// A successful answer of a running program.
pub(super) struct ProgramAnswer {
    headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl RunningInterface {
    pub(super) fn of_server(config: &Serve) -> anyhow::Result<Self> {
        let token = OperatorToken::find(config.admin_token.as_ref(), &config.own_dir())?;
        Ok(Self { address: reachable(config.listen), base_path: config.url_base_path.clone(), token })
    }

    fn of_collector(config: &Collect) -> anyhow::Result<Self> {
        let token = OperatorToken::find(config.admin_token.as_ref(), &config.data_dir)?;
        Ok(Self { address: reachable(config.listen), base_path: BasePath::root(), token })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{}{path}", self.address, self.base_path.as_str())
    }

    async fn ask(&self, method: Method, path: &str) -> anyhow::Result<ProgramAnswer> {
        self.ask_within(TIMEOUT, method, path).await
    }

    /// The answer to a request that may take that long.
    pub(super) async fn ask_within(
        &self,
        timeout: Duration,
        method: Method,
        path: &str,
    ) -> anyhow::Result<ProgramAnswer> {
        let address = self.address;
        let client = headcount_outbound::client_builder().no_proxy().timeout(timeout).build()?;
        let request = client.request(method, self.url(path)).bearer_auth(self.token.expose());
        let Ok(response) = request.send().await else { bail!("no server answers on {address}") };
        let refused = !response.status().is_success();
        let headers = response.headers().clone();
        let body = response.bytes().await.context("the server's answer is incomplete")?;
        if refused {
            let detail = serde_json::from_slice::<Problem>(&body).map(|problem| problem.detail);
            bail!(
                "the server on {address} refused: {}",
                detail.unwrap_or_else(|_| "it is no headcount server".to_owned())
            );
        }
        Ok(ProgramAnswer { headers, body: body.into() })
    }
}

/// The address at which to reach a program that listens at `listen`: this machine if it listens on all
/// addresses.
pub(super) fn reachable(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        listen.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    listen
}
