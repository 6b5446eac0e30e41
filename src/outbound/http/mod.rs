//! Requests to addresses that customers gave us.
//!
//! https only, no redirects, no proxy. The host is checked twice: a literal address before the
//! request, a name when it is resolved for the connection, so that a name that changes its mind
//! between check and use gains nothing. Times and bytes are bounded. Plain http goes to loopback
//! alone, and only where private networks are allowed (R8, R19).

mod address;
mod direct;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

pub use address::Reach;
pub use direct::Direct;

/// How long a connection may take to open, in seconds.
pub const CONNECT_S: u64 = 5;
/// How long a request may take in all, in seconds.
pub const TOTAL_S: u64 = 10;
/// Largest answer, in bytes.
pub const ANSWER_MAX: usize = 1024 * 1024;
/// Longest URL, in bytes.
pub const URL_MAX: usize = 8 * 1024;
/// Ports below [`PORT_MIN`] that are asked.
pub const WEB_PORTS: [u16; 2] = [80, 443];
/// From this port on all are asked: servers of one's own stand there.
pub const PORT_MIN: u16 = 1024;
/// Who we say we are.
pub const USER_AGENT: &str = concat!("portico/", env!("CARGO_PKG_VERSION"));

/// Why a request was not made, or its answer not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The text is no URL that we ask.
    #[error("the URL is not one that is asked: {0}")]
    Url(&'static str),
    /// The address is not one that we may reach.
    #[error(
        "the address is private, local or reserved; allow_private_networks permits private ones"
    )]
    Address,
    /// The port is another service's.
    #[error("the port is not one of web servers: 443, or 1024 and above")]
    Port,
    /// The name has no address.
    #[error("the name has no address")]
    Unresolved,
    /// The answer is larger than the limit.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
    /// The connection or TLS failed.
    #[error("the connection failed: {0}")]
    Failed(String),
    /// The client could not be built at start.
    #[error("the HTTP client could not be built: {0}")]
    Unbuilt(String),
}

/// The guarded client, cheap to clone.
#[derive(Clone)]
pub struct Guarded {
    client: Result<reqwest::Client, String>,
    reach: Reach,
}

impl Guarded {
    /// A client that reaches public addresses, and private ones where that is allowed.
    #[must_use]
    pub fn new(allow_private_networks: bool) -> Self {
        let reach = if allow_private_networks { Reach::Private } else { Reach::Public };
        #[expect(clippy::disallowed_methods, reason = "this is the one place that builds it")]
        let builder = reqwest::Client::builder();
        let client = builder
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(CONNECT_S))
            .timeout(Duration::from_secs(TOTAL_S))
            .dns_resolver(Arc::new(Checked { reach }))
            .build()
            .map_err(|error| error.to_string());
        Self { client, reach }
    }

    /// Whether a URL is one that would be asked: for telling so before it is saved.
    ///
    /// # Errors
    /// [`Refused::Url`] or [`Refused::Address`].
    pub fn check(&self, url: &str) -> Result<Url, Refused> {
        check(url, self.reach)
    }

    /// Sends one request and reads the answer, up to `answer_max` bytes.
    ///
    /// # Errors
    /// [`Refused`]: whatever the status, an answer that came whole is no error.
    pub async fn send(
        &self,
        request: Request<Vec<u8>>,
        answer_max: usize,
    ) -> Result<Response<Vec<u8>>, Refused> {
        let client = self.client.as_ref().map_err(|error| Refused::Unbuilt(error.clone()))?;
        let (parts, body) = request.into_parts();
        let url = check(&parts.uri.to_string(), self.reach)?;
        let request = client.request(parts.method, url).headers(parts.headers).body(body);
        read(request.send().await.map_err(sort)?, answer_max.min(ANSWER_MAX)).await
    }
}

/// Reads a whole answer, up to `limit` bytes.
async fn read(mut answer: reqwest::Response, limit: usize) -> Result<Response<Vec<u8>>, Refused> {
    let announced = answer.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(Refused::TooLarge(limit));
    }
    let mut read = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(sort)? {
        if read.len() + chunk.len() > limit {
            return Err(Refused::TooLarge(limit));
        }
        read.extend_from_slice(&chunk);
    }
    let mut response = Response::new(read);
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

/// Reads a URL as it will be asked: the parser turns every spelling of an address into the address.
fn check(text: &str, reach: Reach) -> Result<Url, Refused> {
    if text.len() > URL_MAX {
        return Err(Refused::Url("it is too long"));
    }
    let url = Url::parse(text).map_err(|_| Refused::Url("it cannot be read"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Url("it holds a user name or password"));
    }
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => reach.check(IpAddr::V4(ip))?.is_loopback(),
        Some(Host::Ipv6(ip)) => reach.check(IpAddr::V6(ip))?.is_loopback(),
        Some(Host::Domain(name)) => is_localhost(name),
        None => return Err(Refused::Url("it has no host")),
    };
    // What listens below is mail, databases, remote shells: nothing that we speak with.
    let port = url.port_or_known_default().unwrap_or_default();
    let own = loopback && reach == Reach::Private;
    if port < PORT_MIN && !WEB_PORTS.contains(&port) && !own {
        return Err(Refused::Port);
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback && reach == Reach::Private => Ok(url),
        "http" => Err(Refused::Url("plain http is for loopback, and only where that is allowed")),
        _ => Err(Refused::Url("its scheme is not https")),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
}

/// Resolves names for connections and gives none but addresses that may be reached.
struct Checked {
    reach: Reach,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = allowed(&name, found.collect(), reach)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a name that may be reached. A plain-http `localhost` is believed to be
/// loopback, so it must be.
fn allowed(name: &str, found: Vec<SocketAddr>, reach: Reach) -> Result<Vec<SocketAddr>, Refused> {
    if found.is_empty() {
        return Err(Refused::Unresolved);
    }
    let local = is_localhost(name);
    let allowed: Vec<_> = found
        .into_iter()
        .filter(|at| reach.check(at.ip()).is_ok() && (!local || at.ip().is_loopback()))
        .collect();
    if allowed.is_empty() { Err(Refused::Address) } else { Ok(allowed) }
}

fn sort(error: reqwest::Error) -> Refused {
    if error.is_timeout() {
        return Refused::TimedOut;
    }
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut last = String::new();
    while let Some(cause) = source {
        match cause.downcast_ref::<Refused>() {
            Some(Refused::Address) => return Refused::Address,
            Some(Refused::Unresolved) => return Refused::Unresolved,
            _ => last = cause.to_string(),
        }
        source = cause.source();
    }
    // The innermost cause has no URL in it, which could hold what must not be logged.
    Refused::Failed(last)
}

#[cfg(test)]
mod tests;
