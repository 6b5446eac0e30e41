//! What Entra ID sends, and what it must get (E1 to E19).

use serde_json::{Value, json};

use super::{
    ENTERPRISE, GROUP, NOBODY, USER, client, filter, made_group, made_user, members, operations,
    refused, sorted, user,
};
use crate::support::{Caller, Reply, TestApp};

/// The create of E4 with these members over it.
fn create(over: Value) -> Value {
    let mut body = json!({
        "schemas": [USER, ENTERPRISE], "externalId": "obj-1", "userName": "a@x.org",
        "active": true, "displayName": "A B",
        "emails": [{"primary": true, "type": "work", "value": "a@x.org"}],
        "meta": {"resourceType": "User"}, "roles": [],
        "name": {"formatted": "A B", "givenName": "A", "familyName": "B"},
        ENTERPRISE: {"department": "D", "manager": {"value": "m-1"}},
    });
    for (name, value) in over.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// The resource without what differs between two that were made alike.
fn essence(reply: &Reply) -> Value {
    let mut body = reply.json();
    let body_map = body.as_object_mut().unwrap();
    body_map.shift_remove("id");
    body_map.shift_remove("meta");
    body
}

async fn patched(scim: &Caller, path: &str, changes: Value) -> Value {
    scim.patch(path, operations(changes)).await.expect(200).json()
}

on_both_engines! {
    async fn probes_for_users_and_groups_find_nothing_and_say_so(app: TestApp) {
        let scim = client(&app, "entra").await;
        for path in [
            "/Users?filter=userName+eq+\"6f1c2d\"",
            "/Users?aadOptscim062020&filter=externalId+eq+%226f1c2d%22&",
            "/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22no@x%22",
            "/Groups?excludedAttributes=members&filter=displayName%20eq%20%22none%22",
        ] {
            let reply = scim.get(path).await.expect(200);
            assert_eq!(reply.json(), json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
            }));
        }
    }

    async fn every_spelling_of_a_create_stores_the_same(app: TestApp) {
        let plain = client(&app, "entra").await;
        let wanted = plain.post("/Users", create(json!({}))).await.expect(201);
        assert_eq!(wanted.text_at(&format!("/{ENTERPRISE}/manager/value")), "m-1");
        let spellings = [
            json!({"active": "True"}),
            json!({"title": null, "nickName": "", "phoneNumbers": []}),
            json!({"schemas": [USER]}),
            json!({"displayName": ["A B"]}),
            json!({ENTERPRISE: {"department": "D", "manager": "m-1"}}),
            json!({"department": null, "manager": null}),
            json!({"emails": {"primary": "True", "type": "work", "value": "a@x.org"}}),
            json!({"USERNAME": "a@x.org", "userName": null}),
        ];
        for (number, spelling) in spellings.into_iter().enumerate() {
            let organization = app.organization(&format!("Org {number}")).await;
            let (_, token) = app.directory(&organization, "entra").await;
            let mut body = create(spelling.clone());
            if body["userName"].is_null() {
                body.as_object_mut().unwrap().shift_remove("userName");
            }
            let made = app.scim(&token).post("/Users", body).await.expect(201);
            assert_eq!(essence(&made), essence(&wanted), "{spelling}");
        }
    }

    async fn what_is_matched_before_a_create_is_found(app: TestApp) {
        let scim = client(&app, "entra").await;
        let made = scim.post("/Users", create(json!({}))).await.expect(201);
        for text in [
            "externalId eq \"obj-1\"",
            "userName eq \"A@X.ORG\"",
            "emails[type eq \"work\"].value eq \"A@x.org\"",
            "userName eq \"a@x.org\" and active eq \"True\"",
        ] {
            let found = scim.get(&filter("/Users", text)).await.expect(200);
            assert_eq!(found.at("/totalResults"), json!(1), "{text}");
            assert_eq!(found.at("/Resources/0"), made.json());
        }
        let exact = scim.get(&filter("/Users", "externalId eq \"OBJ-1\"")).await.expect(200);
        assert_eq!(exact.at("/totalResults"), json!(0));
        refused(&scim.post("/Users", create(json!({}))).await, 409, Some("uniqueness"));
        let manager = format!("id eq \"{}\" and manager eq \"m-1\"", made.text_at("/id"));
        let path = filter("/Users", &manager) + "&attributes=id";
        let found = scim.get(&path).await.expect(200);
        assert_eq!(found.at("/Resources/0/id"), made.at("/id"));
        assert!(found.json()["Resources"][0].get("userName").is_none());
    }

    async fn both_dialects_of_an_update_lead_to_the_same(app: TestApp) {
        let scim = client(&app, "entra").await;
        let made = scim.post("/Users", create(json!({}))).await.expect(201);
        let path = format!("/Users/{}", made.text_at("/id"));
        let one = patched(&scim, &path, json!([
            {"op": "Replace", "path": "name.familyName", "value": "C"},
            {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "b@x.org"},
            {"op": "Replace", "path": format!("{ENTERPRISE}:department"), "value": "E"},
            {"op": "Add", "path": "title", "value": "T"},
            {"op": "Remove", "path": "title"},
        ])).await;
        assert_eq!(one["name"]["familyName"], "C");
        assert_eq!(one["emails"], json!([{"value": "b@x.org", "type": "work", "primary": true}]));
        assert_eq!(one[ENTERPRISE]["department"], "E");
        assert!(one.get("title").is_none());
        let path = format!("{path}?AzureAdScimPatch2017");
        let two = patched(&scim, &path, json!([{"op": "replace", "value": {
            "displayName": "C", "name.givenName": "Z", "active": true,
            format!("{ENTERPRISE}:employeeNumber"): "7",
            ENTERPRISE: {"costCenter": "9"},
        }}])).await;
        assert_eq!(two["displayName"], "C");
        assert_eq!(two["name"]["givenName"], "Z");
        assert_eq!(two["name"]["familyName"], "C");
        assert_eq!(two[ENTERPRISE]["employeeNumber"], "7");
        assert_eq!(two[ENTERPRISE]["costCenter"], "9");
        assert_eq!(two[ENTERPRISE]["department"], "E");
    }

    async fn active_never_becomes_true_by_the_word_false(app: TestApp) {
        let scim = client(&app, "entra").await;
        let path = format!("/Users/{}", made_user(&scim, "ada").await);
        for (off, on) in [
            (json!({"path": "active", "value": "False"}), json!({"path": "active", "value": "True"})),
            (json!({"path": "active", "value": false}), json!({"path": "active", "value": true})),
            (json!({"path": "active", "value": "false"}), json!({"path": "active", "value": "true"})),
            (json!({"path": "active", "value": [false]}), json!({"path": "active", "value": [true]})),
            (json!({"value": {"active": "False"}}), json!({"value": {"active": "True"}})),
        ] {
            for (mut change, wanted) in [(off, false), (on, true)] {
                change["op"] = json!("Replace");
                let user = patched(&scim, &path, json!([change])).await;
                assert_eq!(user["active"], json!(wanted), "{change}");
            }
        }
        for odd in [json!("maybe"), json!(2), json!([true, false])] {
            let change = json!([{"op": "Replace", "path": "active", "value": odd}]);
            refused(&scim.patch(&path, operations(change)).await, 400, Some("invalidValue"));
        }
        assert_eq!(scim.get(&path).await.expect(200).at("/active"), json!(true));
    }

    async fn a_manager_comes_in_every_form_and_need_not_be_known(app: TestApp) {
        let scim = client(&app, "entra").await;
        let path = format!("/Users/{}", made_user(&scim, "ada").await);
        let manager = format!("{ENTERPRISE}:manager");
        for value in [
            json!([{"$ref": "https://x/Users/m", "value": "m"}]),
            json!({"value": "m"}),
            json!("m"),
        ] {
            let change = json!([{"op": "Add", "path": manager, "value": value}]);
            let user = patched(&scim, &path, change).await;
            assert_eq!(user[ENTERPRISE]["manager"]["value"], "m", "{value}");
            let cleared =
                patched(&scim, &path, json!([{"op": "Replace", "path": manager, "value": ""}])).await;
            assert!(cleared.get(ENTERPRISE).is_none(), "{cleared}");
        }
        let set = json!([{"op": "Replace", "path": manager, "value": "m"}]);
        patched(&scim, &path, set).await;
        let gone = patched(&scim, &path, json!([{"op": "Remove", "path": manager}])).await;
        assert!(gone.get(ENTERPRISE).is_none());
    }

    async fn a_group_is_created_with_a_foreign_schema_and_read_without_members(app: TestApp) {
        let scim = client(&app, "entra").await;
        let foreign = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
        let body = json!({"schemas": [GROUP, foreign], "externalId": "g-1", "displayName": "G",
            "meta": {"resourceType": "Group"}});
        let made = scim.post("/Groups", body.clone()).await.expect(201);
        assert_eq!(made.at("/schemas"), json!([GROUP]));
        refused(&scim.post("/Groups", body).await, 409, Some("uniqueness"));
        let id = made.text_at("/id");
        let read = scim.get(&format!("/Groups/{id}?excludedAttributes=members")).await.expect(200);
        assert!(read.json().get("members").is_none());
        for text in ["displayName eq \"g\"", "externalId eq \"g-1\""] {
            let path = filter("/Groups", text) + "&excludedAttributes=members";
            let found = scim.get(&path).await.expect(200);
            assert_eq!(found.at("/Resources/0/id"), json!(id));
        }
        let rename = json!([{"op": "Replace", "path": "displayName", "value": "H"}]);
        let path = format!("/Groups/{id}");
        assert_eq!(patched(&scim, &path, rename).await["displayName"], "H");
    }

    async fn members_change_by_every_form_and_only_those_that_are_listed(app: TestApp) {
        let scim = client(&app, "entra").await;
        let (a, b) = (made_user(&scim, "a").await, made_user(&scim, "b").await);
        let c = made_user(&scim, "c").await;
        let id = made_group(&scim, "G", &[]).await;
        let path = format!("/Groups/{id}");
        let add = json!([{"op": "Add", "path": "members",
            "value": [{"$ref": null, "value": a}, {"$ref": null, "value": b}]}]);
        let answer = patched(&scim, &path, add).await;
        assert!(answer.get("members").is_none(), "D1");
        patched(&scim, &path, json!([{"op": "Add", "path": "members", "value": c}])).await;
        patched(&scim, &path, json!([{"op": "Add", "path": "members", "value": [c]}])).await;
        assert_eq!(members(&scim, &id).await, sorted(&[&a, &b, &c]));
        let remove = json!([{"op": "Remove", "path": "members",
            "value": [{"$ref": null, "value": a}, {"value": NOBODY}]}]);
        patched(&scim, &path, remove).await;
        assert_eq!(members(&scim, &id).await, sorted(&[&b, &c]));
        let empty = json!([{"op": "Remove", "path": "members", "value": []}]);
        patched(&scim, &path, empty).await;
        assert_eq!(members(&scim, &id).await, sorted(&[&b, &c]));
        let one = json!([{"op": "remove", "path": format!("members[value eq\"{b}\"]")}]);
        patched(&scim, &path, one).await;
        assert_eq!(members(&scim, &id).await, [c]);
    }

    async fn a_value_path_without_match_makes_the_element(app: TestApp) {
        let scim = client(&app, "entra").await;
        let path = format!("/Users/{}", made_user(&scim, "ada").await);
        let user = patched(&scim, &path, json!([
            {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "n@x.org"},
            {"op": "Replace", "path": "roles[primary eq \"True\"].value", "value": "admin"},
            {"op": "Replace", "path": "roles[primary eq \"True\"].display", "value": "Admin"},
            {"op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+49 1"},
            {"op": "Replace", "path": "addresses[type eq \"work\"].streetAddress", "value": "S 1"},
        ])).await;
        assert_eq!(user["emails"], json!([{"value": "n@x.org", "type": "work"}]));
        assert_eq!(user["roles"], json!([{"value": "admin", "display": "Admin", "primary": true}]));
        assert_eq!(user["phoneNumbers"], json!([{"value": "+49 1", "type": "mobile"}]));
        assert_eq!(user["addresses"], json!([{"streetAddress": "S 1", "type": "work"}]));
        let found = scim.get(&filter("/Users", "emails[type eq \"work\"].value eq \"n@x.org\"")).await;
        assert_eq!(found.at("/totalResults"), json!(1));
        // A strict directory refuses what an Entra directory creates.
        let strict = client(&app, "strict").await;
        let path = format!("/Users/{}", made_user(&strict, "ada").await);
        let change = json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "x"}]);
        refused(&strict.patch(&path, operations(change)).await, 400, Some("noTarget"));
    }

    async fn a_renamed_user_keeps_id_and_memberships(app: TestApp) {
        let scim = client(&app, "entra").await;
        let id = made_user(&scim, "ada@x.org").await;
        let group = made_group(&scim, "G", &[&id]).await;
        let rename = json!([{"op": "Replace", "path": "userName", "value": "ada@y.org"}]);
        let renamed = patched(&scim, &format!("/Users/{id}"), rename).await;
        assert_eq!((renamed["id"].as_str(), renamed["userName"].as_str()), (Some(&*id), Some("ada@y.org")));
        assert_eq!(members(&scim, &group).await, [id]);
        let old = scim.get(&filter("/Users", "userName eq \"ada@x.org\"")).await;
        assert_eq!(old.at("/totalResults"), json!(0));
        scim.post("/Users", user("ada@x.org")).await.expect(201);
    }
}
