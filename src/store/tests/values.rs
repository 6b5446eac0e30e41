//! Values come back as they were written, and refusals have one name, on both engines.

use sqlx::FromRow;
use uuid::Uuid;

use super::on_both_engines;
use crate::domain::id::OrganizationId;
use crate::domain::organization::{Kind, Organization, Settings, Slug, Status};
use crate::domain::time::{Rng, Timestamp};
use crate::store::{Db, Query, StoreError, Tx, UniqueKey, organization};

/// An organization with a slug and awkward values.
pub(super) fn awkward(slug: &str) -> Organization {
    Organization {
        id: Rng.id(Timestamp(1_700_000_000_000_000)),
        slug: Slug::parse(slug).unwrap(),
        name: "O'Hara \"&\" Söhne $1 %_ \\ 株式会社 \u{1F3D7}".to_owned(),
        kind: Kind::Customer,
        external_ref: None,
        status: Status::Suspended,
        settings: Settings {
            session_idle_s: i64::MAX,
            technical_contacts: vec!["ä@example.com".to_owned()],
            ..Settings::default()
        },
        version: 1,
        created_at: Timestamp(-1),
        updated_at: Timestamp(i64::MAX),
        deleted_at: None,
    }
}

/// Runs one write that must stand.
pub(super) async fn insert(db: &Db, new: &Organization) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    match organization::insert(&mut tx.conn(), new).await {
        Ok(()) => db.keep(tx).await,
        Err(error) => {
            db.drop_write(tx).await?;
            Err(error)
        }
    }
}

async fn execute(tx: &mut Tx, sql: &'static str, owner: OrganizationId) -> Result<(), StoreError> {
    Query::new(tx.conn(), sql).bind(owner.0).bind(Rng.id::<Uuid>(Timestamp(1))).execute().await?;
    Ok(())
}

#[tokio::test]
async fn a_text_that_postgres_cannot_keep_is_the_callers_fault() {
    let database = super::Database::postgres().await;
    let db = database.open().await;
    let nul = Organization { name: "\0".to_owned(), ..awkward("acme") };
    let refused = insert(&db, &nul).await.unwrap_err();
    assert!(matches!(refused, StoreError::Text), "{refused:?}");
}

#[derive(Debug, PartialEq, FromRow)]
struct Values {
    id: Uuid,
    enabled: bool,
    directory_id: Option<Uuid>,
    position: i64,
    definition: String,
}

on_both_engines! {
    async fn an_organization_comes_back_as_it_was_written(db: Db) {
        let new = awkward("acme");
        insert(&db, &new).await.unwrap();
        let found = organization::by_id(&mut db.conn(), new.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&new));
        let found = organization::by_slug(&mut db.conn(), &new.slug).await.unwrap();
        assert_eq!(found, Some(new));
    }

    async fn booleans_nulls_and_the_widest_numbers_come_back(db: Db) {
        let owner = awkward("acme");
        insert(&db, &owner).await.unwrap();
        for (enabled, position) in [(true, i64::MAX), (false, i64::MIN)] {
            let id = Rng.id::<Uuid>(Timestamp(1));
            let definition = "{\"when\":\"a eq \\\"b\\\"\"}".to_owned();
            let mut tx = db.begin().await.unwrap();
            Query::new(
                tx.conn(),
                "insert into mapping_rules (organization_id, id, name, position, enabled,
                    directory_id, definition, version, created_at, updated_at)
                 values ($1, $2, 'rule', $3, $4, $5, $6, 1, 1, 1)",
            )
            .bind(owner.id.0)
            .bind(id)
            .bind(position)
            .bind(enabled)
            .bind(None::<Uuid>)
            .bind(definition.clone())
            .execute()
            .await
            .unwrap();
            db.keep(tx).await.unwrap();
            let found = Query::new(
                db.conn(),
                "select id, enabled, directory_id, position, definition
                 from mapping_rules
                 where id = $1",
            )
            .bind(id)
            .one::<Values>()
            .await
            .unwrap();
            let written = Values { id, enabled, directory_id: None, position, definition };
            assert_eq!(found, written);
        }
    }

    async fn a_unique_violation_has_one_name(db: Db) {
        let (first, second) = (awkward("acme"), awkward("acme"));
        insert(&db, &first).await.unwrap();
        let refused = insert(&db, &second).await.unwrap_err();
        let key = UniqueKey("organizations_slug_key");
        assert!(matches!(&refused, StoreError::Unique(broken) if *broken == key), "{refused:?}");
    }

    async fn a_violation_of_a_partial_key_has_one_name(db: Db) {
        const CLAIM: &str = "insert into domains (organization_id, id, name, state, challenge,
                verified_at, created_at)
            values ($1, $2, 'example.com', 'verified', '', 1, 1)";
        let (first, second) = (awkward("acme"), awkward("globex"));
        insert(&db, &first).await.unwrap();
        insert(&db, &second).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        execute(&mut tx, CLAIM, first.id).await.unwrap();
        let refused = execute(&mut tx, CLAIM, second.id).await.unwrap_err();
        db.drop_write(tx).await.unwrap();
        let key = UniqueKey("domains_owner_key");
        assert!(matches!(&refused, StoreError::Unique(broken) if *broken == key), "{refused:?}");
    }

    async fn a_reference_to_nothing_is_told_apart(db: Db) {
        const ORPHAN: &str = "insert into domains (organization_id, id, name, state, challenge,
                created_at)
            values ($1, $2, 'example.com', 'pending', '', 1)";
        let mut tx = db.begin().await.unwrap();
        let refused = execute(&mut tx, ORPHAN, OrganizationId(Uuid::nil())).await.unwrap_err();
        db.drop_write(tx).await.unwrap();
        assert!(matches!(refused, StoreError::Reference), "{refused:?}");
    }

    async fn a_stale_version_writes_nothing(db: Db) {
        let new = awkward("acme");
        insert(&db, &new).await.unwrap();
        let stale = Organization { version: 7, name: "Other".to_owned(), ..new.clone() };
        let mut tx = db.begin().await.unwrap();
        let scope = &mut crate::store::Scope::new(tx.conn(), new.id);
        assert!(!organization::update(scope, &stale).await.unwrap());
        db.keep(tx).await.unwrap();
        assert_eq!(organization::by_id(&mut db.conn(), new.id).await.unwrap(), Some(new));
    }
}
