//! Every statement of the store, so that one test can prepare them all on both engines.

/// A file of the store and its statements, by name.
type Listed = (&'static str, &'static [(&'static str, &'static str)]);

/// All files that declare statements.
pub(super) const ALL: &[Listed] = &[
    ("access_settings", super::access_settings::STATEMENTS),
    ("change", super::change::STATEMENTS),
    ("client_token", super::client_token::STATEMENTS),
    ("connection", super::connection::STATEMENTS),
    ("directory", super::directory::STATEMENTS),
    ("directory_client", super::directory_client::STATEMENTS),
    ("directory_token", super::directory_token::STATEMENTS),
    ("domain", super::domain::STATEMENTS),
    ("duplicate", super::duplicate::STATEMENTS),
    ("expiry", super::expiry::STATEMENTS),
    ("event", super::event::STATEMENTS),
    ("exchange", super::exchange::STATEMENTS),
    ("grant", super::grant::STATEMENTS),
    ("held_loss", super::held_loss::STATEMENTS),
    ("holder", super::holder::STATEMENTS),
    ("idempotency", super::idempotency::STATEMENTS),
    ("lease", super::lease::STATEMENTS),
    ("filter", super::filter::STATEMENTS),
    ("group", super::group::STATEMENTS),
    ("guest", super::guest::STATEMENTS),
    ("health", super::health::STATEMENTS),
    ("identity", super::identity::STATEMENTS),
    ("installation", super::installation::STATEMENTS),
    ("licence", super::licence::STATEMENTS),
    ("login", super::login::STATEMENTS),
    ("member", super::member::STATEMENTS),
    ("migrate", super::migrate::STATEMENTS),
    ("nesting", super::nesting::STATEMENTS),
    ("organization", super::organization::STATEMENTS),
    ("operator_token", super::operator_token::STATEMENTS),
    ("outbox", super::outbox::STATEMENTS),
    ("owner", super::owner::STATEMENTS),
    ("place", super::place::STATEMENTS),
    ("pending", super::pending::STATEMENTS),
    ("profile", super::profile::STATEMENTS),
    ("removal", super::removal::STATEMENTS),
    ("resource", super::resource::STATEMENTS),
    ("role", super::role::STATEMENTS),
    ("rule", super::rule::STATEMENTS),
    ("rule_set", super::rule_set::STATEMENTS),
    ("session", super::session::STATEMENTS),
    ("sign_in", super::sign_in::STATEMENTS),
    ("sweep", super::sweep::STATEMENTS),
    ("unresolved", super::unresolved::STATEMENTS),
    ("sub_user", super::sub_user::STATEMENTS),
    ("tombstone", super::tombstone::STATEMENTS),
    ("user", super::user::STATEMENTS),
    ("user_list", super::user_list::STATEMENTS),
];

/// A file of the store and its statements that differ by engine, by name.
type ListedByEngine = (&'static str, &'static [(&'static str, super::dialect::ByEngine)]);

/// All files that declare statements which differ by engine.
pub(super) const BY_ENGINE: &[ListedByEngine] = &[
    ("change", super::change::BY_ENGINE),
    ("event", super::event::BY_ENGINE),
    ("grant", super::grant::BY_ENGINE),
    ("exchange", super::exchange::BY_ENGINE),
    ("facts", super::facts::BY_ENGINE),
    ("filter", super::filter::BY_ENGINE),
    ("group", super::group::BY_ENGINE),
    ("identity", super::identity::BY_ENGINE),
    ("member", super::member::BY_ENGINE),
    ("nesting", super::nesting::BY_ENGINE),
    ("removal", super::removal::BY_ENGINE),
    ("organization", super::organization::BY_ENGINE),
    ("place", super::place::BY_ENGINE),
    ("pending", super::pending::BY_ENGINE),
    ("user", super::user::BY_ENGINE),
    ("user_batch", super::user_batch::BY_ENGINE),
];
