//! Codes and tokens: issued, checked, used up, revoked.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::clock::Millis;

/// An access token and the refresh token that replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TokenPair {
    /// Sent as the bearer.
    pub access_token: String,
    /// Good for exactly one refresh.
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
}

const CODE_LIFE: Millis = 600_000;
const ACCESS_LIFE: Millis = 3_600_000;

/// An authorization code and what it is bound to.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) scopes: Vec<String>,
    expires: Millis,
    used: bool,
    family: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// Names the token in the request log.
    pub(crate) number: u64,
    pub(crate) scopes: Vec<String>,
    expires: Millis,
    family: u64,
}

#[derive(Debug)]
struct Refresh {
    access: String,
    scopes: Vec<String>,
    used: bool,
    family: u64,
}

/// Why a code is refused.
pub(super) enum CodeError {
    Unknown,
    Expired,
    Used,
}

/// Everything the OAuth server has given out. A family is what grew from one consent.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    numbers: u64,
}

impl Grants {
    pub(super) fn issue_code(
        &mut self,
        redirect_uri: String,
        challenge: Option<String>,
        scopes: Vec<String>,
        now: Millis,
    ) -> String {
        // 804 characters, as the one public sample has.
        let code = format!("def50200{}", hex(&random_bytes::<398>()));
        let family = self.number();
        let expires = now + CODE_LIFE;
        self.codes
            .insert(code.clone(), Code { redirect_uri, challenge, scopes, expires, used: false, family });
        code
    }

    pub(super) fn code(&self, code: &str, now: Millis) -> Result<&Code, CodeError> {
        match self.codes.get(code) {
            None => Err(CodeError::Unknown),
            Some(code) if code.used => Err(CodeError::Used),
            Some(code) if code.expires <= now => Err(CodeError::Expired),
            Some(code) => Ok(code),
        }
    }

    /// Uses the code up. It must have been checked.
    pub(super) fn redeem_code(&mut self, code: &str, account: Uuid, now: Millis) -> Option<TokenPair> {
        let code = self.codes.get_mut(code)?;
        code.used = true;
        let (scopes, family) = (code.scopes.clone(), code.family);
        Some(self.issue_in(family, scopes, account, now))
    }

    /// Revokes what was made from a code.
    pub(super) fn revoke_made_from(&mut self, code: &str) {
        if let Some(family) = self.codes.get(code).map(|code| code.family) {
            self.access.retain(|_, access| access.family != family);
            self.refresh
                .values_mut()
                .filter(|refresh| refresh.family == family)
                .for_each(|refresh| refresh.used = true);
        }
    }

    /// A fresh pair, as after a consent of its own.
    pub(crate) fn issue(&mut self, scopes: Vec<String>, account: Uuid, now: Millis) -> TokenPair {
        let family = self.number();
        self.issue_in(family, scopes, account, now)
    }

    fn issue_in(&mut self, family: u64, scopes: Vec<String>, account: Uuid, now: Millis) -> TokenPair {
        let access_token = self.issue_access(family, scopes.clone(), account, now, ACCESS_LIFE);
        let refresh_token = format!("def50200{}", hex(&random_bytes::<320>()));
        let refresh = Refresh { access: access_token.clone(), scopes, used: false, family };
        self.refresh.insert(refresh_token.clone(), refresh);
        TokenPair { access_token, refresh_token, expires_in: 3600 }
    }

    /// The token of the implicit grant, which lives for 15 minutes and has no refresh token.
    pub(super) fn issue_implicit(&mut self, scopes: Vec<String>, account: Uuid, now: Millis) -> String {
        let family = self.number();
        self.issue_access(family, scopes, account, now, 900_000)
    }

    fn issue_access(
        &mut self,
        family: u64,
        scopes: Vec<String>,
        account: Uuid,
        now: Millis,
        life: Millis,
    ) -> String {
        let number = self.number();
        let expires = now + life;
        let token = jwt(number, &scopes, account, now, expires);
        self.access.insert(token.clone(), Access { number, scopes, expires, family });
        token
    }

    /// Exactly one caller gets the new pair: the old refresh token is dead when this returns.
    pub(super) fn rotate(
        &mut self,
        refresh_token: &str,
        kill_access: bool,
        account: Uuid,
        now: Millis,
    ) -> Option<TokenPair> {
        let refresh = self.refresh.get_mut(refresh_token).filter(|refresh| !refresh.used)?;
        refresh.used = true;
        let (scopes, family, access) = (refresh.scopes.clone(), refresh.family, refresh.access.clone());
        if kill_access {
            self.access.remove(&access);
        }
        Some(self.issue_in(family, scopes, account, now))
    }

    pub(crate) fn access(&self, token: &str, now: Millis) -> Option<&Access> {
        self.access.get(token).filter(|access| access.expires > now)
    }

    pub(crate) fn expire_access(&mut self, now: Millis) {
        self.access.values_mut().for_each(|access| access.expires = access.expires.min(now));
    }

    /// The integration was saved on the Marketplace.
    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh.values_mut().for_each(|refresh| refresh.used = true);
    }

    /// The user uninstalled the integration.
    pub(crate) fn revoke_all(&mut self) {
        self.revoke_refresh();
        self.access.clear();
        self.codes.clear();
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

fn jwt(number: u64, scopes: &[String], account: Uuid, now: Millis, expires: Millis) -> String {
    let header = URL_SAFE_NO_PAD.encode(json!({"typ": "JWT", "alg": "RS256"}).to_string());
    let claims = json!({
        "jti": hex(&random_bytes::<20>()),
        "iat": now / 1000,
        "exp": expires / 1000,
        "sub": number.to_string(),
        "account": account,
        "scopes": scopes,
    });
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(random_bytes::<256>()))
}

/// Not from the seed: a token of one sandbox must mean nothing to another one.
fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // No token can be given out without chance, and there is no way on without tokens.
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
