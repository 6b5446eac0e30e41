//! Every statement of the store, so that one test can prepare them all on both engines.

/// A file of the store and its statements, by name.
type Listed = (&'static str, &'static [(&'static str, &'static str)]);

/// All files that declare statements.
pub(super) const ALL: &[Listed] = &[
    ("change", super::change::STATEMENTS),
    ("directory", super::directory::STATEMENTS),
    ("directory_token", super::directory_token::STATEMENTS),
    ("domain", super::domain::STATEMENTS),
    ("event", super::event::STATEMENTS),
    ("migrate", super::migrate::STATEMENTS),
    ("organization", super::organization::STATEMENTS),
    ("operator_token", super::operator_token::STATEMENTS),
    ("outbox", super::outbox::STATEMENTS),
    ("owner", super::owner::STATEMENTS),
];
