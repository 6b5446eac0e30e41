//! Fetches a provider's metadata by the guarded client: https, no redirects, bounded (R8, G32).

use http::Request;
use http::header::ACCEPT;

use super::Wall;
use super::metadata::METADATA_MAX;
use crate::domain::saml::Saml;
use crate::domain::saml::fault::{Fault, Found};
use crate::domain::time::Timestamp;
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

/// What a provider's metadata says now, over what is configured.
///
/// # Errors
/// [`Fault::Metadata`] when it cannot be had, read, or is of another entity.
pub async fn again(
    (http, wall): (&Guarded, &Wall),
    saml: &Saml,
    now: Timestamp,
) -> Result<Saml, Found> {
    let url = saml.metadata_url.as_deref().ok_or(Fault::Metadata.with("it has no address"))?;
    let text = metadata(http, url).await?;
    let mut saml = saml.clone();
    let job = move || {
        let text = super::metadata_signature::checked(&text, &saml.metadata_certificates)?;
        let read = super::metadata::read(&text, Some(&saml.idp_entity_id), now)?;
        read.over(&mut saml);
        Ok(saml)
    };
    wall.run(job).await.and_then(|read| read)
}
