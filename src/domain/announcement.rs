//! Which events are told by mail besides, and to whom.
//!
//! Identity actions equal ownership: each use of one is mailed to all who hold a role that must
//! keep a holder. Warnings about ends and failures go to the technical contacts. Everything else
//! stands in the feed alone.

use serde::{Deserialize, Serialize};

use super::event::Happened;
use super::mail::Notice;

/// What an identity action was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    /// A way to sign in.
    Connection,
    /// A source of people.
    Directory,
    /// What a directory calls with.
    DirectoryToken,
    /// The same by OAuth.
    DirectoryClient,
    /// A domain of e-mail addresses.
    Domain,
    /// A rule that gives roles.
    MappingRule,
    /// A role of the organization's own.
    Role,
    /// A token of the organization.
    OrganizationToken,
    /// A token of the operator.
    OperatorToken,
    /// A subject at a provider, and the user it is.
    Identity,
    /// A loss that the brake holds.
    HeldLoss,
}

impl Noun {
    /// Every noun.
    pub const ALL: [Self; 11] = [
        Self::Connection,
        Self::Directory,
        Self::DirectoryToken,
        Self::DirectoryClient,
        Self::Domain,
        Self::MappingRule,
        Self::Role,
        Self::OrganizationToken,
        Self::OperatorToken,
        Self::Identity,
        Self::HeldLoss,
    ];
}

/// What was done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// It is new.
    Created,
    /// It is another one now.
    Changed,
    /// It is gone.
    Removed,
    /// It was proved.
    Verified,
    /// It was tried before it counts.
    Tested,
    /// It came into force.
    Applied,
    /// It was turned away.
    Rejected,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Changed,
        Self::Removed,
        Self::Verified,
        Self::Tested,
        Self::Applied,
        Self::Rejected,
    ];
}

/// What a mail tells of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// Somebody used an identity action.
    Act(Noun, Verb),
    /// Something ends or fails.
    Warning(Notice),
}

/// What mails tell of an event, if they do.
#[must_use]
pub fn of(happened: &Happened) -> Option<Announced> {
    let told = act(happened).map(|(noun, verb)| Announced::Act(noun, verb));
    told.or_else(|| warning(happened.name).map(Announced::Warning))
}

fn act(happened: &Happened) -> Option<(Noun, Verb)> {
    Some(match happened.name {
        "connection.created" => (Noun::Connection, Verb::Created),
        "connection.updated" | "connection.metadata_changed" => (Noun::Connection, Verb::Changed),
        "connection.deleted" => (Noun::Connection, Verb::Removed),
        "connection.tested" => (Noun::Connection, Verb::Tested),
        "directory.created" => (Noun::Directory, Verb::Created),
        "directory.updated" => (Noun::Directory, Verb::Changed),
        "directory.removed" => (Noun::Directory, Verb::Removed),
        "directory.token_created" => (Noun::DirectoryToken, Verb::Created),
        "directory.token_changed" => (Noun::DirectoryToken, Verb::Changed),
        "directory.token_revoked" => (Noun::DirectoryToken, Verb::Removed),
        "directory.client_created" => (Noun::DirectoryClient, Verb::Created),
        "directory.client_changed" => (Noun::DirectoryClient, Verb::Changed),
        "directory.client_revoked" => (Noun::DirectoryClient, Verb::Removed),
        "domain.added" => (Noun::Domain, Verb::Created),
        "domain.verified" => (Noun::Domain, Verb::Verified),
        "domain.removed" => (Noun::Domain, Verb::Removed),
        "mapping_rule.created" => (Noun::MappingRule, Verb::Created),
        "mapping_rule.updated" => (Noun::MappingRule, Verb::Changed),
        "mapping_rule.removed" => (Noun::MappingRule, Verb::Removed),
        "role.created" => (Noun::Role, Verb::Created),
        "role.updated" => (Noun::Role, Verb::Changed),
        "role.removed" => (Noun::Role, Verb::Removed),
        "token.created" if is_of_organization(happened) => (Noun::OrganizationToken, Verb::Created),
        "token.revoked" if is_of_organization(happened) => (Noun::OrganizationToken, Verb::Removed),
        "operator_token.created" => (Noun::OperatorToken, Verb::Created),
        "identity.relinked" => (Noun::Identity, Verb::Changed),
        "identity.unlinked" => (Noun::Identity, Verb::Removed),
        "provisioning.released" => (Noun::HeldLoss, Verb::Applied),
        "provisioning.rejected" => (Noun::HeldLoss, Verb::Rejected),
        _ => return None,
    })
}

fn is_of_organization(happened: &Happened) -> bool {
    happened.data.get("kind").is_some_and(|kind| kind == "organization")
}

fn warning(name: &str) -> Option<Notice> {
    Some(match name {
        "directory.token_expiring" => Notice::DirectoryTokenExpiring,
        "connection.secret_expiring" => Notice::ClientSecretExpiring,
        "connection.certificate_expiring" => Notice::CertificateExpiring,
        "connection.metadata_failed" => Notice::MetadataFailed,
        "token.expiring" => Notice::TokenExpiring,
        "directory.stale" => Notice::DirectoryStale,
        "directory.removals_unusual" => Notice::RemovalsUnusual,
        "provisioning.held" => Notice::RemovalsHeld,
        "domain.record_missing" => Notice::DomainFailing,
        "domain.lost" => Notice::DomainLost,
        "organization.role_vacant" => Notice::RoleVacant,
        "webhook.disabled" => Notice::WebhookDisabled,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_actions_and_warnings_are_mailed_and_nothing_else() {
        let of = |name| super::of(&Happened::to(name, "thing", "1"));
        assert_eq!(of("connection.deleted"), Some(Announced::Act(Noun::Connection, Verb::Removed)));
        assert_eq!(of("directory.stale"), Some(Announced::Warning(Notice::DirectoryStale)));
        assert_eq!(of("user.created"), None);
        assert_eq!(of("grant.added"), None);
    }

    #[test]
    fn a_token_is_told_of_where_it_is_the_organizations() {
        let of = |kind: &str| of(&Happened::to("token.created", "token", "1").with("kind", kind));
        assert_eq!(of("personal"), None);
        let told = Announced::Act(Noun::OrganizationToken, Verb::Created);
        assert_eq!(of("organization"), Some(told));
    }
}
