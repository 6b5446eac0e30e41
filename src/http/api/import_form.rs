//! The form that brings a file of people: read within bounds.

use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest, Request};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::import::{BYTES_MAX, ROWS_MAX};
use crate::flow::problem::{Code, Problem};

/// Bytes of a text field.
const FIELD_MAX: usize = 64 * 1024;

/// A file of people and what everybody in it gets.
#[derive(Default, ToSchema)]
#[schema(as = ImportForm)]
pub struct Sent {
    /// The .csv or .xlsx file: at most 10 MiB and 10,000 rows.
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
    /// The role of everybody.
    pub role: Option<String>,
    /// Its resources, as `kind:key`.
    #[schema(required = false)]
    pub resources: Vec<String>,
    /// Keys of sites to which everybody gets access.
    #[schema(required = false)]
    pub sites: Vec<String>,
    /// Into which tab: `member` or `partner`.
    pub class: Option<String>,
    /// How everybody signs in: `sso` or `password`.
    pub login_type: Option<String>,
    /// Whether rows are checked alone.
    #[schema(required = false)]
    pub dry_run: bool,
    /// Whether good rows are sent although others are wrong.
    #[schema(required = false)]
    pub skip_invalid: bool,
}

/// Reads the fields of the form.
///
/// # Errors
/// 415 for another media type, 413 for too large a file, 422 for a field that does not fit.
pub async fn sent(request: Request, app: &App) -> Result<Sent, Problem> {
    let broken = |detail: &str| Problem::new(Code::Malformed, detail);
    let form = Multipart::from_request(request, app).await;
    let mut form = form.map_err(|_| {
        Problem::new(Code::UnsupportedMediaType, "Send the file as multipart/form-data.")
    })?;
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.map_err(|_| broken("The form breaks off."))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            sent.file = bytes(field, BYTES_MAX).await?;
            continue;
        }
        let text = String::from_utf8(bytes(field, FIELD_MAX).await?);
        let text = text.map_err(|_| broken("A field of the form is not UTF-8."))?;
        let text = text.trim().to_owned();
        let list = || text.split([',', ' ', '\n']).map(str::trim).filter(|one| !one.is_empty());
        let filled = || Some(text.clone()).filter(|text| !text.is_empty());
        match name.as_str() {
            "role" => sent.role = filled(),
            "resources" | "resources[]" => sent.resources.extend(list().map(str::to_owned)),
            "sites" | "sites[]" => sent.sites.extend(list().map(|key| format!("site:{key}"))),
            "class" => sent.class = filled(),
            "login_type" => sent.login_type = filled(),
            "dry_run" => sent.dry_run = flag(&name, &text)?,
            "skip_invalid" => sent.skip_invalid = flag(&name, &text)?,
            other => {
                let detail = format!("The form has no field `{other}`.");
                return Err(Problem::invalid(&format!("/{other}"), "unknown", detail));
            }
        }
    }
    if sent.file.is_empty() {
        let detail = format!("Send a file of at most {ROWS_MAX} people.");
        return Err(Problem::invalid("/file", "missing", detail));
    }
    Ok(sent)
}

fn flag(name: &str, text: &str) -> Result<bool, Problem> {
    match text {
        "true" | "1" | "on" => Ok(true),
        "false" | "0" | "" => Ok(false),
        _ => Err(Problem::invalid(&format!("/{name}"), "value", "Send true or false.")),
    }
}

async fn bytes(mut field: Field<'_>, most: usize) -> Result<Vec<u8>, Problem> {
    let mut read = Vec::new();
    loop {
        let piece = field.chunk().await;
        let piece = piece.map_err(|_| Problem::new(Code::Malformed, "The form breaks off."))?;
        let Some(piece) = piece else { return Ok(read) };
        if read.len() + piece.len() > most {
            let detail = format!("A field of the form is larger than {most} bytes.");
            return Err(Problem::new(Code::TooLarge, detail));
        }
        read.extend_from_slice(&piece);
    }
}
