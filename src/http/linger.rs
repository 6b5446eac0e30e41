//! What a refused request still sends is read for a while, so that the refusal arrives.
//!
//! A connection that is closed while bytes wait unread is reset, and the client may lose the answer
//! that was sent before. So what a handler left of a body is read on after it, within bounds.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use futures_util::{Stream, StreamExt};

/// Bytes that are read after a refusal at most: twice what most routes take.
const LEFT_MAX: usize = 2 * 1024 * 1024;
/// How long they are read at most, in seconds.
const LEFT_S: u64 = 2;

type Left = Arc<Mutex<Option<BodyDataStream>>>;

/// A body that gives back what was not read of it.
struct Lent {
    body: Option<BodyDataStream>,
    left: Left,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = body.poll_next_unpin(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

/// Lends the body to the route, and reads what comes back of it before the answer goes out.
pub async fn read_on<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    if request.body().is_end_stream() {
        return next(request).await;
    }
    let left = Left::default();
    let (parts, body) = request.into_parts();
    let lent = Lent { body: Some(body.into_data_stream()), left: Arc::clone(&left) };
    let response = next(Request::from_parts(parts, Body::from_stream(lent))).await;
    let unread = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(body) = unread {
        // Whatever becomes of it, the answer stands.
        let _ = tokio::time::timeout(Duration::from_secs(LEFT_S), read(body)).await;
    }
    response
}

async fn read(mut body: BodyDataStream) {
    let mut seen = 0_usize;
    while let Some(Ok(bytes)) = body.next().await {
        seen = seen.saturating_add(bytes.len());
        if seen > LEFT_MAX {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::http::StatusCode;
    use axum::middleware::{Next, from_fn};
    use axum::routing::post;
    use futures_util::stream;
    use tower::ServiceExt;

    use super::*;

    /// Sends so many bytes, a kilobyte a piece, to a route that reads none; how many were taken.
    async fn taken(bytes: usize) -> usize {
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&taken);
        let pieces = stream::iter(0..bytes / 1024).map(move |_| {
            counter.fetch_add(1024, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 1024]))
        });
        let refuse = post(|| async { StatusCode::PAYLOAD_TOO_LARGE });
        let layer = from_fn(|request, next: Next| read_on(request, |request| next.run(request)));
        let router = Router::new().route("/", refuse).layer(layer);
        let request = Request::post("/").body(Body::from_stream(pieces)).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        taken.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn what_a_refusal_left_is_read_to_its_end_or_to_the_limit() {
        assert_eq!(taken(LEFT_MAX).await, LEFT_MAX);
        assert_eq!(taken(4 * LEFT_MAX).await, LEFT_MAX + 1024);
    }
}
