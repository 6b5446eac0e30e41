//! Verbs on users by hand: make, change, suspend, resume, remove.
//!
//! What a directory says of a user is the directory's to change: a hand is refused with the name of
//! the owner. Provisioning has its own verbs and ends users by the same one.

mod bulk;
mod forget;
mod state;

use serde_json::{Map, Value, json};

use super::condition::Condition;
use super::fields::Fields;
use super::grant::{self, GRANTS_MAX};
use super::problem::{Code, Problem};
use super::provision::adopt;
use super::work::Work;
use crate::domain::change::Change;
use crate::domain::event::Happened;
use crate::domain::id::{DirectoryId, UserId};
use crate::domain::organization::is_mail_address;
use crate::domain::platform::LoginType;
use crate::domain::user::{Source, SuspendedBy, User};
use crate::scim::{Resource, fold};
use crate::store::{self, StoreError};

pub use bulk::{REMOVED_MAX, Removed, remove_many};
pub use forget::forget;
pub use state::{end_sessions, erase, erase_from, leave_groups, remove, resume, suspend};

/// Longest login, name, description and foreign reference, in characters.
pub const TEXT_MAX: usize = 200;

/// What a new user is given.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// Her login.
    pub user_name: String,
    /// Her e-mail.
    pub email: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Shown under the name.
    pub description: Option<String>,
    /// How she signs in; `None`: as she likes.
    pub login_type: Option<LoginType>,
    /// Whether an invite must be accepted before she may do anything.
    pub awaited: bool,
    /// Roles to give her.
    pub grants: Vec<grant::New>,
}

/// Makes a user of the organization itself.
///
/// # Errors
/// 422 for fields that do not fit, 409 for a login that is taken.
pub async fn create(work: &mut Work, new: &New) -> Result<User, Problem> {
    super::access::hold_rules(work).await?;
    make(work, new, (Source::Api, None)).await
}

/// The same, whoever makes her, and for a sub-user whose she is; the caller holds the rules.
pub(super) async fn make(
    work: &mut Work,
    new: &New,
    (source, parent): (Source, Option<UserId>),
) -> Result<User, Problem> {
    check(new)?;
    let user = drafted(work, new, (source, parent));
    store::user::insert(&mut work.scope(), &user).await.map_err(taken)?;
    if new.login_type.is_some() {
        store::way_in::set_login_type(&mut work.scope(), user.id, new.login_type).await?;
    }
    if let Some(parent) = parent {
        store::sub_user::set_parent(&mut work.scope(), user.id, parent).await?;
    }
    work.record(Happened::to("user.created", "user", user.id).with("source", user.source.as_str()));
    let keys = (fold(&user.user_name), user.email.as_deref().map(fold));
    let keys = (keys.0.as_str(), keys.1.as_deref());
    let met = store::duplicate::meeting(&mut work.scope(), keys, None, adopt::MET_MAX).await?;
    adopt::tell(work, &user, met.into_iter().map(|one| (one, None)).collect()).await?;
    work.changed(Change::User(user.id));
    for (at, new) in new.grants.iter().enumerate() {
        grant::give_held(work, user.id, new, &format!("/grants/{at}")).await?;
    }
    grant::tell(work, user.id, &std::collections::BTreeSet::new()).await?;
    Ok(user)
}

/// A user as she is described, not yet written.
pub(super) fn drafted(work: &Work, new: &New, (source, parent): (Source, Option<UserId>)) -> User {
    let mut user = User {
        id: work.id(),
        directory: None,
        source,
        user_name: String::new(),
        external_id: None,
        email: None,
        display_name: None,
        first_name: None,
        last_name: None,
        description: new.description.clone(),
        external_ref: None,
        suspended_by: SuspendedBy::default().awaited(new.awaited),
        document: String::new(),
        version: 1,
        created_at: work.at,
        updated_at: work.at,
        last_sign_in_at: None,
        login_type: new.login_type,
        invite_ends_at: None,
        break_glass: false,
        parent,
    };
    user.describe(&Resource::from_stored(document(new)));
    user
}

fn check(new: &New) -> Result<(), Problem> {
    let mut fields = Fields::new();
    fields.text("/user_name", &new.user_name, TEXT_MAX);
    fields.optional_text("/first_name", new.first_name.as_deref(), TEXT_MAX);
    fields.optional_text("/last_name", new.last_name.as_deref(), TEXT_MAX);
    fields.optional_text("/description", new.description.as_deref(), TEXT_MAX);
    if new.email.as_deref().is_some_and(|email| !is_mail_address(email)) {
        fields.wrong("/email", "email", "This is not a mail address.");
    }
    if new.grants.len() > GRANTS_MAX {
        fields.wrong("/grants", "length", format!("At most {GRANTS_MAX} roles are given at once."));
    }
    fields.done()
}

/// Her profile in the words of SCIM, as every user has one.
fn document(new: &New) -> Map<String, Value> {
    let mut document = Map::new();
    document.insert("userName".to_owned(), json!(new.user_name));
    set_name(&mut document, "givenName", new.first_name.as_deref());
    set_name(&mut document, "familyName", new.last_name.as_deref());
    if let Some(email) = &new.email {
        let email = json!([{"value": email, "type": "work", "primary": true}]);
        document.insert("emails".to_owned(), email);
    }
    document
}

fn set_name(document: &mut Map<String, Value>, part: &str, value: Option<&str>) {
    let name = document.entry("name").or_insert_with(|| json!({}));
    if let Some(name) = name.as_object_mut() {
        set(name, part, value);
        if name.is_empty() {
            document.shift_remove("name");
        }
    }
}

fn set(fields: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    match value {
        Some(value) => {
            fields.insert(name.to_owned(), json!(value));
        }
        None => {
            fields.shift_remove(name);
        }
    }
}

fn taken(error: StoreError) -> Problem {
    match error {
        StoreError::Unique(_) => {
            Problem::new(Code::Conflict, "A user of the organization has this login already.")
        }
        other => other.into(),
    }
}

/// A change of a user: what is `None` stays, `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// Given name.
    pub first_name: Option<Option<String>>,
    /// Family name.
    pub last_name: Option<Option<String>>,
    /// The name to be shown.
    pub display_name: Option<Option<String>>,
    /// Shown under the name.
    pub description: Option<Option<String>>,
    /// The platform's own id.
    pub external_ref: Option<Option<String>>,
}

impl Patch {
    fn check(&self) -> Result<(), Problem> {
        let mut fields = Fields::new();
        for (pointer, value) in [
            ("/first_name", &self.first_name),
            ("/last_name", &self.last_name),
            ("/display_name", &self.display_name),
            ("/description", &self.description),
            ("/external_ref", &self.external_ref),
        ] {
            let value = value.as_ref().and_then(Option::as_deref);
            fields.optional_text(pointer, value, TEXT_MAX);
        }
        fields.done()
    }

    /// The names of the fields that would differ.
    fn differences(&self, user: &User) -> Vec<&'static str> {
        let differs = |new: &Option<Option<String>>, old: &Option<String>| {
            new.as_ref().is_some_and(|new| new != old)
        };
        [
            ("first_name", differs(&self.first_name, &user.first_name)),
            ("last_name", differs(&self.last_name, &user.last_name)),
            ("display_name", differs(&self.display_name, &user.display_name)),
            ("description", differs(&self.description, &user.description)),
            ("external_ref", differs(&self.external_ref, &user.external_ref)),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }

    fn over(&self, user: &User) -> User {
        let mut changed = user.clone();
        let mut document = changed.resource().into_map();
        let text = |value: &Option<String>| value.clone();
        if let Some(value) = &self.first_name {
            set_name(&mut document, "givenName", value.as_deref());
        }
        if let Some(value) = &self.last_name {
            set_name(&mut document, "familyName", value.as_deref());
        }
        if let Some(value) = &self.display_name {
            set(&mut document, "displayName", value.as_deref());
        }
        // What a directory owns was refused before; its users' documents stay as they are.
        if user.directory.is_none() {
            changed.describe(&Resource::from_stored(document));
        }
        changed.description = self.description.as_ref().map_or(changed.description, text);
        changed.external_ref = self.external_ref.as_ref().map_or(changed.external_ref, text);
        changed
    }
}

/// What a directory owns of its users.
const OF_DIRECTORY: &[&str] = &["first_name", "last_name", "display_name"];

/// Changes a user by hand.
///
/// # Errors
/// 404, 412 when she changed meanwhile, 422 for fields that do not fit, 409 `managed-elsewhere` for
/// a field that her directory owns.
pub async fn change(
    work: &mut Work,
    id: UserId,
    condition: &Condition,
    patch: &Patch,
) -> Result<User, Problem> {
    patch.check()?;
    let found = load(work, id).await?;
    condition.meet(found.version)?;
    let attributes = patch.differences(&found);
    if attributes.is_empty() {
        return Ok(found);
    }
    let locked = attributes.iter().find(|name| OF_DIRECTORY.contains(name));
    if let (Some(name), Some(directory)) = (locked, found.directory) {
        return Err(managed(work, directory, name).await?);
    }
    let changed = User { updated_at: work.at, ..patch.over(&found) };
    if !store::user::update(&mut work.scope(), &found, &changed).await? {
        return Err(Problem::stale());
    }
    work.record(Happened::to("user.updated", "user", id).with("attributes", attributes));
    Ok(User { version: found.version + 1, ..changed })
}

async fn managed(work: &mut Work, directory: DirectoryId, field: &str) -> Result<Problem, Problem> {
    let owner = store::directory::by_id(&mut work.scope(), directory).await?;
    let name = owner.map_or_else(String::new, |owner| format!(" `{}`", owner.name));
    let detail = format!("The directory{name} ({directory}) owns {field}: change it there.");
    Ok(Problem::new(Code::ManagedElsewhere, detail))
}

async fn load(work: &mut Work, id: UserId) -> Result<User, Problem> {
    let found = store::user::by_id(&mut work.scope(), id).await?;
    found.ok_or_else(|| Problem::not_found("user"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_user_is_described_in_the_words_of_scim() {
        let new = New {
            user_name: "ada".to_owned(),
            email: Some("ada@example.com".to_owned()),
            last_name: Some("Lovelace".to_owned()),
            ..New::default()
        };
        let document = document(&new);
        let expected = json!({"userName": "ada", "name": {"familyName": "Lovelace"}, "emails":
            [{"value": "ada@example.com", "type": "work", "primary": true}]});
        assert_eq!(Value::Object(document), expected);
        assert!(!super::document(&New::default()).contains_key("name"));
    }

    #[test]
    fn a_new_users_fields_are_checked_at_their_edges() {
        let named = |length: usize| New { user_name: "n".repeat(length), ..New::default() };
        assert!(check(&named(TEXT_MAX)).is_ok());
        assert!(check(&named(TEXT_MAX + 1)).is_err());
        let with = |count| New { grants: vec![grant::New::default(); count], ..named(1) };
        assert!(check(&with(GRANTS_MAX)).is_ok());
        assert!(check(&with(GRANTS_MAX + 1)).is_err());
        assert!(check(&New { email: Some("nobody".to_owned()), ..named(1) }).is_err());
    }
}
