//! What an admin should know of a directory, each with what to do about it.
//!
//! Codes are stable. The first findings are the gravest; what is only told for information comes
//! last.

use super::{STALE_S, Seen, TokenState, USES_DAYS};
use crate::domain::directory::{Profile, Status};
use crate::domain::exchange::word;
use crate::scim::Tolerance;

/// Failures in a day from which on they are told of.
pub const FAILING_MIN: i64 = 10;
/// The share of failures in a day, in percent, from which on they are told of.
pub const FAILING_PERCENT_MIN: i64 = 10;
/// Names that a finding lists.
const LISTED_MAX: usize = 10;

/// Something that an admin should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable code.
    pub code: &'static str,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    pub what_to_do: String,
}

/// All findings, the gravest first.
#[must_use]
pub fn findings(seen: &Seen) -> Vec<Finding> {
    let mut found = Findings::default();
    if seen.directory.status == Status::Disabled {
        found.add(
            "directory.disabled",
            "The directory is disabled: its client is refused, its users stay as they are.",
            "Set its `status` to `active` when provisioning is to go on.",
        );
    }
    tokens(seen, &mut found);
    contact(seen, &mut found);
    failures(seen, &mut found);
    if !seen.unresolved.is_empty() {
        let listed: Vec<String> = (seen.unresolved.iter().take(LISTED_MAX))
            .map(|one| {
                let near = one.nearest.as_ref().map(|near| format!(" (nearest: `{near}`)"));
                format!("`{}` for {} users{}", one.resource, one.users, near.unwrap_or_default())
            })
            .collect();
        found.add(
            "mapping.unresolved",
            &format!("Mapping rules name resources that are not there: {}.", listed.join(", ")),
            "Register the resources, or mend the names of the groups or the patterns of the \
             rules.",
        );
    }
    tolerances(seen, &mut found);
    found.0
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, code: &'static str, detail: &str, what_to_do: &str) {
        let (detail, what_to_do) = (detail.to_owned(), what_to_do.to_owned());
        self.0.push(Finding { code, detail, what_to_do });
    }
}

fn tokens(seen: &Seen, found: &mut Findings) {
    if !seen.tokens.iter().any(|token| token.is_live(seen.now)) {
        found.add(
            "token.none",
            "The directory has no token that holds: every request of its client is refused.",
            "Make a token and enter it at the client.",
        );
    }
    for token in &seen.tokens {
        let end = token.expires_at.map(|end| end.to_string()).unwrap_or_default();
        match TokenState::of(token, seen.now) {
            TokenState::Expired => found.add(
                "token.expired",
                &format!("The token `{}` ended at {end}.", token.name),
                "If the client still uses it, make a new one and enter it there; then delete \
                 this one.",
            ),
            TokenState::Expiring => found.add(
                "token.expiring",
                &format!("The token `{}` ends at {end}.", token.name),
                "Make a second token now and enter it at the client: both hold until the old \
                 one ends. Entra ID stops provisioning when a token ends.",
            ),
            TokenState::Live => {}
        }
    }
}

fn contact(seen: &Seen, found: &mut Findings) {
    let Some(contact) = seen.contact else {
        found.add(
            "directory.unused",
            "No request has come yet.",
            "Enter `scim_base_url` and a token at the client and start provisioning.",
        );
        return;
    };
    let stands = |at: Option<_>| at.is_some() && at > contact.last_success_at;
    if stands(contact.last_refused_at) {
        found.add(
            "credentials.refused",
            "The client is refused for its credentials, and nothing has succeeded since.",
            "Enter a token that holds and has both scopes at the client, with the base URL of \
             this very directory; then restart provisioning there.",
        );
    }
    if stands(contact.last_missing_at) {
        found.add(
            "endpoint.missing",
            "The client asks for paths that are not there, and nothing has succeeded since.",
            "Enter `scim_base_url` at the client as it stands, without `/Users` or the like \
             behind it.",
        );
    }
    if seen.now.since_s(contact.last_contact_at) >= STALE_S {
        found.add(
            "directory.stale",
            &format!("The client has not called since {}.", contact.last_contact_at),
            "Look whether provisioning was stopped or quarantined at the client; disable or \
             delete the directory if it is not used any more.",
        );
    }
}

fn failures(seen: &Seen, found: &mut Findings) {
    let day = seen.day;
    let many = day.failed.saturating_mul(100) >= day.requests.saturating_mul(FAILING_PERCENT_MIN);
    if day.failed < FAILING_MIN || !many {
        return;
    }
    let mut detail = format!("{} of {} requests in a day failed.", day.failed, day.requests);
    if let Some(most) = &seen.frequent {
        let said = most.detail.as_deref().unwrap_or("no detail");
        detail.push_str(&format!(
            " {} of them with status {}: {}.",
            most.count,
            most.status,
            said.trim_end_matches('.')
        ));
    }
    found.add(
        "requests.failing",
        &detail,
        "Read the journal with `?errors=true`: each entry names the resource, the operation and \
         the reason.",
    );
}

/// What is tolerated is told for information.
fn tolerances(seen: &Seen, found: &mut Findings) {
    for one in &seen.uses {
        let tolerance = Tolerance::ALL.into_iter().find(|row| row.number() == one.number);
        let often = format!("{} times in {USES_DAYS} days, last at {}", one.uses, one.last_at);
        match tolerance {
            None if one.number == 0 => {
                let names: Vec<&str> =
                    seen.unknown.iter().take(LISTED_MAX).map(String::as_str).collect();
                let named = match names.is_empty() {
                    true => String::new(),
                    false => format!(" ({})", names.join(", ")),
                };
                found.add(
                    "attributes.unknown",
                    &format!("Attributes that no schema knows were left out{named}: {often}."),
                    "Take them out of the client's attribute mapping, or map them to attributes \
                     of the schema.",
                );
            }
            Some(row) if !row.in_strict() && seen.directory.profile != Profile::Strict => {
                found.add(
                    "tolerance.in_use",
                    &format!("{}, {}: {often}.", word(one.number), row.meaning()),
                    "Nothing: this profile takes it. The profile `strict` would refuse it.",
                );
            }
            _ => {}
        }
    }
}
