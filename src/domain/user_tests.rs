//! Users: who suspends, who waits, and what is indexed of a document.

use serde_json::json;

use super::*;
use crate::domain::time::Rng;

fn resource(document: &Value) -> Resource {
    Resource::from_stored(document.as_object().unwrap().clone())
}

fn user(document: &Value) -> User {
    let (id, directory) = (Rng.id(Timestamp(1)), Rng.id(Timestamp(1)));
    User::provisioned(id, directory, &resource(document), Timestamp(1))
}

#[test]
fn the_work_address_is_her_e_mail_before_the_primary_one() {
    let ada = user(&json!({"userName": "ada", "emails": [
        {"value": "h@x", "type": "home", "primary": true}, {"value": "w@x", "type": "Work"}]}));
    assert_eq!(ada.email.as_deref(), Some("w@x"));
    let bob = user(&json!({"userName": "bob", "emails": [
        {"value": "a@x"}, {"value": "p@x", "primary": true}]}));
    assert_eq!(bob.email.as_deref(), Some("p@x"));
    assert_eq!(user(&json!({"userName": "eve"})).email, None);
}

#[test]
fn active_sets_and_clears_the_mark_of_the_directory_alone() {
    let mut ada = user(&json!({"userName": "ada", "active": false}));
    ada.suspended_by = ada.suspended_by.with(Suspender::Admin, true);
    assert_eq!(ada.suspended_by.words(), ["directory", "admin"]);
    ada.describe(&resource(&json!({"userName": "ada", "active": true})));
    assert_eq!(ada.suspended_by.words(), ["admin"]);
    assert!(!ada.is_enabled());
    assert_eq!(ada.status(Timestamp(1)), Status::Suspended);
}

#[test]
fn a_user_is_active_only_after_her_first_sign_in() {
    let mut ada = user(&json!({"userName": "ada", "active": true}));
    assert_eq!(ada.status(Timestamp(1)), Status::Provisioned);
    ada.last_sign_in_at = Some(Timestamp(2));
    assert_eq!(ada.status(Timestamp(3)), Status::Active);
}

#[test]
fn an_invite_waits_until_it_ends_and_a_suspension_is_told_before_it() {
    let mut ada = user(&json!({"userName": "ada"}));
    ada.suspended_by = ada.suspended_by.awaited(true);
    ada.invite_ends_at = Some(Timestamp(5));
    assert!(!ada.is_enabled() && ada.suspended_by.words().is_empty());
    assert_eq!(ada.status(Timestamp(4)), Status::InvitePending);
    assert_eq!(ada.status(Timestamp(5)), Status::InviteExpired);
    ada.suspended_by = ada.suspended_by.with(Suspender::Admin, true);
    assert_eq!(ada.status(Timestamp(4)), Status::Suspended);
    ada.suspended_by = ada.suspended_by.with(Suspender::Admin, false).awaited(false);
    assert!(ada.is_enabled());
}

#[test]
fn addresses_are_indexed_by_key_once_and_by_type() {
    let document = json!({"emails": [{"value": "A@x", "type": "work"}, {"value": "a@X"}]});
    let values = index_values(&resource(&document));
    let expected = [(EMAILS, "a@x".to_owned()), (WORK_EMAILS, "a@x".to_owned())];
    assert_eq!(values.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn changed_attributes_are_named_and_their_values_are_not() {
    let (old, new) = (
        json!({"schemas": ["a"], "title": "x", "urn:e:User": {"department": "d", "c": "1"}}),
        json!({"schemas": [], "active": true, "urn:e:User": {"department": "e", "c": "1"}}),
    );
    let names = changed_attributes(old.as_object().unwrap(), new.as_object().unwrap());
    assert_eq!(names, ["active", "title", "urn:e:User:department"]);
}
