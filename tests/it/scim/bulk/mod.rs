//! Many operations in one request (C135, C136, C139, C140, C142, C143).

mod atomic;
mod limits;
mod references;

use serde_json::{Value, json};

use super::{NOBODY, client, group, made_group, made_user, members, operations, refused, user};
use crate::support::{Caller, TestApp};

/// URN of bulk requests.
const REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// URN of their answers.
const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// The body of a bulk request.
fn bulk(operations: &[Value]) -> Value {
    json!({"schemas": [REQUEST], "Operations": operations})
}

/// A create of a user whose `bulkId` is her name.
fn create(name: &str) -> Value {
    made("/Users", name, user(name))
}

/// A create.
fn made(path: &str, bulk_id: &str, data: Value) -> Value {
    json!({"method": "POST", "path": path, "bulkId": bulk_id, "data": data})
}

/// A PATCH that sets the title of a user.
fn titled(path: &str, title: &str) -> Value {
    let data = operations(json!([{"op": "replace", "path": "title", "value": title}]));
    json!({"method": "PATCH", "path": path, "data": data})
}

/// A PATCH that makes somebody a member of a group.
fn joined(path: &str, member: &str) -> Value {
    let value = json!([{"value": member}]);
    let data = operations(json!([{"op": "add", "path": "members", "value": value}]));
    json!({"method": "PATCH", "path": path, "data": data})
}

fn gone(path: &str) -> Value {
    json!({"method": "DELETE", "path": path})
}

/// Sends a message that can be read, and answers what its operations came to.
async fn sent(scim: &Caller, message: Value) -> Vec<Value> {
    let reply = scim.post("/Bulk", message).await.expect(200);
    assert_eq!(reply.media_type(), "application/scim+json");
    assert_eq!(reply.at("/schemas"), json!([RESPONSE]));
    reply.at("/Operations").as_array().unwrap().clone()
}

async fn done(scim: &Caller, operations: &[Value]) -> Vec<Value> {
    sent(scim, bulk(operations)).await
}

fn statuses(answers: &[Value]) -> Vec<&str> {
    answers.iter().map(|answer| answer["status"].as_str().unwrap()).collect()
}

/// The keywords of the errors; nothing for what was done.
fn reasons(answers: &[Value]) -> Vec<Option<&str>> {
    answers.iter().map(|answer| answer["response"]["scimType"].as_str()).collect()
}

/// The id in the location of an answer.
fn id(answer: &Value) -> String {
    let location = answer["location"].as_str().unwrap_or_else(|| panic!("{answer}"));
    location.rsplit_once('/').unwrap().1.to_owned()
}

async fn total(scim: &Caller, endpoint: &str) -> Value {
    scim.get(&format!("{endpoint}?count=0")).await.expect(200).at("/totalResults")
}

on_both_engines! {
    async fn each_operation_is_answered_as_its_request_would_be_c136(app: TestApp) {
        let scim = client(&app, "generic").await;
        let (ada, eve) = (made_user(&scim, "ada").await, made_user(&scim, "eve").await);
        let put = json!({"method": "put", "path": format!("/Users/{ada}"), "data": user("lovelace")});
        let answers = done(&scim, &[
            create("bob"), put, titled(&format!("/Users/{ada}"), "x"), gone(&format!("/Users/{eve}")),
            made("/Groups", "g", group("G", &[&ada])), gone(&format!("/Groups/{NOBODY}")),
            create("BOB"),
        ]).await;
        assert_eq!(statuses(&answers), ["201", "200", "200", "204", "201", "404", "409"]);
        let methods: Vec<&str> = answers.iter().map(|one| one["method"].as_str().unwrap()).collect();
        assert_eq!(methods, ["POST", "PUT", "PATCH", "DELETE", "POST", "DELETE", "POST"]);
        for (at, bulk_id) in [(0, json!("bob")), (1, Value::Null), (4, json!("g")), (6, json!("BOB"))] {
            assert_eq!(answers[at].get("bulkId").cloned().unwrap_or_default(), bulk_id);
        }
        // What was made is there as the answer says.
        for at in [0, 2, 4] {
            let read = scim.get(answers[at]["location"].as_str().unwrap()).await.expect(200);
            assert_eq!(read.header("etag"), answers[at]["version"].as_str().unwrap());
            assert_eq!(read.at("/meta/location"), answers[at]["location"]);
            assert!(answers[at].get("response").is_none());
        }
        assert_eq!(scim.get(&format!("/Users/{ada}")).await.text_at("/userName"), "lovelace");
        assert!(answers[3].get("version").is_none());
        refused(&scim.get(&format!("/Users/{eve}")).await, 404, None);
        // A refusal carries the error that the request alone would have got.
        let alone = scim.delete(&format!("/Groups/{NOBODY}")).await;
        assert_eq!(answers[5]["response"], alone.json());
        assert!(answers[5]["location"].as_str().unwrap().ends_with(&format!("/Groups/{NOBODY}")));
        assert_eq!(answers[6]["response"]["scimType"], "uniqueness");
        assert!(answers[6].get("location").is_none());
    }

    async fn operations_without_a_place_are_refused_one_by_one_c142(app: TestApp) {
        let scim = client(&app, "generic").await;
        let answers = done(&scim, &[
            made("/Bulk", "a", json!({})), gone("/Schemas/x"), gone("/ServiceProviderConfig"),
            gone("/Robots/1"), json!({"method": "GET", "path": "/Users"}),
            json!({"method": "FROB", "path": "/Users"}), gone("/Users"), gone("/Users/nobody"),
            json!({"method": "POST", "path": "/Users", "data": user("x")}),
            made("/Users", "b", json!({})), json!({"method": "DELETE"}), create("ada"),
        ]).await;
        let expected =
            ["400", "400", "400", "404", "405", "400", "405", "404", "400", "400", "400", "201"];
        assert_eq!(statuses(&answers), expected);
        for answer in &answers[..11] {
            assert_eq!(answer["response"]["status"], answer["status"], "{answer}");
            assert!(!answer["response"]["detail"].as_str().unwrap().is_empty());
        }
        assert_eq!(total(&scim, "/Users").await, json!(1));
    }

    async fn a_version_is_a_condition_c140(app: TestApp) {
        let scim = client(&app, "generic").await;
        let path = format!("/Users/{}", made_user(&scim, "ada").await);
        let with = |mut operation: Value, version: &str| {
            operation["version"] = json!(version);
            operation
        };
        let put = json!({"method": "PUT", "path": path, "data": user("x")});
        let answers = done(&scim, &[
            with(titled(&path, "a"), "W/\"9\""), with(put, "nonsense"), with(gone(&path), "\"2\""),
            with(titled(&path, "b"), "W/\"1\""), with(titled(&path, "c"), "W/\"1\""),
            with(titled(&path, "d"), "*"),
        ]).await;
        assert_eq!(statuses(&answers), ["412", "412", "412", "200", "412", "200"]);
        assert_eq!(answers[3]["version"], "W/\"2\"");
        let read = scim.get(&path).await.expect(200);
        assert_eq!((read.text_at("/title"), read.header("etag")), ("d".to_owned(), "W/\"3\""));
    }

    async fn after_so_many_errors_the_rest_is_left_c139(app: TestApp) {
        let scim = client(&app, "generic").await;
        made_user(&scim, "taken").await;
        let all = [create("a"), create("taken"), create("b"), gone("/Users/x"), create("c")];
        for (errors, processed) in [(1, 2), (2, 4), (3, 5)] {
            let mut message = bulk(&all);
            message["failOnErrors"] = json!(errors);
            assert_eq!(sent(&scim, message).await.len(), processed, "failOnErrors {errors}");
            let left = scim.get("/Users?filter=userName+eq+%22c%22").await.expect(200);
            assert_eq!(left.at("/totalResults"), json!(usize::from(processed == 5)));
            for name in ["a", "b", "c"] {
                let found = scim.get(&format!("/Users?filter=userName+eq+%22{name}%22")).await;
                if let Some(user) = found.json()["Resources"][0]["id"].as_str() {
                    scim.delete(&format!("/Users/{user}")).await.expect(204);
                }
            }
        }
        assert_eq!(done(&scim, &all).await.len(), 5);
    }

    async fn operations_on_one_resource_keep_their_order_c143(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ada = format!("/Users/{}", made_user(&scim, "ada").await);
        let answers = done(&scim, &[
            titled(&ada, "1"), titled(&ada, "2"), titled(&ada, "3"), gone(&ada), titled(&ada, "4"),
            create("ada"), titled("/Users/bulkId:ada", "5"), gone("/Users/bulkId:ada"),
            gone("/Users/bulkId:ada"), made("/Users", "again", user("ada")),
        ]).await;
        let expected =
            ["200", "200", "200", "204", "404", "201", "200", "204", "404", "201"];
        assert_eq!(statuses(&answers), expected);
        assert_eq!(answers[2]["version"], "W/\"4\"");
        // The location of what was addressed by its bulkId is the real one.
        assert_eq!(answers[7]["location"], answers[5]["location"]);
        assert_eq!(total(&scim, "/Users").await, json!(1));
    }

    async fn authorisation_is_that_of_each_operation_c142(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let path = format!("/api/v1/directories/{directory}/tokens");
        let body = json!({"name": "reader", "scopes": ["scim.read"]});
        let reader = app.operator().post(&path, body).await.expect(201).text_at("/token");
        refused(&app.scim(&reader).post("/Bulk", bulk(&[create("ada")])).await, 403, None);
        // What belongs to another directory is not there.
        let scim = app.scim(&token);
        let other = client(&app, "okta").await;
        let theirs = format!("/Users/{}", made_user(&other, "ada").await);
        let crew = format!("/Groups/{}", made_group(&other, "G", &[]).await);
        let put = json!({"method": "PUT", "path": theirs, "data": user("x")});
        let answers =
            done(&scim, &[titled(&theirs, "x"), put, gone(&theirs), gone(&crew)]).await;
        assert_eq!(statuses(&answers), ["404"; 4]);
        other.get(&theirs).await.expect(200);
        other.get(&crew).await.expect(200);
    }

    async fn a_directory_that_is_disabled_in_the_middle_does_nothing_more_s6(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let scim = app.scim(&token);
        let name = |at: usize| format!("g{at}");
        let all: Vec<Value> =
            (0..1_000).map(|at| made("/Groups", &name(at), group(&name(at), &[]))).collect();
        let running = tokio::spawn({
            let scim = scim.clone();
            async move { done(&scim, &all).await }
        });
        while total(&scim, "/Groups").await == json!(0) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let (operator, path) = (app.operator(), format!("/api/v1/directories/{directory}"));
        operator.patch(&path, json!({"status": "disabled"})).await.expect(200);
        let answers = running.await.unwrap();
        let statuses = statuses(&answers);
        let made = statuses.iter().take_while(|status| **status == "201").count();
        assert!(made > 0 && made < 1_000, "{made}");
        assert!(statuses[made..].iter().all(|status| *status == "403"));
        operator.patch(&path, json!({"status": "active"})).await.expect(200);
        assert_eq!(total(&scim, "/Groups").await, json!(made));
    }

    async fn a_request_that_is_repeated_does_no_harm_s19(app: TestApp) {
        let scim = client(&app, "generic").await;
        let ada = made_user(&scim, "ada").await;
        let crew = made_group(&scim, "Crew", &[]).await;
        let path = format!("/Groups/{crew}");
        let all = [create("bob"), titled(&format!("/Users/{ada}"), "x"), joined(&path, &ada)];
        let first = done(&scim, &all).await;
        assert_eq!(statuses(&first), ["201", "200", "200"]);
        let minimal = scim.clone().with_header("prefer", "respond-async, return=minimal");
        let again = done(&minimal, &all).await;
        assert_eq!(statuses(&again), ["409", "200", "200"]);
        assert_eq!(again[1]["version"], first[1]["version"]);
        assert_eq!(again[2]["version"], first[2]["version"]);
        assert_eq!(members(&scim, &crew).await, [ada]);
    }

    async fn a_thousand_users_are_made_at_once(app: TestApp) {
        let scim = client(&app, "entra").await;
        let all: Vec<Value> = (0..1_000).map(|at| create(&format!("u{at}"))).collect();
        let answers = done(&scim, &all).await;
        assert_eq!(statuses(&answers), ["201"; 1_000]);
        assert_eq!(total(&scim, "/Users").await, json!(1_000));
        let last = scim.get(&format!("/Users/{}", id(&answers[999]))).await.expect(200);
        assert_eq!(last.text_at("/userName"), "u999");
        assert_eq!(last.at("/active"), json!(true));
    }
}
