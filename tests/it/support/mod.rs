//! What tests share: a served app with a database of its own, callers, and the two engines.
//!
//! [`TestApp`] serves the real router on a loopback port and holds the parts, a clock that tests
//! move and the operator's token. Its drop fails the test when outbox rows are left behind.

mod app;
mod caller;
mod contents;
mod database;
pub mod mail;
mod reply;
mod server;
mod sign_in;

/// The provider of the unit tests: it says whatever a test wants.
#[path = "../../../src/outbound/oidc/fake.rs"]
mod provider;

pub use app::{OPERATOR_TOKEN, TestApp, client};
pub use caller::Caller;
pub use provider::{Fake, Key, unsigned};
pub use reply::Reply;
pub use server::TestServer;
pub use sign_in::SignIn;

/// Makes two tests of each: `name::sqlite` and `name::postgres`; on the platform `field-vision`,
/// or on another preset: `on_both_engines! { of "vms": async fn ... }`.
macro_rules! on_both_engines {
    ($($(#[$attribute:meta])* async fn $name:ident($app:ident: TestApp) $body:block)+) => {
        on_both_engines! {
            of "field-vision":
            $($(#[$attribute])* async fn $name($app: TestApp) $body)+
        }
    };
    (of $platform:literal:
        $($(#[$attribute:meta])* async fn $name:ident($app:ident: TestApp) $body:block)+
    ) => { $(
        mod $name {
            use super::*;

            $(#[$attribute])*
            async fn proof($app: TestApp) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                proof(TestApp::sqlite_of($platform).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                proof(TestApp::postgres_of($platform).await).await;
            }
        }
    )+ };
}
