//! The events of one person are found in the whole feed, in parts.

use serde_json::Map;

use super::on_both_engines;
use super::values::{awkward, insert};
use crate::domain::actor::ActorRef;
use crate::domain::event::Event;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::time::{Rng, Timestamp};
use crate::store::{Db, Scope, event};

/// Events of a feed; every third is about her, every fifth done by her.
const EVENTS: i64 = 40;

fn told(organization: OrganizationId, user: UserId, at: i64) -> Event {
    let other = UserId(uuid::Uuid::nil());
    let of = |hers: bool| if hers { user } else { other };
    Event {
        id: Rng.id(Timestamp(at)),
        organization_id: organization,
        name: "user.updated",
        occurred_at: Timestamp(at),
        actor: ActorRef { kind: "user".to_owned(), id: Some(of(at % 5 == 0).to_string()) },
        token_id: None,
        request_id: None,
        subject: ("user", of(at % 3 == 0).to_string()),
        data: Map::new(),
    }
}

/// The instants of her events, as many as are asked for, looked for in parts.
async fn found(
    db: &Db,
    (organization, user): (OrganizationId, UserId),
    how: (i64, i64),
) -> Vec<i64> {
    let scope = &mut Scope::new(db.conn(), organization);
    let found = event::of_person(scope, user, how).await.unwrap();
    found.iter().map(|event| event.occurred_at.0).collect()
}

on_both_engines! {
    async fn whatever_the_parts_she_is_found_in_the_whole_feed(db: Db) {
        let (acme, globex) = (awkward("acme"), awkward("globex"));
        let user: UserId = Rng.id(Timestamp(0));
        for new in [&acme, &globex] {
            insert(&db, new).await.unwrap();
            assert_eq!(found(&db, (new.id, user), (100, 7)).await, [0; 0]);
        }
        for at in 1..=EVENTS {
            let mut tx = db.begin().await.unwrap();
            let scope = &mut Scope::new(tx.conn(), acme.id);
            event::insert(scope, (&[told(acme.id, user, at)], ""), &[]).await.unwrap();
            db.keep(tx).await.unwrap();
            // PostgreSQL places events after their commit.
            let mut tx = db.begin().await.unwrap();
            event::place(&mut tx.conn(), 100).await.unwrap();
            db.keep(tx).await.unwrap();
        }
        let hers: Vec<i64> = (1..=EVENTS).filter(|at| at % 3 == 0 || at % 5 == 0).collect();
        for part in [1, 7, EVENTS, 1_000] {
            assert_eq!(found(&db, (acme.id, user), (100, part)).await, hers);
            // Where there are more than fit, the newest are told.
            assert_eq!(found(&db, (acme.id, user), (4, part)).await, hers[hers.len() - 4..]);
            assert_eq!(found(&db, (globex.id, user), (100, part)).await, [0; 0]);
        }
    }
}
