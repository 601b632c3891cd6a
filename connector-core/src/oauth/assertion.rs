//! Signed assertions of who we are (RFC 7523): a JSON Web Token, made with our private key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::rsa::KeyPairComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};

/// Seconds for which an assertion is good: enough for clocks that disagree, little for whoever finds it.
const LIFE: i64 = 120;

/// A private key, and its name at the server where it has one.
struct Key {
    pair: KeyPair,
    id: Option<String>,
}

enum KeyPair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

/// Says that we are `client_id`, to `audience`, once.
pub(super) fn sign(key: &Secret, client_id: &str, audience: &str) -> Result<String> {
    let claims = json!({"iss": client_id, "sub": client_id, "aud": audience});
    sign_claims(key, None, claims)
}

/// Signs claims, for once and for a short time. The key's name at the server is `key_id`, or what the key itself says.
pub(super) fn sign_claims(key: &Secret, key_id: Option<&str>, mut claims: Value) -> Result<String> {
    let key = Key::read(key.expose())?;
    let mut header = json!({"alg": key.pair.algorithm(), "typ": "JWT"});
    if let Some(id) = key_id.or(key.id.as_deref()) {
        header["kid"] = json!(id);
    }
    let now = Timestamp::now().as_second();
    claims["jti"] = json!(Uuid::new_v4());
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + LIFE);
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&header), encode(&claims));
    let signature = key.pair.sign(message.as_bytes())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

impl Key {
    /// A key from PEM, from a JSON Web Key, or from a service account's document that holds one as PEM.
    fn read(text: &str) -> Result<Self> {
        let Ok(document) = serde_json::from_str::<Map<String, Value>>(text) else {
            return Ok(Self { pair: KeyPair::from_pem(text)?, id: None });
        };
        let member = |name: &str| document.get(name).and_then(Value::as_str);
        if let Some(pem) = member("private_key") {
            let id = member("private_key_id").or_else(|| member("kid")).map(str::to_owned);
            return Ok(Self { pair: KeyPair::from_pem(pem)?, id });
        }
        Ok(Self { pair: KeyPair::from_jwk(&document)?, id: member("kid").map(str::to_owned) })
    }
}

impl KeyPair {
    fn from_pem(text: &str) -> Result<Self> {
        // Lines of a key in an environment variable often end with a written-out line feed.
        let text = text.replace("\\n", "\n");
        let rsa = |pair: Result<RsaKeyPair, _>| pair.map(Self::Rsa).ok();
        match PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| unreadable())? {
            PrivateKeyDer::Pkcs1(key) => rsa(RsaKeyPair::from_der(key.secret_pkcs1_der())),
            PrivateKeyDer::Pkcs8(key) => {
                let key = key.secret_pkcs8_der();
                rsa(RsaKeyPair::from_pkcs8(key)).or_else(|| {
                    let random = SystemRandom::new();
                    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random)
                        .map(Self::P256)
                        .ok()
                })
            }
            _ => None,
        }
        .ok_or_else(unreadable)
    }

    fn from_jwk(key: &Map<String, Value>) -> Result<Self> {
        let number = |name: &str| {
            let text = key.get(name).and_then(Value::as_str)?;
            URL_SAFE_NO_PAD.decode(text).ok()
        };
        let read = || match key.get("kty").and_then(Value::as_str)? {
            "RSA" => {
                let components = KeyPairComponents {
                    public_key: ring::rsa::PublicKeyComponents { n: number("n")?, e: number("e")? },
                    d: number("d")?,
                    p: number("p")?,
                    q: number("q")?,
                    dP: number("dp")?,
                    dQ: number("dq")?,
                    qInv: number("qi")?,
                };
                RsaKeyPair::from_components(&components).map(Self::Rsa).ok()
            }
            "EC" => {
                // An uncompressed point (SEC 1, section 2.3.3).
                let point = [&[4], number("x")?.as_slice(), number("y")?.as_slice()].concat();
                EcdsaKeyPair::from_private_key_and_public_key(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    &number("d")?,
                    &point,
                    &SystemRandom::new(),
                )
                .map(Self::P256)
                .ok()
            }
            _ => None,
        };
        read().ok_or_else(unreadable)
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map(|()| signature)
            }
            Self::P256(pair) => pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
        }
        .map_err(|_| ConnectorError::new(ErrorCode::InternalError, "the client's key cannot sign"))
    }
}

fn unreadable() -> ConnectorError {
    ConnectorError::misconfigured(
        ErrorCode::InvalidValue,
        "the client's key is none that we can sign with: RSA of 2048 to 4096 bits, or P-256",
    )
    .hint("pass PEM, a JSON Web Key or a service account's document; `openssl pkcs8 -topk8 -nocrypt` makes PEM of most keys")
}
