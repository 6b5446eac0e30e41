//! What a caller of [`Runner::write`](portico::flow::runner::Runner::write) may rely on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portico::domain::actor::Actor;
use portico::domain::event::Happened;
use portico::domain::id::OrganizationId;
use portico::domain::organization::{Kind, Organization, Settings};
use portico::flow::noted;
use portico::flow::organization::{self, New};
use portico::flow::patience::Patience;
use portico::flow::problem::{Code, Problem};
use portico::flow::runner::RUNS_MAX;
use portico::flow::work::Work;
use portico::scim::Tolerance;
use portico::store::{self, StoreError};
use tokio::sync::Barrier;

use crate::support::TestApp;

fn new(slug: &str) -> New {
    New {
        name: slug.to_owned(),
        slug: slug.to_owned(),
        kind: Kind::Customer,
        external_ref: None,
        settings: Settings::default(),
    }
}

async fn make(app: &TestApp, slug: &str) -> Result<Organization, Problem> {
    let (runner, new) = (app.app.runner.clone(), new(slug));
    runner
        .write(Actor::System, runner.id(), move |work| {
            let new = new.clone();
            Box::pin(async move { organization::create(work, &new).await })
        })
        .await
}

async fn find(app: &TestApp, id: OrganizationId) -> Option<Organization> {
    store::organization::by_id(&mut app.app.runner.db.conn(), id).await.unwrap()
}

async fn rename(work: &mut Work, id: OrganizationId, name: &str) -> Result<(), Problem> {
    let found = store::organization::by_id(&mut work.conn(), id).await?.unwrap();
    let changed = Organization { name: format!("{}{name}", found.name), ..found };
    store::organization::update(&mut store::Scope::new(work.conn(), id), &changed).await?;
    Ok(())
}

on_both_engines! {
    async fn a_verb_that_panics_is_a_500_and_the_next_write_works(app: TestApp) {
        let runner = app.app.runner.clone();
        let id: OrganizationId = runner.id();
        let panicked = runner
            .write(Actor::System, id, move |work| {
                Box::pin(async move {
                    organization::create(work, &new("doomed")).await?;
                    assert!(work.organization != id, "a fault of ours");
                    Ok(())
                })
            })
            .await
            .unwrap_err();
        assert_eq!(panicked.code, Code::Internal);
        assert_eq!(find(&app, id).await, None);
        let next = make(&app, "doomed").await.unwrap();
        assert_eq!(find(&app, next.id).await, Some(next));
    }

    async fn a_verb_that_refuses_leaves_neither_rows_nor_events_nor_jobs(app: TestApp) {
        let runner = app.app.runner.clone();
        let id: OrganizationId = runner.id();
        let refused = runner
            .write(Actor::System, id, move |work| {
                Box::pin(async move {
                    organization::create(work, &new("refused")).await?;
                    work.enqueue("mail", "key", serde_json::Value::Null).await?;
                    Err::<(), _>(Problem::new(Code::Conflict, "No."))
                })
            })
            .await
            .unwrap_err();
        assert_eq!(refused.code, Code::Conflict);
        assert_eq!(find(&app, id).await, None);
        assert_eq!(store::outbox::count(&mut runner.db.conn()).await.unwrap(), 0);
    }

    async fn a_write_that_always_loses_is_given_up_as_unavailable(app: TestApp) {
        let runner = app.app.runner.clone();
        let (runs, id) = (Arc::new(AtomicUsize::new(0)), runner.id());
        let counted = Arc::clone(&runs);
        let lost = runner
            .write(Actor::System, id, move |work| {
                let runs = Arc::clone(&counted);
                Box::pin(async move {
                    runs.fetch_add(1, Ordering::SeqCst);
                    organization::create(work, &new("lost")).await?;
                    Err::<(), _>(StoreError::Again(sqlx::Error::WorkerCrashed).into())
                })
            })
            .await
            .unwrap_err();
        assert_eq!(lost.code, Code::Unavailable);
        assert!(lost.retry_after_s.is_some());
        assert_eq!(runs.load(Ordering::SeqCst), RUNS_MAX);
        assert_eq!(find(&app, id).await, None);
    }

    async fn a_write_that_loses_once_is_run_again(app: TestApp) {
        let runner = app.app.runner.clone();
        let (runs, id) = (Arc::new(AtomicUsize::new(0)), runner.id());
        let made = runner
            .write(Actor::System, id, move |work| {
                let runs = Arc::clone(&runs);
                Box::pin(async move {
                    let made = organization::create(work, &new("again")).await?;
                    if runs.fetch_add(1, Ordering::SeqCst) == 0 {
                        return Err(StoreError::Again(sqlx::Error::WorkerCrashed).into());
                    }
                    Ok(made)
                })
            })
            .await
            .unwrap();
        assert_eq!(find(&app, id).await, Some(made));
    }

    async fn a_part_that_is_refused_leaves_nothing_and_the_work_goes_on(app: TestApp) {
        let runner = app.app.runner.clone();
        let id = make(&app, "one").await.unwrap().id;
        let taken = make(&app, "taken").await.unwrap();
        let refusals = runner
            .write(Actor::System, id, move |work| {
                let taken = taken.clone();
                Box::pin(async move {
                    let spoiled = work.part(move |work| {
                        Box::pin(async move {
                            rename(work, id, "-gone").await?;
                            work.enqueue("mail", "key", serde_json::Value::Null).await?;
                            work.record(Happened::to("test.gone", "organization", id));
                            // The statement itself fails, not only the verb.
                            let other = Organization { id: work.id(), ..taken };
                            store::organization::insert(&mut work.conn(), &other).await?;
                            Ok::<_, Problem>(())
                        })
                    });
                    let spoiled = spoiled.await?.unwrap_err();
                    let within = work.part(move |work| {
                        Box::pin(async move {
                            rename(work, id, "-kept").await?;
                            work.record(Happened::to("test.kept", "organization", id));
                            let inner = work.part(move |work| {
                                Box::pin(async move {
                                    rename(work, id, "-inner").await?;
                                    Err::<(), _>(Problem::not_found("nothing"))
                                })
                            });
                            Ok::<_, Problem>(inner.await?.unwrap_err().code)
                        })
                    });
                    Ok((spoiled.code, within.await??))
                })
            })
            .await
            .unwrap();
        assert_eq!(refusals, (Code::Conflict, Code::NotFound));
        assert_eq!(find(&app, id).await.unwrap().name, "one-kept");
        assert_eq!(store::outbox::count(&mut runner.db.conn()).await.unwrap(), 0);
        app.run_worker().await;
        let mut scope = runner.read(id);
        let events = store::event::after(&mut scope, 0, &[], 100).await.unwrap();
        let told: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
        assert!(told.contains(&"test.kept") && !told.contains(&"test.gone"), "{told:?}");
    }

    async fn a_part_that_loses_a_race_runs_the_whole_work_again(app: TestApp) {
        let runner = app.app.runner.clone();
        let id = make(&app, "one").await.unwrap().id;
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let done = runner.write(Actor::System, id, move |work| {
            let runs = Arc::clone(&counted);
            Box::pin(async move {
                rename(work, id, "-again").await?;
                let part = work.part(move |_| {
                    Box::pin(async move {
                        match runs.fetch_add(1, Ordering::SeqCst) {
                            0 => Err(StoreError::Again(sqlx::Error::WorkerCrashed).into()),
                            _ => Ok::<_, Problem>(()),
                        }
                    })
                });
                part.await?
            })
        });
        done.await.unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 2);
        assert_eq!(find(&app, id).await.unwrap().name, "one-again");
    }

    async fn notes_of_a_write_that_is_run_again_are_taken_once(app: TestApp) {
        let (runner, runs) = (app.app.runner.clone(), Arc::new(AtomicUsize::new(0)));
        let write = runner.write(Actor::System, runner.id(), move |work| {
            let runs = Arc::clone(&runs);
            Box::pin(async move {
                work.notes.dropped("shoeSize");
                if runs.fetch_add(1, Ordering::SeqCst) == 0 {
                    work.notes.used(Tolerance::WordBoolean);
                    return Err(StoreError::Again(sqlx::Error::WorkerCrashed).into());
                }
                Err::<(), _>(Problem::not_found("user"))
            })
        });
        let (refused, notes) = noted::collect(write).await;
        assert_eq!(refused.unwrap_err().code, Code::NotFound);
        assert_eq!(notes.dropped_names(), ["shoeSize"]);
        assert!(!notes.has(Tolerance::WordBoolean));
    }

    async fn a_write_that_was_given_up_is_taken_back_and_the_next_one_stands_e24(app: TestApp) {
        let (runner, patience) = (app.app.runner.clone(), Patience::default());
        let (id, begun): (OrganizationId, _) = (runner.id(), Arc::new(AtomicUsize::new(0)));
        for _ in 0..2 {
            let (given, begun) = (patience.clone(), Arc::clone(&begun));
            let written = patience.with(runner.write(Actor::System, id, move |work| {
                let given = given.clone();
                begun.fetch_add(1, Ordering::SeqCst);
                Box::pin(async move {
                    let made = organization::create(work, &new("gone")).await.map(drop);
                    assert!(given.give_up());
                    made
                })
            }));
            // What is given up before it begins is not even run.
            assert_eq!(written.await.unwrap_err().code, Code::Unavailable);
        }
        assert_eq!(begun.load(Ordering::SeqCst), 1);
        assert!(find(&app, id).await.is_none());
        make(&app, "gone").await.unwrap();
    }

    async fn a_write_outlives_the_caller_who_went_away(app: TestApp) {
        let runner = app.app.runner.clone();
        let id: OrganizationId = runner.id();
        let (reached, held) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let caller = tokio::spawn({
            let (reached, held) = (Arc::clone(&reached), Arc::clone(&held));
            async move {
                runner
                    .write(Actor::System, id, move |work| {
                        let (reached, held) = (Arc::clone(&reached), Arc::clone(&held));
                        Box::pin(async move {
                            reached.wait().await;
                            held.wait().await;
                            organization::create(work, &new("kept")).await.map(drop)
                        })
                    })
                    .await
            }
        });
        reached.wait().await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        held.wait().await;
        // A later write stands behind it; PostgreSQL may need a moment more.
        for _ in 0..200 {
            if find(&app, id).await.is_some() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("the write was torn");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writes_that_lock_each_other_out_on_postgres_both_stand() {
    let app = TestApp::postgres().await;
    let (one, other) = (make(&app, "one").await.unwrap(), make(&app, "other").await.unwrap());
    let (both, runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let cross = |first: OrganizationId, second: OrganizationId, name: &'static str| {
        let (runner, both, runs) = (app.app.runner.clone(), Arc::clone(&both), Arc::clone(&runs));
        async move {
            runner
                .write(Actor::System, first, move |work| {
                    let (both, runs) = (Arc::clone(&both), Arc::clone(&runs));
                    Box::pin(async move {
                        rename(work, first, name).await?;
                        if runs.fetch_add(1, Ordering::SeqCst) < 2 {
                            both.wait().await;
                        }
                        rename(work, second, name).await
                    })
                })
                .await
        }
    };
    let (left, right) =
        tokio::join!(cross(one.id, other.id, "-left"), cross(other.id, one.id, "-right"));
    left.unwrap();
    right.unwrap();
    assert!(runs.load(Ordering::SeqCst) > 2, "nothing was run again");
    for id in [one.id, other.id] {
        let name = find(&app, id).await.unwrap().name;
        assert!(name.contains("-left") && name.contains("-right"), "{name}");
    }
}
