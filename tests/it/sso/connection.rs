//! Connections over the management surface.

use serde_json::{Value, json};

use super::rig::Rig;
use crate::support::TestApp;

fn body(more: Value) -> Value {
    let mut body = json!({
        "name": "Acme SSO", "kind": "oidc",
        "oidc": {"issuer": "https://idp.example", "client_id": "portico", "client_secret": "s"},
    });
    for (name, value) in more.as_object().unwrap() {
        body[name.as_str()] = value.clone();
    }
    body
}

on_both_engines! {
    // FV33, FV37
    async fn a_connection_is_made_read_changed_and_deleted_and_hides_its_secret(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, _) = app.directory(&organization, "entra").await;
        let operator = app.operator();
        let path = format!("/api/v1/organizations/{organization}/connections");
        let made = operator.post(&path, body(json!({"provider": "entra"}))).await.expect(201);
        assert_eq!(made.at("/status"), "active");
        assert_eq!(made.at("/directory_id"), directory);
        assert_eq!(made.at("/link"), json!({"claim": "oid", "scim": "external_id"}));
        let id = made.text_at("/id");
        assert_eq!(made.at("/start_url"), format!("{}/sso/{id}/start", app.url));
        assert_eq!(made.at("/redirect_uri"), format!("{}/sso/{id}/callback", app.url));
        assert!(!made.text().contains("client_secret"), "{made}");
        let itself = format!("/api/v1/connections/{id}");
        assert_eq!(operator.get(&itself).await.expect(200).json(), made.json());
        let changed = operator.patch(&itself, json!({"name": "SSO", "status": "draft"})).await;
        assert_eq!(changed.expect(200).at("/status"), "draft");
        let stale = operator.clone().with_header("if-match", "\"1\"");
        stale.patch(&itself, json!({"name": "X"})).await.expect_problem(412, "precondition-failed");
        let listed = operator.get(&path).await.expect(200);
        assert_eq!(listed.at("/data/0/name"), "SSO");
        operator.delete(&itself).await.expect(204);
        operator.get(&itself).await.expect_problem(404, "not-found");
    }

    async fn what_identities_hang_on_does_not_change_while_there_are_any(app: TestApp) {
        let rig = Rig::new(app).await;
        rig.ada().await;
        rig.change(json!({"tenant_id": "t"})).await.expect(200);
        rig.change(json!({"tenant_id": null})).await.expect(200);
        rig.sign_in(&rig.app.browser(), "ada@example.com").await.expect(200);
        for change in [
            json!({"oidc": {"issuer": "https://idp.example"}}),
            json!({"tenant_id": "t"}),
            json!({"provider": "entra", "link": {"claim": "oid"}}),
        ] {
            rig.change(change).await.expect_problem(409, "identity-bound");
        }
        rig.change(json!({"name": "Still mine", "oidc": {"client_id": "x"}})).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_wrong_or_not_offered_is_named() {
    let app = TestApp::sqlite().await;
    let organization = app.organization("Acme").await;
    let path = format!("/api/v1/organizations/{organization}/connections");
    let oidc = |more: Value| {
        let mut sent = body(json!({}));
        for (name, value) in more.as_object().unwrap() {
            sent["oidc"][name.as_str()] = value.clone();
        }
        sent
    };
    let cases = [
        (body(json!({"kind": "saml"})), "/saml"),
        (body(json!({"kind": "ldap"})), "/kind"),
        (body(json!({"oidc": null})), "/oidc"),
        (body(json!({"jit": {"default_role": "nobody"}})), "/jit/default_role"),
        (body(json!({"jit": {"default_role": "unknown"}})), "/jit/default_role"),
        (body(json!({"jit": {"on": true}})), "/jit/on"),
        (body(json!({"rule_claims": ["a b"]})), "/rule_claims/0"),
        (body(json!({"rule_claims": ["a", "a"]})), "/rule_claims/1"),
        (body(json!({"claims": {"phone": "x"}})), "/claims/phone"),
        (body(json!({"trace_until": "2030-01-01T00:00:00Z"})), "/trace_until"),
        (
            oidc(json!({"issuer": "https://login.microsoftonline.com/organizations/v2.0"})),
            "/tenant_id",
        ),
        (body(json!({"allow_idp_initiated": true})), "/allow_idp_initiated"),
        (body(json!({"name": " "})), "/name"),
        (body(json!({"status": "on"})), "/status"),
        (body(json!({"provider": "google"})), "/tenant_id"),
        (body(json!({"directory_id": "x"})), "/directory_id"),
        (body(json!({"domains": ["x"]})), "/domains/0"),
        (body(json!({"link": {"scim": "email"}})), "/link/scim"),
        (oidc(json!({"issuer": "http://idp.example"})), "/oidc/issuer"),
        (oidc(json!({"issuer": "https://169.254.169.254"})), "/oidc/issuer"),
        (oidc(json!({"issuer": "https://idp.example/?x=1"})), "/oidc/issuer"),
        (oidc(json!({"client_secret": ""})), "/oidc/client_secret"),
        (oidc(json!({"auth": "mtls"})), "/oidc/auth"),
        (oidc(json!({"auth": "private_key_jwt"})), "/oidc/client_secret"),
        (oidc(json!({"assertion_audience": "me"})), "/oidc/assertion_audience"),
        (oidc(json!({"leeway_s": 301})), "/oidc/leeway_s"),
        (oidc(json!({"secret_expires_at": "soon"})), "/oidc/secret_expires_at"),
    ];
    for (sent, pointer) in cases {
        let reply = app.operator().post(&path, sent.clone()).await;
        reply.expect_problem(422, "invalid");
        assert_eq!(reply.at("/errors/0/pointer"), pointer, "{sent}\n{reply}");
    }
    let fits = body(json!({"jit": {"enabled": false}, "domains": []}));
    app.operator().post(&path, fits).await.expect(201);
}
