//! `portico serve`: migrates, answers requests, and stops on SIGTERM within thirty seconds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::TokioTimer;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::compose::{self, Opening};
use crate::app::App;
use crate::config::Settings;
use crate::flow::access;
use crate::http;
use crate::telemetry::{self, Metrics};
use crate::worker::{self, Retention, Worker};

/// How long running requests may take to finish after SIGTERM, in seconds.
pub const DRAIN_S: u64 = 25;
/// How long a client may take to send its headers, in seconds (S12).
const HEADERS_WITHIN_S: u64 = 10;
/// How often samples of metrics are folded together, in seconds.
const UPKEEP_S: u64 = 5;
const DAY_S: i64 = 86_400;

/// Runs the gateway.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Start without bringing the database up to date first
    #[arg(long)]
    pub no_migrate: bool,
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// Whatever hinders the start, in one line; nothing was changed then.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<()> {
    telemetry::start_log(settings)?;
    let opening = Opening { create: true, exclusive: true, migrate: !args.no_migrate };
    runtime()?.block_on(async {
        let app = compose::app(settings, opening).await?;
        access::platform_started(&app.runner).await.map_err(compose::failed)?;
        until_stopped(app, settings).await
    })
}

/// The runtime of every command that talks to a database or the network.
///
/// # Errors
/// When the system gives no threads.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Serves the app until it is told to stop, then drains.
///
/// # Errors
/// An address that is taken, or a certificate that cannot be read.
pub async fn until_stopped(app: App, settings: &Settings) -> anyhow::Result<()> {
    // Before anybody is answered: whoever was may ask for the end at once.
    let mut stop = Stop::listen()?;
    let metrics = Metrics::start()?;
    let (handle, admin) = (Handle::new(), Handle::new());
    let mut servers = tokio::task::JoinSet::new();
    let listener = bind(settings.listen)?;
    let tls =
        match &settings.tls {
            Some(tls) => Some(RustlsConfig::from_pem_file(&tls.cert, &tls.key).await.context(
                "tls_cert and tls_key cannot be used: give PEM files that belong together",
            )?),
            None => None,
        };
    let service = http::router(&app).into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        Some(tls) => {
            let mut server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle.clone());
            limit(server.http_builder());
            servers.spawn(server.serve(service));
        }
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
            limit(server.http_builder());
            servers.spawn(server.serve(service));
        }
    }
    if let Some(address) = settings.admin_listen {
        let service = http::ops::admin(&app).into_make_service();
        let server = axum_server::from_tcp(bind(address)?)?.handle(admin.clone());
        servers.spawn(server.serve(service));
    }
    let retention = Retention {
        events_s: i64::from(settings.retention.events_days) * DAY_S,
        journals_s: i64::from(settings.retention.journals_days) * DAY_S,
        invites_s: i64::from(settings.retention.invites_days) * DAY_S,
    };
    let worker = Worker {
        runner: app.runner.clone(),
        feed: Arc::clone(&app.feed),
        retention,
        journal: Arc::clone(&app.journal),
        mailer: Arc::clone(&app.mailer),
        guarded: app.guarded.clone(),
        reading: worker::saml_metadata::Reading::of(&app),
        dns: Arc::clone(&app.dns),
    };
    let worker = worker::start(worker, app.draining.clone());
    tracing::info!(listen = %settings.listen, public_url = %settings.public_url, "serving");
    tokio::select! {
        () = stop.asked() => tracing::info!("stopping: running requests may finish"),
        () = upkeep(&metrics) => {}
        Some(ended) = servers.join_next() => ended??,
    }
    app.draining.cancel();
    let within = Some(Duration::from_secs(DRAIN_S));
    handle.graceful_shutdown(within);
    admin.graceful_shutdown(within);
    while let Some(ended) = servers.join_next().await {
        ended??;
    }
    worker.await.context("the worker ended badly")?;
    // Requests went on after the worker had stopped.
    app.journal.flush(&app.runner).await;
    app.runner.db.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn bind(address: SocketAddr) -> anyhow::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address).with_context(|| {
        format!("cannot listen on {address}: is another process there? Choose another address")
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn limit(builder: &mut hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADERS_WITHIN_S));
}

/// The signals that ask for the end, kept from the moment on when this is made.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn upkeep(metrics: &Metrics) {
    loop {
        tokio::time::sleep(Duration::from_secs(UPKEEP_S)).await;
        metrics.upkeep();
    }
}
