//! What a SAML response costs: the pre-flight, the whole pipeline, and beside them the bare
//! cryptography that nobody can do without.
//!
//! Messages are those of the corpus. `cargo bench --bench saml` measures, with `-- --test` each
//! part runs once.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on must stop")]

use std::hint::black_box;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::Criterion;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::{Signer, Verifier};
use portico::domain::saml::Saml;
use portico::domain::saml::judge::{Expected, Request};
use portico::domain::time::Timestamp;
use portico::outbound::saml::decrypt::Keys;
use portico::outbound::saml::preflight::{self, Root};
use portico::outbound::saml::verify;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    messages(&mut criterion);
    bare(&mut criterion);
    criterion.final_summary();
}

fn read(path: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/saml");
    std::fs::read(root.join(path)).expect("the corpus is there")
}

fn secret(name: &str) -> Vec<u8> {
    let pem = String::from_utf8(read(&format!("keys/{name}.key"))).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    STANDARD.decode(body).unwrap()
}

fn messages(criterion: &mut Criterion) {
    let saml = Saml {
        idp_entity_id: "https://idp.example/metadata".to_owned(),
        certificates: vec![String::from_utf8(read("keys/idp.pem")).unwrap()],
        ..Saml::default()
    };
    let is = |id: &str| id == "_request";
    let expected = Expected {
        saml: &saml,
        sp_entity_id: "https://sp.example/sso/1/metadata",
        acs_url: "https://sp.example/sso/1/acs",
        request: Request::Of(&is),
        now: Timestamp::parse("2026-01-15T12:00:00Z").unwrap(),
        fresh_since: None,
    };
    let keys = Keys::of(&[secret("sp")]);
    for name in ["entra/assertion-signed", "okta/both-signed", "okta/encrypted-both"] {
        let message = read(&format!("accepted/{name}/response.xml"));
        let (encoded, text) = (STANDARD.encode(&message), String::from_utf8(message).unwrap());
        criterion.bench_function(&format!("saml/preflight/{name}"), |bencher| {
            bencher.iter(|| preflight::check(black_box(&text), Root::Response).unwrap());
        });
        criterion.bench_function(&format!("saml/response/{name}"), |bencher| {
            bencher
                .iter(|| verify::response(black_box(&encoded), &expected, &keys).outcome.unwrap());
        });
    }
}

/// One signature verified, and one key decrypted, by OpenSSL alone.
fn bare(criterion: &mut Criterion) {
    let key = PKey::private_key_from_pkcs8(&secret("idp")).unwrap();
    let signed = b"what was signed";
    let value = Signer::new(MessageDigest::sha256(), &key)
        .and_then(|mut signer| signer.sign_oneshot_to_vec(signed))
        .unwrap();
    criterion.bench_function("saml/bare/rsa-verify", |bencher| {
        bencher.iter(|| {
            let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
            assert!(verifier.verify_oneshot(black_box(&value), signed).unwrap());
        });
    });
    criterion.bench_function("saml/bare/rsa-sign", |bencher| {
        bencher.iter(|| {
            let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
            signer.sign_oneshot_to_vec(black_box(signed)).unwrap()
        });
    });
}
