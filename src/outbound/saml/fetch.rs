//! Fetches a provider's metadata by the guarded client: https, no redirects, bounded (R8, G32).

use http::Request;
use http::header::ACCEPT;

use super::metadata::METADATA_MAX;
use crate::domain::saml::fault::{Fault, Found};
use crate::outbound::http::Guarded;

/// The text that is at an address.
///
/// # Errors
/// [`Fault::Metadata`] with what went wrong, in words for the person who configures it.
pub async fn metadata(http: &Guarded, url: &str) -> Result<String, Found> {
    let refuse = |found: &str| Fault::Metadata.with(found);
    let request = Request::get(url)
        .header(ACCEPT, "application/samlmetadata+xml, application/xml, text/xml")
        .body(Vec::new())
        .map_err(|_| refuse("the URL cannot be read"))?;
    let answer = http.send(request, METADATA_MAX).await.map_err(|why| refuse(&why.to_string()))?;
    if !answer.status().is_success() {
        return Err(refuse(&format!("the address answered {}", answer.status().as_u16())));
    }
    String::from_utf8(answer.into_body()).map_err(|_| Fault::Encoding.with("not UTF-8"))
}
