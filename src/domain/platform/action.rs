//! The built-in actions of Portico: what its own calls and pages ask a permission for.
//!
//! A platform definition says in `[gateway]` which of its permissions stands for one; an action
//! that is neither mapped nor in the catalogue under its own key becomes a permission of the last
//! category. *Identity actions* equal ownership: who re-points a connection becomes anyone.

/// Declares the actions with their keys, in the order in which they are shown.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $key:literal, $label:literal;)+) => {
        /// Something that Portico itself does and asks a permission for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* $name,)+ }

        impl Action {
            /// Every action, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable key: `users.view`.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)+ }
            }

            /// The words of its row in a table of roles.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }
        }
    };
}

actions! {
    /// Change the organization's own settings.
    OrganizationEdit = "organization.edit", "Edit the organization";
    /// See users and what they may do.
    UsersView = "users.view", "View users";
    /// Send, resend and revoke invites.
    UsersInvite = "users.invite", "Invite users";
    /// Change a user's fields.
    UsersEdit = "users.edit", "Edit users";
    /// Remove users.
    UsersRemove = "users.remove", "Remove users";
    /// Suspend and resume users.
    UsersSuspend = "users.suspend", "Suspend users";
    /// Give and take roles by hand.
    GrantsEdit = "grants.edit", "Edit grants";
    /// See roles and their permissions.
    RolesView = "roles.view", "View roles";
    /// See the registry of resources.
    ResourcesView = "resources.view", "View resources";
    /// Change the registry of resources.
    ResourcesManage = "resources.manage", "Manage resources";
    /// Make a personal token.
    TokensCreate = "tokens.create", "Create personal tokens";
    /// See personal tokens.
    TokensView = "tokens.view", "View personal tokens";
    /// Revoke personal tokens.
    TokensRevoke = "tokens.revoke", "Revoke personal tokens";
    /// Change webhook endpoints.
    WebhooksManage = "webhooks.manage", "Manage webhooks";
    /// Read the feed of events.
    EventsView = "events.view", "View events";
    /// Read the journals of sign-ins and requests.
    JournalsView = "journals.view", "View journals";
    /// Ask for decisions about others.
    DecisionsAsk = "decisions.ask", "Ask for decisions";
    /// Ask who may do something.
    DecisionsSearchSubjects = "decisions.search_subjects", "Search subjects of decisions";
    /// See which grants gave a decision.
    AccessExplain = "access.explain", "Explain access";
    /// Sign in as a user.
    UsersImpersonate = "users.impersonate", "Sign in as a user";
    /// Ask the platform to take a user's whole access anew.
    UsersResync = "users.resync", "Synchronize a user's access";
    /// Change a user's denied permissions.
    UsersAccessSettingsEdit = "users.access_settings.edit", "Edit access settings";
    /// Create sub-users of oneself.
    SubUsersCreate = "sub_users.create", "Create sub-users";
    /// Change the permissions of sub-users.
    SubUsersEdit = "sub_users.edit", "Edit sub-users";
    /// Allocate licences.
    LicencesManage = "licences.manage", "Manage licences";
    /// Read the billing log.
    BillingEventsView = "billing_events.view", "View billing events";
    /// Apply a failed billing event again.
    BillingEventsReplay = "billing_events.replay", "Replay billing events";
    /// Change connections; an identity action.
    ConnectionsManage = "connections.manage", "Manage connections";
    /// Change directories and their tokens; an identity action.
    DirectoriesManage = "directories.manage", "Manage directories";
    /// Claim and verify e-mail domains; an identity action.
    DomainsManage = "domains.manage", "Manage domains";
    /// Change mapping rules; an identity action.
    MappingRulesManage = "mapping_rules.manage", "Manage mapping rules";
    /// Change custom roles; an identity action.
    RolesManage = "roles.manage", "Manage roles";
    /// Make tokens of the organization; an identity action.
    OrgTokensManage = "org_tokens.manage", "Manage organization tokens";
    /// Make break-glass users; an identity action.
    UsersBreakGlass = "users.break_glass", "Make break-glass users";
}

impl Action {
    /// The action under a key.
    #[must_use]
    pub fn by_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.key() == key)
    }

    /// Whether it equals ownership: held by `keep_one` roles and operators alone, never by a
    /// custom role or a personal token.
    #[must_use]
    pub const fn is_identity(self) -> bool {
        matches!(
            self,
            Self::ConnectionsManage
                | Self::DirectoriesManage
                | Self::DomainsManage
                | Self::MappingRulesManage
                | Self::RolesManage
                | Self::OrgTokensManage
                | Self::UsersBreakGlass
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_by_its_key() {
        for action in Action::ALL {
            assert_eq!(Action::by_key(action.key()), Some(*action));
        }
        assert_eq!(Action::by_key("users"), None);
        assert_eq!(Action::ALL.iter().filter(|action| action.is_identity()).count(), 7);
    }
}
