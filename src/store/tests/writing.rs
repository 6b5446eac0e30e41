//! The shared commit of the SQLite writer, and what a write may rely on with either engine.

use futures_util::future::join_all;

use super::values::{awkward, insert};
use super::{Database, on_both_engines};
use crate::domain::organization::Organization;
use crate::store::writer::BATCH_MAX;
use crate::store::{Db, Query, StoreError, Tx, organization};

/// More writes at once than one commit may carry.
const WRITES: usize = BATCH_MAX as usize + 44;
/// Tries until two writes meet in one batch: a busy machine may let the first one go alone.
const TRIES: usize = 200;

async fn is_there(db: &Db, wanted: &Organization) -> bool {
    organization::by_id(&mut db.conn(), wanted.id).await.unwrap().is_some()
}

fn many() -> Vec<Organization> {
    (0..WRITES).map(|n| awkward(&format!("acme-{n}"))).collect()
}

on_both_engines! {
    async fn who_is_answered_finds_the_write_committed(db: Db) {
        let answered = join_all(many().into_iter().map(|new| {
            let db = db.clone();
            tokio::spawn(async move {
                insert(&db, &new).await.unwrap();
                is_there(&db, &new).await
            })
        }));
        assert!(answered.await.into_iter().all(|seen| seen.unwrap()));
    }

    async fn a_refused_write_leaves_no_trace_while_the_others_stand(db: Db) {
        let (first, taken) = (awkward("taken"), awkward("taken"));
        insert(&db, &first).await.unwrap();
        let written = join_all(many().into_iter().enumerate().map(|(n, new)| {
            let (db, taken) = (db.clone(), taken.clone());
            tokio::spawn(async move {
                let mut tx = db.begin().await.unwrap();
                organization::insert(&mut tx.conn(), &new).await.unwrap();
                if n % 3 > 0 {
                    db.keep(tx).await.unwrap();
                    return (true, new);
                }
                let refused = organization::insert(&mut tx.conn(), &taken).await.unwrap_err();
                assert!(matches!(refused, StoreError::Unique(_)), "{refused:?}");
                db.drop_write(tx).await.unwrap();
                (false, new)
            })
        }));
        for done in written.await {
            let (stands, new) = done.unwrap();
            assert_eq!(is_there(&db, &new).await, stands, "{}", new.slug.as_str());
        }
    }

    async fn a_write_that_is_not_ended_leaves_no_trace(db: Db) {
        let (torn, next) = (awkward("torn"), awkward("next"));
        let mut tx = db.begin().await.unwrap();
        organization::insert(&mut tx.conn(), &torn).await.unwrap();
        drop(tx);
        insert(&db, &next).await.unwrap();
        assert!(is_there(&db, &next).await);
        assert!(!is_there(&db, &torn).await);
    }

    async fn a_running_write_is_not_seen_by_readers(db: Db) {
        let new = awkward("acme");
        let mut tx = db.begin().await.unwrap();
        organization::insert(&mut tx.conn(), &new).await.unwrap();
        assert!(!is_there(&db, &new).await);
        db.keep(tx).await.unwrap();
        assert!(is_there(&db, &new).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_wait_for_one_another_share_commits() {
    let database = Database::sqlite();
    let db = database.open().await;
    let before = db.commits().unwrap();
    let written = join_all(many().into_iter().map(|new| {
        let db = db.clone();
        tokio::spawn(async move { insert(&db, &new).await.unwrap() })
    }));
    assert!(written.await.into_iter().all(|done| done.is_ok()));
    let commits = db.commits().unwrap() - before;
    assert!(commits < WRITES as u64, "{commits} commits for {WRITES} writes");
    let least = WRITES.div_ceil(BATCH_MAX as usize) as u64;
    assert!(commits >= least, "a batch held more than {BATCH_MAX} writes");
}

/// Begins a write and a second one behind it, and ends the first: answers the first's answer, still
/// running, and the second. `None` when the first did not share its commit.
async fn two_in_one_batch(
    db: &Db,
    first: &Organization,
) -> Option<(tokio::task::JoinHandle<Result<(), StoreError>>, Tx)> {
    let mut tx = db.begin().await.unwrap();
    let behind = tokio::spawn({
        let db = db.clone();
        async move { db.begin().await.unwrap() }
    });
    // The second must stand in the queue before the first ends.
    tokio::task::yield_now().await;
    organization::insert(&mut tx.conn(), first).await.unwrap();
    let answer = tokio::spawn({
        let db = db.clone();
        async move { db.keep(tx).await }
    });
    let second = behind.await.unwrap();
    if is_there(db, first).await {
        db.drop_write(second).await.unwrap();
        answer.await.unwrap().unwrap();
        return None;
    }
    Some((answer, second))
}

#[tokio::test]
async fn the_first_of_a_batch_waits_for_the_commit_of_the_last() {
    let database = Database::sqlite();
    let db = database.open().await;
    for n in 0..TRIES {
        let first = awkward(&format!("first-{n}"));
        let Some((answer, second)) = two_in_one_batch(&db, &first).await else { continue };
        let before = db.commits().unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(!answer.is_finished(), "the first was answered before the commit");
        // Taking the second back takes nothing from the first.
        db.drop_write(second).await.unwrap();
        answer.await.unwrap().unwrap();
        assert!(is_there(&db, &first).await);
        assert_eq!(db.commits().unwrap(), before + 1);
        return;
    }
    panic!("no two writes met in one batch");
}

#[tokio::test]
async fn a_commit_that_fails_fails_every_write_of_its_batch() {
    let database = Database::sqlite();
    let db = database.open().await;
    for n in 0..TRIES {
        let first = awkward(&format!("first-{n}"));
        let Some((answer, mut second)) = two_in_one_batch(&db, &first).await else { continue };
        // A reference to nothing that is looked at only by the commit.
        let orphan = "insert into tombstones (organization_id, kind, hash, user_id, at)
            values (x'00', 'k', x'00', x'00', 1)";
        for sql in ["pragma defer_foreign_keys = on", orphan] {
            Query::new(second.conn(), sql).execute().await.unwrap();
        }
        let refused = db.keep(second).await.unwrap_err();
        assert!(matches!(refused, StoreError::Commit(_)), "{refused:?}");
        let refused = answer.await.unwrap().unwrap_err();
        assert!(matches!(refused, StoreError::Commit(_)), "{refused:?}");
        assert!(!is_there(&db, &first).await);
        let next = awkward("next");
        insert(&db, &next).await.unwrap();
        assert!(is_there(&db, &next).await);
        return;
    }
    panic!("no two writes met in one batch");
}
