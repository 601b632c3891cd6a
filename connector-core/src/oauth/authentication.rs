//! How we prove to an authorization server who we are.

use url::form_urlencoded::byte_serialize;

use super::assertion;
use crate::auth::Secret;
use crate::error::Result;

/// The type of a signed assertion (RFC 7523, section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How a client proves who it is, in the words of RFC 7591.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// `client_secret_post`: id and secret in the body.
    #[default]
    Post,
    /// `client_secret_basic`: id and secret in the header `Authorization`.
    Basic,
    /// `none`: a public client, which has no secret.
    None,
    /// `private_key_jwt`: an assertion that is signed with our key (RFC 7523).
    PrivateKey,
}

/// What proves who we are: the first that the server believes.
#[derive(Debug, Clone)]
pub(super) struct Credential(Vec<Proof>);

/// One way to prove it.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    Nothing,
    /// Not even our id: what the form says proves who we are.
    Unnamed,
    Post(Secret),
    Basic(Secret),
    Key(Secret),
}

/// Id and proof as a request has them.
pub(super) struct Authentication<'a> {
    /// Members of the form.
    pub form: Vec<(&'static str, String)>,
    /// Name and password of the header.
    pub basic: Option<(String, Secret)>,
    /// What must not be repeated to anybody.
    pub secret: Option<&'a Secret>,
}

impl Credential {
    /// A public client's.
    pub(super) fn none() -> Self {
        Self(vec![Proof::Nothing])
    }

    /// For forms that prove by themselves who we are.
    pub(super) fn unnamed() -> Self {
        Self(vec![Proof::Unnamed])
    }

    /// The first that the server believes; `None` when there is not one.
    pub(super) fn any_of(proofs: impl IntoIterator<Item = Proof>) -> Option<Self> {
        let proofs: Vec<_> = proofs.into_iter().collect();
        (!proofs.is_empty()).then_some(Self(proofs))
    }

    pub(super) fn proofs(&self) -> &[Proof] {
        &self.0
    }

    /// The secrets themselves, for what tells one credential from another.
    pub(super) fn exposed(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|proof| match proof {
            Proof::Nothing | Proof::Unnamed => None,
            Proof::Post(secret) | Proof::Basic(secret) | Proof::Key(secret) => Some(secret.expose()),
        })
    }
}

impl Proof {
    /// What a request to `audience` says to be from us.
    pub(super) fn of<'a>(&'a self, id: &str, audience: &str) -> Result<Authentication<'a>> {
        let own_id = || ("client_id", id.to_owned());
        Ok(match self {
            Self::Nothing => Authentication { form: vec![own_id()], basic: None, secret: None },
            Self::Post(secret) => Authentication {
                form: vec![own_id(), ("client_secret", secret.expose().to_owned())],
                basic: None,
                secret: Some(secret),
            },
            Self::Unnamed => Authentication { form: Vec::new(), basic: None, secret: None },
            // Encoded as in a form first (RFC 6749, section 2.3.1), which many clients forget: it shows when a secret
            // has a colon, a percent sign or a space in it.
            Self::Basic(secret) => {
                let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let basic = Some((encode(id), Secret::new(encode(secret.expose()))));
                Authentication { form: Vec::new(), basic, secret: Some(secret) }
            }
            Self::Key(key) => Authentication {
                form: vec![
                    own_id(),
                    ("client_assertion_type", ASSERTION_TYPE.to_owned()),
                    ("client_assertion", assertion::sign(key, id, audience)?),
                ],
                basic: None,
                secret: None,
            },
        })
    }
}
