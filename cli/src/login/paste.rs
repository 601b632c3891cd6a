//! The redirected address, pasted by somebody whose browser cannot reach this machine.

use std::io::BufRead;

use connector_core::Secret;
use connector_core::oauth::authorization::StartedAuthorization;
use tokio::sync::mpsc;
use url::form_urlencoded;

use crate::output::tell;

/// Reads addresses from standard input until one is the answer that is waited for; the others are explained. In a
/// thread, since a terminal cannot be waited for otherwise.
pub(super) fn read(started: &StartedAuthorization, answers: mpsc::Sender<String>) {
    let expected = Expected {
        state: started.state.clone(),
        page: base(&started.authorization_url).to_owned(),
        redirect_uri: started.redirect_uri.clone(),
    };
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match expected.query(line.trim()) {
                Ok(Some(query)) => {
                    // Whoever waited has had an answer already when nobody takes this one.
                    let _ = answers.blocking_send(query);
                    return;
                }
                Ok(None) => {}
                Err(wrong) => tell(&wrong),
            }
        }
    });
}

/// What the address must be.
struct Expected {
    state: Secret,
    page: String,
    redirect_uri: String,
}

impl Expected {
    /// The query of a pasted address; `None` for an empty line. What is wrong with it takes nothing away: the right one
    /// may still come.
    fn query(&self, pasted: &str) -> Result<Option<String>, String> {
        if pasted.is_empty() {
            return Ok(None);
        }
        let pasted = pasted.trim_matches(['"', '\'', '<', '>']);
        if base(pasted) == self.page {
            return Err(format!(
                "This is the address to agree at. Open it in a browser; the app then leads to an address that begins \
                 with {}: paste that one.",
                base(&self.redirect_uri)
            ));
        }
        let Some((_, query)) = pasted.split('#').next().unwrap_or_default().split_once('?') else {
            return Err(self.not_the_address());
        };
        let all = |name: &str| -> Vec<String> {
            let pairs = form_urlencoded::parse(query.as_bytes());
            pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
        };
        let (states, codes, errors) = (all("state"), all("code"), all("error"));
        if states.is_empty() || codes.is_empty() && errors.is_empty() {
            return Err(self.not_the_address());
        }
        if states != [self.state.expose()] {
            return Err(
                "This address is from another login. Agree at the address above, and paste the one that the \
                        browser shows then."
                    .to_owned(),
            );
        }
        Ok(Some(query.to_owned()))
    }

    fn not_the_address(&self) -> String {
        format!(
            "This is not the whole address that the app led to. It begins with {} and has `code=` and `state=` in it: \
             copy all of it.",
            base(&self.redirect_uri)
        )
    }
}

fn base(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_address_is_taken_and_wrong_ones_are_explained() {
        let expected = Expected {
            state: Secret::new("example.abc"),
            page: "https://app.example/authorize".to_owned(),
            redirect_uri: "http://127.0.0.1:1/callback".to_owned(),
        };
        let query = "code=a%20b&state=example.abc";
        for right in [
            format!("http://127.0.0.1:1/callback?{query}"),
            format!("\"http://127.0.0.1:1/callback?{query}\""),
            format!("127.0.0.1:1/callback?{query}#fragment"),
            format!("?{query}"),
        ] {
            assert_eq!(expected.query(&right).as_ref().map(Option::as_deref), Ok(Some(query)), "{right}");
        }
        let denied = "error=access_denied&state=example.abc";
        assert_eq!(expected.query(&format!("http://x/?{denied}")).unwrap().as_deref(), Some(denied));
        assert_eq!(expected.query(""), Ok(None));
        for (wrong, said) in [
            ("https://app.example/authorize?state=example.abc&client_id=x", "address to agree at"),
            ("yes", "whole address"),
            ("http://127.0.0.1:1/callback", "whole address"),
            ("http://127.0.0.1:1/callback?state=example.abc", "whole address"),
            ("http://127.0.0.1:1/callback?code=a", "whole address"),
            ("http://127.0.0.1:1/callback?code=a&state=other", "another login"),
            ("http://127.0.0.1:1/callback?code=a&state=example.abc&state=other", "another login"),
        ] {
            let explained = expected.query(wrong).unwrap_err();
            assert!(explained.contains(said), "{wrong}: {explained}");
            assert!(!explained.contains("example.abc"), "{explained}");
        }
    }
}
