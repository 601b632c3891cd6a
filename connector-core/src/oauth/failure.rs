//! What the failure of a token request means for the grant that it was sent for.

use super::discovery;
use crate::error::{ConnectorError, ErrorCode};

/// What a failed token request leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenFailure {
    /// The server refused the grant for good: somebody must log in again.
    Permanent,
    /// The server refused us, or our request: settings are wrong, and the grant may still be good.
    Configuration,
    /// The request did not arrive, or was turned away unread: the same may be sent again later.
    Transient,
    /// The request left and no answer that tells anything came back: the grant may be spent.
    LostAnswer,
}

impl TokenFailure {
    /// The class of an error of a token request.
    pub(crate) fn of(error: &ConnectorError) -> Self {
        use ErrorCode::{
            BadRequest, ConnectionClosed, CredsRevoked, IntegrationMissingParameter, InvalidResponse,
            InvalidValue, NotFound, PermissionDenied, RequestTimeout, Unauthorized, UnknownValue,
            UnsupportedOperation,
        };
        if discovery::is_failure(error) {
            return Self::Transient;
        }
        match (error.code(), error.http_status()) {
            (CredsRevoked | PermissionDenied, _) => Self::Permanent,
            (InvalidResponse, Some(status)) if leads_elsewhere(status) => Self::Configuration,
            // Without a status the network failed, and not before the request was on its way: a connection that was
            // never made has codes of its own. In an answer that is damaged or not understood may have been tokens.
            (RequestTimeout | ConnectionClosed, None) | (InvalidResponse, None | Some(200..300)) => {
                Self::LostAnswer
            }
            (
                Unauthorized
                | BadRequest
                | NotFound
                | UnsupportedOperation
                | InvalidValue
                | UnknownValue
                | IntegrationMissingParameter,
                _,
            ) => Self::Configuration,
            _ => Self::Transient,
        }
    }
}

/// A redirect, or nothing that answers: the address of the settings is not that of a token endpoint.
fn leads_elsewhere(status: u16) -> bool {
    matches!(status, 300..400 | 404 | 405 | 410)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use url::Url;

    use super::*;
    use crate::http::{HttpClient, HttpOptions, HttpRequest};

    async fn failure_of(address: String, timeout: Duration) -> TokenFailure {
        let options = HttpOptions { timeout, ..HttpOptions::default() };
        let request = HttpRequest::get(Url::parse(&address).unwrap());
        TokenFailure::of(&HttpClient::new(options).attempt(&request, None).await.unwrap_err())
    }

    /// A server that reads a request, says `answer` and hangs up, or stays silent.
    async fn server(answer: Option<&'static str>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 1024]).await.unwrap();
            match answer {
                Some(answer) => socket.write_all(answer.as_bytes()).await.unwrap(),
                None => std::future::pending().await,
            }
        });
        address
    }

    #[tokio::test]
    async fn a_request_that_never_left_may_be_sent_again() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(failure_of(address, Duration::from_secs(30)).await, TokenFailure::Transient);
    }

    #[tokio::test]
    async fn a_request_whose_answer_is_missing_cut_or_damaged_may_have_spent_the_grant() {
        let damaged = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope";
        let cut = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"acc";
        for answer in [Some(""), Some(cut), Some(damaged)] {
            let failure = failure_of(server(answer).await, Duration::from_secs(30)).await;
            assert_eq!(failure, TokenFailure::LostAnswer, "{answer:?}");
        }
        let silence = failure_of(server(None).await, Duration::from_millis(300)).await;
        assert_eq!(silence, TokenFailure::LostAnswer);
    }

    #[test]
    fn a_request_whose_address_is_not_found_may_be_sent_later() {
        for word in ["oauth.metadata_unreachable", "oauth.invalid_metadata"] {
            let error = ConnectorError::new(ErrorCode::InvalidResponse, "no").app_error_code(word);
            assert_eq!(TokenFailure::of(&error), TokenFailure::Transient, "{word}");
        }
    }

    #[test]
    fn what_the_server_says_decides_who_must_act() {
        let class = |code, status: Option<u16>| {
            let error = ConnectorError::new(code, "refused");
            TokenFailure::of(&status.into_iter().fold(error, ConnectorError::status))
        };
        for (code, status, failure) in [
            (ErrorCode::CredsRevoked, Some(400), TokenFailure::Permanent),
            (ErrorCode::PermissionDenied, Some(400), TokenFailure::Permanent),
            (ErrorCode::Unauthorized, Some(401), TokenFailure::Configuration),
            (ErrorCode::BadRequest, Some(400), TokenFailure::Configuration),
            (ErrorCode::InvalidValue, None, TokenFailure::Configuration),
            (ErrorCode::RateLimit, Some(429), TokenFailure::Transient),
            (ErrorCode::ServiceError, Some(500), TokenFailure::Transient),
            (ErrorCode::RequestTimeout, Some(408), TokenFailure::Transient),
            (ErrorCode::ConnectionTimeout, None, TokenFailure::Transient),
            (ErrorCode::InvalidResponse, Some(200), TokenFailure::LostAnswer),
            (ErrorCode::InvalidResponse, Some(302), TokenFailure::Configuration),
            (ErrorCode::InvalidResponse, Some(400), TokenFailure::Transient),
        ] {
            assert_eq!(class(code, status), failure, "{code} {status:?}");
        }
    }
}
