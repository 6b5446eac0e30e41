//! A directory that takes the last holder of a role away: it is applied, and told (S26).

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::world::World;
use crate::support::TestApp;

async fn give(acme: &World<'_>, user: &str, role: &str) {
    let path = format!("/api/v1/users/{user}/grants");
    acme.operator.post(&path, json!({"role": role})).await.expect(201);
}

async fn vacant(acme: &World<'_>) -> Vec<Value> {
    acme.events("organization.role_vacant", &acme.organization).await
}

on_both_engines! {
    async fn the_last_holder_who_is_deactivated_goes_and_it_is_told_s26(app: TestApp) {
        let acme = World::new(&app).await;
        let (ada, bob) = (acme.user("ada").await, acme.user("bob").await);
        give(&acme, &ada, "org-admin").await;
        give(&acme, &bob, "org-admin").await;
        acme.set(&bob, "active", json!(false)).await;
        assert_eq!(vacant(&acme).await, Vec::<Value>::new(), "one is left");
        acme.set(&ada, "active", json!(false)).await;
        let told = vacant(&acme).await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["role"], "org-admin");
        let read = acme.operator.get(&format!("/api/v1/users/{ada}")).await.expect(200);
        assert_eq!(read.at("/status"), "suspended");
        // Who was gone before leaves nothing vacant.
        acme.set(&ada, "title", json!("x")).await;
        acme.scim.delete(&format!("/Users/{bob}")).await.expect(204);
        assert_eq!(vacant(&acme).await.len(), 1);
    }

    async fn the_last_holder_who_is_deleted_goes_and_it_is_told_s26(app: TestApp) {
        let acme = World::new(&app).await;
        let ada = acme.user("ada").await;
        give(&acme, &ada, "org-admin").await;
        let carl = acme.user("carl").await;
        give(&acme, &carl, "field-worker").await;
        acme.scim.delete(&format!("/Users/{carl}")).await.expect(204);
        assert_eq!(vacant(&acme).await, Vec::<Value>::new(), "this role may be empty");
        acme.scim.delete(&format!("/Users/{ada}")).await.expect(204);
        assert_eq!(vacant(&acme).await.len(), 1);
    }

    async fn of_two_last_holders_who_go_at_once_one_leaves_the_role_vacant_s26(app: TestApp) {
        let acme = World::new(&app).await;
        for round in 0..5 {
            let mut tasks = JoinSet::new();
            let mut users = Vec::new();
            for name in ["ada", "bob"] {
                let user = acme.user(&format!("{name}{round}")).await;
                give(&acme, &user, "org-admin").await;
                users.push(user);
            }
            for user in users {
                let scim = acme.scim.clone();
                tasks.spawn(async move { scim.delete(&format!("/Users/{user}")).await });
            }
            while let Some(reply) = tasks.join_next().await {
                reply.unwrap().expect(204);
            }
            assert_eq!(vacant(&acme).await.len(), round + 1);
        }
    }
}
