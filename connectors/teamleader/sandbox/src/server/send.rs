//! How a reply leaves: at once, late, in pieces, cut short, or not at all.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::{Stream, stream};
use jiff::Timestamp;

use super::socket::Wire;
use crate::clock::Millis;
use crate::effects::Delivery;
use crate::fault::Framing;
use crate::reply::Reply;

/// Pieces of a body that trickles.
const PIECES: usize = 8;

pub(super) async fn send(reply: Reply, delivery: &Delivery, now: Millis, wire: &Wire) -> Response<Body> {
    if !delivery.wait.is_zero() {
        tokio::time::sleep(delivery.wait).await;
    }
    if delivery.reset {
        wire.cut();
        return Response::new(Body::empty());
    }
    let length = reply.body.len();
    let is_whole_length_told = delivery.truncate != Some(Framing::Chunked);
    let mut response = Response::new(body(reply.body, delivery));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(name, value);
        }
    }
    if let Ok(date) = HeaderValue::from_str(&http_date(now + delivery.skew_seconds * 1000)) {
        headers.insert(header::DATE, date);
    }
    if is_whole_length_told && delivery.truncate != Some(Framing::Complete) {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    response
}

fn body(bytes: Bytes, delivery: &Delivery) -> Body {
    let half = bytes.len() / 2;
    match delivery.truncate {
        Some(Framing::Complete) => Body::from(bytes.slice(..half)),
        Some(_) => Body::from_stream(cut(bytes.slice(..half))),
        None => match delivery.trickle {
            Some(pause) => trickle(bytes, pause),
            None => Body::from(bytes),
        },
    }
}

/// What is left of a body, and then an error. The pause between lets the first part leave.
fn cut(first: Bytes) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some(first), |first| async {
        if let Some(first) = first {
            return Some((Ok(first), None));
        }
        tokio::task::yield_now().await;
        Some((Err(io::ErrorKind::ConnectionReset.into()), None))
    })
}

fn trickle(bytes: Bytes, pause: Duration) -> Body {
    let piece = bytes.len().div_ceil(PIECES).max(1);
    let pieces = stream::unfold(bytes, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let piece = rest.split_to(piece.min(rest.len()));
        Some((Ok::<_, Infallible>(piece), rest))
    });
    Body::from_stream(pieces)
}

fn http_date(at: Millis) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
