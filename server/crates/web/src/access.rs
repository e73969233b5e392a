//! Checks access to the operator's interface: programs need a token, browsers a session.
//!
//! The address of a request does not matter. Behind a reverse proxy all requests come from this machine, and
//! senders can invent the headers about their origin.

mod access_role;
mod cookie;
mod guess_brake;
mod request_source;
mod session;
mod sign_in_codes;

use std::{convert::Infallible, fmt::Debug, net::SocketAddr, sync::Arc};

use axum::{
    extract::{FromRef, FromRequestParts, Request, State},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use headcount_platform::clock::Clock;
use hmac::{Hmac, KeyInit, Mac};
use rand::RngExt;
use reqwest::Url;
use sha2::Sha256;

pub use self::{
    access_role::{AccessRole, EqualTokens},
    session::SessionProgram,
};
use self::{
    guess_brake::{GuessBrake, TooManyGuesses},
    request_source::RequestSource,
    session::{BrowserSession, SessionKey},
    sign_in_codes::SignInCodes,
};
use super::{access_token::AccessToken, base_path::BasePath, problem::ProblemResponse, sign_in};

/// The header of changes by a browser. No form and no page of another site can set it.
pub const HEADCOUNT_REQUEST: HeaderName = HeaderName::from_static("headcount-request");

/// The challenge of a response with status 401.
const CHALLENGE: HeaderValue = HeaderValue::from_static(r#"Bearer realm="headcount""#);

/// The address that a request came from; set for every connection.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub SocketAddr);

/// The configuration of access.
#[derive(Debug)]
pub struct AccessConfig {
    /// Which program the interface belongs to.
    pub interface: SessionProgram,
    /// Opens everything. Without one nothing private is answered.
    pub admin_token: Option<AccessToken>,
    /// Opens what an analyst may see. It differs from the admin token; see [`EqualTokens`].
    pub analyst_token: Option<AccessToken>,
    /// Opens what a viewer may see. It differs from the two others.
    pub viewer_token: Option<AccessToken>,
    /// Opens `metrics` and nothing else.
    pub metrics_token: Option<AccessToken>,
    /// Where the interface is.
    pub base_path: BasePath,
    /// Where browsers reach it, if that is known.
    pub public_url: Option<Url>,
}

/// Is told of every sign-in.
pub trait SignInObserver: Debug + Send + Sync {
    /// A browser was signed in for this role.
    fn signed_in(&self, role: AccessRole);
}

/// The access rule, and the base path of the interface. Clones share their state.
#[derive(Debug, Clone)]
pub struct AccessControl {
    rule: Arc<AccessRule>,
    base_path: Arc<BasePath>,
    observer: Option<Arc<dyn SignInObserver>>,
}

/// The base path for one request, if another program has mounted the interface there.
#[derive(Debug, Clone)]
pub struct MountedAt(pub Arc<BasePath>);

struct AccessRule {
    /// One entry per role with a token, the administrator first; empty without an admin token.
    roles: Vec<RoleAccess>,
    metrics_token: Option<TokenDigest>,
    /// The key under which tokens are compared; random in each run.
    comparison: Hmac<Sha256>,
    public_url: Option<Url>,
    clock: Arc<dyn Clock>,
    guesses: GuessBrake,
    codes: SignInCodes,
}

struct RoleAccess {
    role: AccessRole,
    token: TokenDigest,
    sessions: SessionKey,
}

/// A token under the key of this run. Comparing digests takes the same time for all wrong tokens.
struct TokenDigest([u8; 32]);

/// Who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestCaller {
    /// A program that shows the token of a role.
    RoleToken(AccessRole),
    /// A program that shows the token for metrics.
    MetricsToken,
    /// A browser that is signed in.
    Session(AccessRole, BrowserSession),
    /// A request with a wrong token.
    WrongToken,
    /// A request without a credential.
    Stranger,
}

/// Why access is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessDenied {
    /// It shows no credential.
    NoCredential,
    /// It shows a wrong one.
    WrongCredential,
    /// It shows that of a role which may not see this. This role may.
    WrongRole(AccessRole),
    /// Too many wrong ones wait for their answers.
    TooManyGuesses,
    /// It is a change by a browser without [`HEADCOUNT_REQUEST`].
    NoRequestHeader,
    /// It is a change that a page of another site may have caused.
    OtherSite,
}

/// A part of the interface, by what opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PrivatePart {
    /// What this role may see, and those above it.
    DataFor(AccessRole),
    Metrics,
}

/// How a signed-in browser shows that a change is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangeProof {
    /// With [`HEADCOUNT_REQUEST`], from a page of this program.
    RequestHeader,
    /// From a page of this program, as a form does that works without script.
    OwnForm,
}

impl AccessControl {
    /// Access by `config`. Sessions end by the time of `clock`.
    #[must_use]
    pub fn new(config: AccessConfig, clock: Arc<dyn Clock>) -> Self {
        // As long as a block of the hash, to which HMAC extends any key.
        let key: [u8; 64] = rand::rng().random();
        let comparison: Hmac<Sha256> = Hmac::new(&key.into());
        let digest = |token: &AccessToken| TokenDigest(digest(&comparison, token.expose()));
        let tokens = config.admin_token.map_or_else(Vec::new, |admin| {
            vec![
                (AccessRole::Administrator, Some(admin)),
                (AccessRole::Analyst, config.analyst_token),
                (AccessRole::Viewer, config.viewer_token),
            ]
        });
        let roles = tokens.into_iter().filter_map(|(role, token)| {
            let token = token?;
            let sessions = SessionKey::derive(&token, config.interface, role);
            Some(RoleAccess { role, token: digest(&token), sessions })
        });
        let rule = AccessRule {
            roles: roles.collect(),
            metrics_token: config.metrics_token.as_ref().map(digest),
            comparison,
            public_url: config.public_url,
            clock,
            guesses: GuessBrake::new(),
            codes: SignInCodes::default(),
        };
        Self { rule: Arc::new(rule), base_path: Arc::new(config.base_path), observer: None }
    }

    /// The same, with an observer of sign-ins.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn SignInObserver>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// The same rule for the place where a request found the interface.
    pub fn of_request(&self, extensions: &Extensions) -> Self {
        let mounted = extensions.get::<MountedAt>();
        let base_path = mounted.map_or(&self.base_path, |MountedAt(base_path)| base_path);
        Self { base_path: Arc::clone(base_path), ..self.clone() }
    }

    /// Where the interface is.
    pub fn base_path(&self) -> &BasePath {
        &self.base_path
    }

    /// Where browsers reach the interface, if that is known.
    pub fn public_url(&self) -> Option<&Url> {
        self.rule.public_url.as_ref()
    }

    /// The name of the session cookie; `None` when there are no sessions.
    ///
    /// It is the same for all roles, so that a browser which signs in in another role has one session.
    pub fn cookie_name(&self) -> Option<&str> {
        self.rule.roles.first().map(|first| first.sessions.cookie_name())
    }

    /// Begins a session for a request that shows the token of a role in its body. Gives the value of its
    /// `Set-Cookie`.
    ///
    /// # Errors
    /// [`AccessDenied`], a wrong token after a delay.
    pub async fn sign_in_with_token(
        &self,
        token: &str,
        headers: &HeaderMap,
    ) -> Result<HeaderValue, AccessDenied> {
        let is_right = |access: &RoleAccess| self.is(&access.token, token.trim());
        self.sign_in(headers, |roles| roles.iter().find(|access| is_right(access))).await
    }

    /// The same for an administrator with a code that was made by [`AccessControl::issue_code`].
    ///
    /// # Errors
    /// [`AccessDenied`], a wrong code after a delay.
    pub async fn sign_in_with_code(
        &self,
        code: &str,
        headers: &HeaderMap,
    ) -> Result<HeaderValue, AccessDenied> {
        let redeem = || self.rule.codes.redeem(code, self.rule.clock.monotonic());
        self.sign_in(headers, |roles| roles.first().filter(|_| redeem())).await
    }

    async fn sign_in(
        &self,
        headers: &HeaderMap,
        opened: impl FnOnce(&[RoleAccess]) -> Option<&RoleAccess>,
    ) -> Result<HeaderValue, AccessDenied> {
        let public_url = self.public_url();
        // Browsers name the page that signs in. A request without one is from a program.
        if RequestSource::of(headers, public_url) == RequestSource::OtherSite {
            return Err(AccessDenied::OtherSite);
        }
        let Some(access) = opened(&self.rule.roles) else {
            return Err(self.wrong().await);
        };
        let session = BrowserSession::begin(self.now(), is_secure(headers, public_url));
        if let Some(observer) = &self.observer {
            observer.signed_in(access.role);
        }
        Ok(self.cookie(&access.sessions, &session))
    }

    /// A code for one sign-in.
    pub fn issue_code(&self) -> String {
        self.rule.codes.issue(&mut rand::rng(), self.rule.clock.monotonic())
    }

    /// The session of a request, with its role.
    pub(crate) fn session(&self, headers: &HeaderMap) -> Option<(AccessRole, BrowserSession)> {
        let now = self.now();
        let of_value = |value| {
            let mut roles = self.rule.roles.iter();
            roles.find_map(|access| Some((access.role, access.sessions.verify(value, now)?)))
        };
        cookie::values(headers, self.cookie_name()?).find_map(of_value)
    }

    /// The value of the `Set-Cookie` that ends the session of a request; `None` when there are no sessions.
    pub fn end_session(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let secure =
            self.session(headers).map_or_else(|| is_secure(headers, self.public_url()), |(_, it)| it.secure);
        header_value(&cookie::remove(self.cookie_name()?, self.base_path(), secure))
    }

    /// Whether a change by the browser that sent `headers` comes from a page of this program.
    ///
    /// # Errors
    /// [`AccessDenied::OtherSite`].
    pub fn require_own_page(&self, headers: &HeaderMap) -> Result<(), AccessDenied> {
        match RequestSource::of(headers, self.public_url()) {
            RequestSource::OwnPage => Ok(()),
            RequestSource::OtherSite | RequestSource::Unsaid => Err(AccessDenied::OtherSite),
        }
    }

    /// Whether a change by a session may be made.
    ///
    /// # Errors
    /// [`AccessDenied::NoRequestHeader`] or [`AccessDenied::OtherSite`].
    pub fn require_own_change(&self, headers: &HeaderMap) -> Result<(), AccessDenied> {
        if headers.get(HEADCOUNT_REQUEST).is_none_or(|value| value.as_bytes() != b"1") {
            return Err(AccessDenied::NoRequestHeader);
        }
        self.require_own_page(headers)
    }

    /// Admits a request, or returns why not.
    async fn admit(
        &self,
        part: PrivatePart,
        proof: ChangeProof,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<RequestCaller, AccessDenied> {
        let caller = self.caller(headers);
        match caller {
            RequestCaller::RoleToken(role) => part.require(role).map(|()| caller),
            RequestCaller::MetricsToken if part == PrivatePart::Metrics => Ok(caller),
            RequestCaller::Session(role, _) => {
                part.require(role)?;
                if !matches!(*method, Method::GET | Method::HEAD) {
                    match proof {
                        ChangeProof::RequestHeader => self.require_own_change(headers)?,
                        ChangeProof::OwnForm => self.require_own_page(headers)?,
                    }
                }
                Ok(caller)
            }
            RequestCaller::MetricsToken => Err(AccessDenied::WrongCredential),
            RequestCaller::WrongToken => Err(self.wrong().await),
            RequestCaller::Stranger => Err(AccessDenied::NoCredential),
        }
    }

    fn caller(&self, headers: &HeaderMap) -> RequestCaller {
        let token = bearer(headers);
        if let Some(token) = token {
            if let Some(access) = self.rule.roles.iter().find(|access| self.is(&access.token, token)) {
                return RequestCaller::RoleToken(access.role);
            }
            if self.rule.metrics_token.as_ref().is_some_and(|metrics| self.is(metrics, token)) {
                return RequestCaller::MetricsToken;
            }
        }
        // A proxy that signs people in may send a token of its own beside the session.
        match self.session(headers) {
            Some((role, session)) => RequestCaller::Session(role, session),
            None if token.is_some() => RequestCaller::WrongToken,
            None => RequestCaller::Stranger,
        }
    }

    fn is(&self, wanted: &TokenDigest, shown: &str) -> bool {
        self.rule.comparison.clone().chain_update(shown).verify_slice(&wanted.0).is_ok()
    }

    async fn wrong(&self) -> AccessDenied {
        match self.rule.guesses.delay(self.rule.clock.monotonic()).await {
            Ok(()) => AccessDenied::WrongCredential,
            Err(TooManyGuesses) => AccessDenied::TooManyGuesses,
        }
    }

    #[expect(clippy::expect_used, reason = "names, values and base paths are visible ASCII")]
    fn cookie(&self, key: &SessionKey, session: &BrowserSession) -> HeaderValue {
        let (value, base_path) = (key.sign(session), self.base_path());
        let name = self.cookie_name().unwrap_or_else(|| key.cookie_name());
        let cookie = cookie::set(name, &value, base_path, session.max_age(), session.secure);
        header_value(&cookie).expect("names, values and base paths are visible ASCII")
    }

    /// A new cookie for `session`, if the old one is due to be replaced.
    fn renewed_cookie(&self, role: AccessRole, session: BrowserSession) -> Option<HeaderValue> {
        let access = self.rule.roles.iter().find(|access| access.role == role)?;
        session.renewed(self.now()).map(|renewed| self.cookie(&access.sessions, &renewed))
    }

    fn now(&self) -> u64 {
        self.rule.clock.wall().as_secs()
    }
}

impl<S> FromRequestParts<S> for AccessControl
where
    S: Sync,
    Self: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self::from_ref(state).of_request(&parts.extensions))
    }
}

impl std::fmt::Debug for AccessRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessRule").finish_non_exhaustive()
    }
}

impl AccessDenied {
    /// The answer to a program.
    pub fn refusal(self) -> ProblemResponse {
        let detail = match self {
            Self::NoCredential => "sign in, or send the admin token as Authorization: Bearer <token>",
            Self::WrongCredential => "this is not the token that opens this",
            Self::WrongRole(AccessRole::Administrator) => "only an administrator may do this",
            Self::WrongRole(AccessRole::Analyst | AccessRole::Viewer) => {
                "only an analyst or an administrator may see exact numbers; a viewer sees what is published"
            }
            Self::TooManyGuesses => "too many wrong tokens were shown; try again later",
            Self::NoRequestHeader => "a change by a signed-in browser needs the header Headcount-Request: 1",
            Self::OtherSite => {
                "a change has to come from a page of this interface; behind a proxy that changes Host, start the program with \
                 --public-url"
            }
        };
        let refusal = ProblemResponse::new(self.status(), detail);
        match self {
            Self::NoCredential | Self::WrongCredential => refusal.challenge(CHALLENGE),
            Self::TooManyGuesses => refusal.retry_after(guess_brake::RETRY_AFTER),
            Self::WrongRole(_) | Self::NoRequestHeader | Self::OtherSite => refusal,
        }
    }

    /// The status of the answer.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NoCredential | Self::WrongCredential => StatusCode::UNAUTHORIZED,
            Self::TooManyGuesses => StatusCode::TOO_MANY_REQUESTS,
            Self::WrongRole(_) | Self::NoRequestHeader | Self::OtherSite => StatusCode::FORBIDDEN,
        }
    }
}

impl PrivatePart {
    /// Whether a role may see this.
    fn require(self, role: AccessRole) -> Result<(), AccessDenied> {
        match self {
            Self::DataFor(needed) if role < needed => Err(AccessDenied::WrongRole(needed)),
            Self::Metrics if role < AccessRole::Administrator => {
                Err(AccessDenied::WrongRole(AccessRole::Administrator))
            }
            Self::DataFor(_) | Self::Metrics => Ok(()),
        }
    }
}

/// Lets requests for data and pages through that show the admin token or belong to a session of it. Others get
/// a problem document, or the sign-in page where a browser asks for a page.
pub async fn for_data(State(access): State<AccessControl>, request: Request, next: Next) -> Response {
    let part = PrivatePart::DataFor(AccessRole::Administrator);
    guard(&access, part, ChangeProof::RequestHeader, request, next).await
}

/// The same for whoever has at least this role. Handlers find the role of the request in its extensions, and
/// layers around this one find it in those of the answer, also of a refusal.
pub async fn for_role(
    State((access, role)): State<(AccessControl, AccessRole)>,
    request: Request,
    next: Next,
) -> Response {
    guard(&access, PrivatePart::DataFor(role), ChangeProof::RequestHeader, request, next).await
}

/// The same as [`for_role`] for forms that work without script: a change by a session needs no header that a
/// form cannot set, but has to come from a page of this program.
pub async fn for_forms_of_role(
    State((access, role)): State<(AccessControl, AccessRole)>,
    request: Request,
    next: Next,
) -> Response {
    guard(&access, PrivatePart::DataFor(role), ChangeProof::OwnForm, request, next).await
}

/// The same as [`for_data`], and requests that show the token for metrics.
pub async fn for_metrics(State(access): State<AccessControl>, request: Request, next: Next) -> Response {
    guard(&access, PrivatePart::Metrics, ChangeProof::RequestHeader, request, next).await
}

async fn guard(
    access: &AccessControl,
    part: PrivatePart,
    proof: ChangeProof,
    mut request: Request,
    next: Next,
) -> Response {
    let access = &access.of_request(request.extensions());
    match access.admit(part, proof, request.method(), request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().extend(role_extension(caller));
            let mut response = next.run(request).await;
            response.extensions_mut().extend(role_extension(caller));
            let renewed = match caller {
                RequestCaller::Session(role, session) => access.renewed_cookie(role, session),
                _ => None,
            };
            if let Some(cookie) = renewed {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        // The wrong token may be of a proxy that signs people in, who have none of their own yet.
        Err(AccessDenied::NoCredential | AccessDenied::WrongCredential) if asks_for_a_page(&request) => {
            sign_in::instead_of(access, request.uri())
        }
        Err(denied) => {
            let mut response = denied.refusal().into_response();
            response.extensions_mut().extend(role_extension(access.caller(request.headers())));
            response
        }
    }
}

/// The role of who sent a request, as an extension.
fn role_extension(caller: RequestCaller) -> Extensions {
    let mut extensions = Extensions::new();
    if let RequestCaller::RoleToken(role) | RequestCaller::Session(role, _) = caller {
        extensions.insert(role);
    }
    extensions
}

/// Whether a browser requests a page.
fn asks_for_a_page(request: &Request) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    *request.method() == Method::GET
        && accepted.is_some_and(|accepted| accepted.to_ascii_lowercase().contains("text/html"))
}

/// The token that a request shows. Other schemes are ignored: a proxy in front may use them.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(header::AUTHORIZATION).iter().find_map(|shown| {
        let (scheme, token) = shown.to_str().ok()?.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
    })
}

/// Whether the browser that signs in must send its cookie over https only.
fn is_secure(headers: &HeaderMap, public_url: Option<&Url>) -> bool {
    match headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()) {
        Some(origin) if origin != "null" => origin.starts_with("https://"),
        _ => public_url.is_some_and(|public| public.scheme() == "https"),
    }
}

fn digest(key: &Hmac<Sha256>, token: &str) -> [u8; 32] {
    key.clone().chain_update(token).finalize().into_bytes().into()
}

fn header_value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

#[cfg(test)]
mod tests;
