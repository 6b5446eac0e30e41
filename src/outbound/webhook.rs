//! One message to one endpoint, signed as Standard Webhooks says, by the guarded client.

use http::{Request, header};

use super::http::Guarded;
use crate::domain::time::Timestamp;
use crate::domain::webhook::signatures;

/// Bytes of an answer that are read: nobody looks at them.
const ANSWER_MAX: usize = 64 * 1024;
/// Longest error that is kept, in characters.
const SAID_MAX: usize = 200;

/// A message.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Where it goes.
    pub url: &'a str,
    /// The same in every try: its receiver knows it again.
    pub id: &'a str,
    /// What it says.
    pub body: &'a str,
}

/// Sends a message; answers the status, and what went wrong unless it was taken.
pub async fn send(
    client: &Guarded,
    message: &Message<'_>,
    (secrets, at): (&[Vec<u8>], Timestamp),
) -> (Option<u16>, Option<String>) {
    let signed = signatures(secrets, (message.id, at), message.body);
    let request = Request::post(message.url)
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", message.id)
        .header("webhook-timestamp", at.seconds().to_string())
        .header("webhook-signature", signed)
        .body(message.body.as_bytes().to_vec());
    let request = match request {
        Ok(request) => request,
        Err(error) => return (None, Some(short(&error.to_string()))),
    };
    match client.send(request, ANSWER_MAX).await {
        Ok(answer) if answer.status().is_success() => (Some(answer.status().as_u16()), None),
        Ok(answer) => {
            let status = answer.status();
            (Some(status.as_u16()), Some(format!("the endpoint answered {}", status.as_u16())))
        }
        Err(error) => (None, Some(short(&error.to_string()))),
    }
}

fn short(text: &str) -> String {
    text.chars().take(SAID_MAX).collect()
}
