//! Sends bytes and reads bytes: what a block shows is what goes out, and nothing else besides
//! `Host`, `Connection` and `Content-Length`.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an answer may take, in seconds.
const ANSWER_S: u64 = 60;

/// What goes out.
pub struct Sent {
    /// The method.
    pub method: String,
    /// The target as it stands on the wire.
    pub target: String,
    /// The headers of the request.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
}

/// What came back.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Sends a request to this host and port.
///
/// # Errors
/// No answer in time, or none that is HTTP.
pub async fn send(authority: &str, sent: &Sent) -> Result<Answer, String> {
    let mut head = format!("{} {} HTTP/1.1\r\nHost: {authority}\r\n", sent.method, sent.target);
    for (name, value) in &sent.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let announced =
        sent.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    if let Some(body) = sent.body.as_ref().filter(|_| !announced) {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("Connection: close\r\n\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(sent.body.as_deref().unwrap_or_default());
    let exchange = exchange(authority, bytes);
    let came = tokio::time::timeout(Duration::from_secs(ANSWER_S), exchange).await;
    read(&came.map_err(|_| "no answer in time".to_owned())??)
}

async fn exchange(authority: &str, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let stream = TcpStream::connect(authority).await.map_err(|error| error.to_string())?;
    let (mut from, mut to) = stream.into_split();
    // A server that refuses a body answers before it has read it: both go on at once.
    let writing = tokio::spawn(async move {
        let _ = to.write_all(&bytes).await;
        to
    });
    let mut came = Vec::new();
    let outcome = from.read_to_end(&mut came).await;
    writing.abort();
    match outcome {
        Err(error) if came.is_empty() => Err(error.to_string()),
        _ => Ok(came),
    }
}

fn read(bytes: &[u8]) -> Result<Answer, String> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no head came back")?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| "the head is not text")?;
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| format!("{first:?} is no status line"))?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers: Vec<(String, String)> = lines.filter_map(header).collect();
    let chunked = ("transfer-encoding".to_owned(), "chunked".to_owned());
    let rest = &bytes[end + 4..];
    let body = if headers.contains(&chunked) { whole(rest)? } else { rest.to_vec() };
    Ok(Answer { status, headers, body })
}

/// Joins the chunks of a body.
fn whole(mut rest: &[u8]) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").ok_or("a chunk has no size")?;
        let size = std::str::from_utf8(&rest[..end]).map_err(|_| "a chunk has no size")?;
        let size = usize::from_str_radix(size, 16).map_err(|_| "a chunk has no size")?;
        let begin = end + 2;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(rest.get(begin..begin + size).ok_or("a chunk broke off")?);
        rest = rest.get(begin + size + 2..).ok_or("a chunk broke off")?;
    }
}
