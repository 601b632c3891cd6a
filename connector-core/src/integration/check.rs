//! What a declaration must be like, and what is said of one that is not.

use std::collections::BTreeSet;

use super::reserved::check_stream_name;
use crate::auth::{AuthKind, ErasedAuthentication, ErasedNamed, Mismatch};
use crate::export::ExportEntry;
use crate::stream::{
    DeclaredPointer, LONGEST_NAME, Paging, RESERVED_COLUMNS, StreamDeclaration, Walk, is_pointer,
};

/// Why a declaration cannot be built. The message names the mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeclarationError {
    /// A name that is no lower-case identifier.
    #[error(
        "{what} `{name}` must be snake_case: lower-case letters, digits and single underscores, a letter first, at most \
         63 characters; write `{}`",
        snake_case(name)
    )]
    BadName {
        /// What has the name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A name that something in every connector has.
    #[error("{what} `{name}` cannot be called that, since {why}: write `{instead}`")]
    Reserved {
        /// What has the name.
        what: &'static str,
        /// The name.
        name: String,
        /// Who has it already.
        why: &'static str,
        /// A name that is free.
        instead: String,
    },
    /// Two things of one name.
    #[error(
        "{what} `{name}` is declared twice: rename one of them, or use `.replace(…)` where it is a capability of the \
         framework's that yours is to stand in for"
    )]
    Duplicate {
        /// What has the name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A stream without a key: its rows could not be told apart.
    #[error(
        "stream `{stream}` has no key: name the fields that tell its records apart, as in \
         `.key(&[\"id\"])`"
    )]
    NoKey {
        /// The stream.
        stream: String,
    },
    /// A key that cannot be the name of a column.
    #[error("stream `{stream}` cannot have `{name}` as a part of its key: {why}")]
    BadKey {
        /// The stream.
        stream: String,
        /// The part of the key.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A stream whose declaration names a field, filter or include that it does not have.
    #[error(
        "stream `{stream}` names `{name}` as its {what}, but has no such {kind}: declare the {kind}, or mend the name"
    )]
    Unknown {
        /// The stream.
        stream: String,
        /// The role of the name.
        what: &'static str,
        /// The name.
        name: String,
        /// What should have the name.
        kind: &'static str,
    },
    /// An export of a stream that is not declared.
    #[error(
        "export `{export}` is made of the stream `{stream}`, which is not declared: add it with `.stream(…)`"
    )]
    UnknownStream {
        /// The export.
        export: String,
        /// The stream.
        stream: String,
    },
    /// OAuth credentials are accepted, but nothing says where they come from.
    #[error(
        "an auth kind `oauth` or `oauth_client_credentials` is accepted, but nothing says where such tokens come from: add \
         `.oauth(OAuth::new(…))`"
    )]
    OAuthWithoutServer,
    /// An authorization server is declared, but its tokens are not accepted.
    #[error(
        "an authorization server is declared, but its tokens are not accepted: add `AuthKind::Oauth` or \
         `AuthKind::OauthClientCredentials` to `.auth(…)`"
    )]
    OAuthNotAccepted,
    /// A stream that is read below the app's address, which nobody declared.
    #[error(
        "stream `{stream}` is read below the app's address, which is not declared: add `.base_url(|settings| …)`"
    )]
    NoBaseUrl {
        /// The stream.
        stream: String,
    },
    /// A place in the app's answers that is no JSON pointer.
    #[error(
        "stream `{stream}` has its {what} at `{pointer}`, which is no JSON pointer: write `{}`, or `\"\"` for the whole \
         answer",
        pointer_to(pointer)
    )]
    BadPointer {
        /// The stream.
        stream: String,
        /// What is there.
        what: &'static str,
        /// The text in the pointer's place.
        pointer: String,
    },
    /// A header that does not exist.
    #[error(
        "a credential of the kind `{kind}` is carried in a header whose name no header can have: letters, digits and hyphens"
    )]
    BadHeader {
        /// The kind of credential.
        kind: &'static str,
    },
    /// A credential of several parts that is carried as if it were one text.
    #[error(
        "a credential of the kind `{kind}` is no single token that a request could carry: exchange it for one with \
         `.exchanged(…)` or `.asserted(…)`, or write `Authentication::custom(…)`"
    )]
    NoToken {
        /// The kind of credential.
        kind: &'static str,
    },
}

pub(super) fn duplicate(what: &'static str, name: &str) -> DeclarationError {
    DeclarationError::Duplicate { what, name: name.to_owned() }
}

/// A name as it should be, out of one that is not.
pub(super) fn snake_case(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && words.ends_with(|c: char| c.is_ascii_lowercase()) {
            words.push('_');
        }
        words.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
    let words: Vec<_> = words.split('_').filter(|word| !word.is_empty()).collect();
    let name = words.join("_");
    let mut name = match name.chars().next() {
        Some(first) if first.is_ascii_lowercase() => name,
        _ => format!("my_{name}").trim_end_matches('_').to_owned(),
    };
    name.truncate(63);
    name
}

/// A pointer to what a text without `/` at its beginning means, with dots where other ways of writing have them.
fn pointer_to(text: &str) -> String {
    let parts = text.split(['/', '.']).filter(|part| !matches!(*part, "" | "$" | "#"));
    parts.fold(String::new(), |pointer, part| format!("{pointer}/{}", part.replace('~', "~0")))
}

pub(super) fn check_pointers(pointers: &[(&'static str, DeclaredPointer)]) -> Result<(), DeclarationError> {
    match pointers.iter().find(|(_, declared)| !is_pointer(declared.pointer)) {
        None => Ok(()),
        Some((stream, DeclaredPointer { what, pointer })) => Err(DeclarationError::BadPointer {
            stream: (*stream).to_owned(),
            what,
            pointer: (*pointer).to_owned(),
        }),
    }
}

pub(super) fn check_name(what: &'static str, name: &str) -> Result<(), DeclarationError> {
    let of_words = name
        .split('_')
        .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if of_words && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 63 {
        return Ok(());
    }
    Err(DeclarationError::BadName { what, name: name.to_owned() })
}

pub(super) fn check_authentication(
    kind: AuthKind,
    how: &ErasedAuthentication,
) -> Result<(), DeclarationError> {
    how.check(kind).map_err(|mismatch| match mismatch {
        Mismatch::Header => DeclarationError::BadHeader { kind: kind.name() },
        Mismatch::NoToken => DeclarationError::NoToken { kind: kind.name() },
    })
}

pub(super) fn check_credentials(credentials: &[ErasedNamed]) -> Result<(), DeclarationError> {
    for (position, credential) in credentials.iter().enumerate() {
        if credentials[..position].iter().any(|other| other.id == credential.id) {
            return Err(duplicate("credential", credential.id));
        }
        check_authentication(credential.kind, &credential.how)?;
    }
    Ok(())
}

pub(super) fn check_stream(stream: &StreamDeclaration) -> Result<(), DeclarationError> {
    check_stream_name(stream.name)?;
    check_name("singular of a stream", stream.singular)?;
    if stream.key.is_empty() {
        return Err(DeclarationError::NoKey { stream: stream.name.to_owned() });
    }
    check_key(stream)?;
    let unknown = |what, name: &str, kind| {
        Err(DeclarationError::Unknown { stream: stream.name.to_owned(), what, name: name.to_owned(), kind })
    };
    let has_filter = |name: &str| stream.filters.iter().any(|filter| filter.name == name);
    let asked = stream
        .parents
        .iter()
        .map(|parent| parent.filter)
        .chain(stream.each.map(|each| each.filter))
        .chain(stream.window.map(|window| window.from))
        .chain(stream.window.and_then(|window| window.until))
        .chain(stream.ids);
    if let Some(filter) = asked.into_iter().find(|filter| !has_filter(filter)) {
        return unknown("way of reading", filter, "filter");
    }
    if let Some(filter) = stream.changed_since.filter(|filter| !has_filter(filter)) {
        return unknown("filter for changes", filter, "filter");
    }
    if let Some((filter, _)) = stream.default_filter.iter().find(|(name, _)| !has_filter(name)) {
        return unknown("default filter", filter, "filter");
    }
    if let Some(include) = stream.default_includes.iter().find(|include| !stream.includes.contains(include)) {
        return unknown("default include", include, "include");
    }
    match stream.walk {
        Walk::Pages { sort: Some(sort) } if !stream.sorts.contains(&sort) => {
            unknown("walk order", sort, "sort")
        }
        Walk::Value { field, .. } if !stream.sorts.contains(&field) => unknown("walk order", field, "sort"),
        Walk::Value { bound, .. } if !has_filter(bound) => unknown("walk bound", bound, "filter"),
        Walk::Value { field, .. } if !matches!(stream.paging, Paging::Number { .. }) => {
            unknown("walk order", field, "numbered pages")
        }
        Walk::Feed { .. } if !matches!(stream.paging, Paging::Token { .. }) => {
            unknown("walk order", "feed", "page tokens")
        }
        _ => Ok(()),
    }
}

/// Each part of a key is a column of the same name: databases find a row by it.
fn check_key(stream: &StreamDeclaration) -> Result<(), DeclarationError> {
    for (position, name) in stream.key.iter().enumerate() {
        let lower = name.to_lowercase();
        let is_taken = stream.key[..position].iter().any(|other| other.to_lowercase() == lower);
        let why = if name.is_empty() {
            "it is empty"
        } else if name.len() > LONGEST_NAME {
            "it is longer than 63 bytes"
        } else if name.chars().any(char::is_control) {
            "it has control characters"
        } else if RESERVED_COLUMNS.contains(&lower.as_str()) {
            "every table has a column of this name for itself"
        } else if is_taken {
            "it is there twice"
        } else {
            continue;
        };
        return Err(DeclarationError::BadKey {
            stream: stream.name.to_owned(),
            name: (*name).to_owned(),
            why,
        });
    }
    Ok(())
}

/// Whatever hangs on another stream finds it.
pub(super) fn check_links(
    stream: &StreamDeclaration,
    streams: &BTreeSet<&str>,
) -> Result<(), DeclarationError> {
    let missing = stream.parents.iter().find(|parent| !streams.contains(parent.stream));
    missing.map_or(Ok(()), |parent| {
        Err(DeclarationError::Unknown {
            stream: stream.name.to_owned(),
            what: "parent",
            name: parent.stream.to_owned(),
            kind: "stream beside it",
        })
    })
}

pub(super) fn check_exports(
    exports: &[ExportEntry],
    streams: &BTreeSet<&str>,
) -> Result<(), DeclarationError> {
    for (position, ExportEntry { declaration, .. }) in exports.iter().enumerate() {
        check_name("export", declaration.name)?;
        if exports[..position].iter().any(|other| other.declaration.name == declaration.name) {
            return Err(duplicate("export", declaration.name));
        }
        let needed = [Some(declaration.stream), declaration.definitions];
        if let Some(unknown) = needed.into_iter().flatten().find(|stream| !streams.contains(stream)) {
            return Err(DeclarationError::UnknownStream {
                export: declaration.name.to_owned(),
                stream: unknown.to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;
    use crate::capability::Capability;
    use crate::error::Result;
    use crate::integration::Integration;
    use crate::stream::{Filter, FilterKind, PageRequest, Parent, RecordPage, Stream};
    use schemars::JsonSchema;

    #[derive(serde::Deserialize, JsonSchema)]
    struct Settings {}

    #[derive(serde::Deserialize, serde::Serialize, JsonSchema)]
    struct Asked {}

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Record {
        id: String,
    }

    async fn read(_: Call<Settings>, _: PageRequest) -> Result<RecordPage> {
        Ok(RecordPage::default())
    }

    fn stream(name: &'static str) -> Stream<Settings> {
        Stream::new::<Record, _, _>(name, "thing", read)
    }

    fn build(streams: Vec<Stream<Settings>>) -> Result<Integration, DeclarationError> {
        Integration::builder::<Settings>("example", "1").streams(streams).build()
    }

    #[test]
    fn mistakes_are_found_when_the_integration_is_built_and_named() {
        let error = build(vec![stream("Things")]).err().unwrap();
        assert_eq!(error, DeclarationError::BadName { what: "stream", name: "Things".into() });
        for name in ["", "2things", "a__b", "a-b", "_a"] {
            assert!(matches!(build(vec![stream(name)]), Err(DeclarationError::BadName { .. })), "{name}");
        }
        let twice = build(vec![stream("things"), stream("things")]).err().unwrap();
        assert_eq!(twice, duplicate("stream", "things"));
        let no_key = build(vec![stream("things").key(&[])]).err().unwrap();
        assert_eq!(no_key, DeclarationError::NoKey { stream: "things".into() });
        let unknown = build(vec![stream("things").declare(|stream| stream.changed_since = Some("since"))]);
        assert!(unknown.err().unwrap().to_string().contains("`since`"));
    }

    #[test]
    fn no_name_of_every_connector_can_be_declared() {
        let builder = |app_id| Integration::builder::<Settings>(app_id, "1");
        let tell = |_: Call<Settings>, _: Asked| async { Ok(Asked {}) };
        for built in [
            builder("example").capability(Capability::new("export", tell)).build(),
            builder("example").replace(Capability::new("info", tell)).build(),
            builder("example").stream(stream("connector_runs")).build(),
            builder("example").stream(stream("sqlite_x")).build(),
            builder("sync").build(),
        ] {
            assert!(matches!(built, Err(DeclarationError::Reserved { .. })));
        }
        let own = builder("example").stream(stream("things")).replace(Capability::new("sync", tell));
        assert!(own.build().is_ok(), "the framework's own capabilities can be replaced");
    }

    #[test]
    fn a_wrong_name_comes_with_a_right_one() {
        for (wrong, right) in
            [("Things", "things"), ("myThings", "my_things"), ("a--b ", "a_b"), ("2x", "my_2x"), ("", "my")]
        {
            assert_eq!(snake_case(wrong), right);
            assert_eq!(check_name("stream", right), Ok(()));
        }
        let error = check_name("stream", "myThings").unwrap_err().to_string();
        assert!(error.ends_with("write `my_things`"), "{error}");
    }

    #[test]
    fn oauth_is_declared_whole() {
        let builder = || Integration::builder::<Settings>("example", "1");
        let message = |built: Result<Integration, DeclarationError>| built.err().unwrap().to_string();
        assert!(message(builder().auth(&[AuthKind::Oauth]).build()).contains(".oauth("));
        let oauth = crate::oauth::OAuth::new(|_: &Settings| Ok(crate::oauth::OAuthClient::new("", "")));
        assert!(message(builder().oauth(oauth).build()).contains("AuthKind::Oauth"));
    }

    #[test]
    fn a_parent_that_is_no_stream_is_found() {
        const FILTERS: &[Filter] = &[Filter::new("owner", FilterKind::Id)];
        const PARENTS: &[Parent] = &[Parent {
            stream: "owners",
            id: "id",
            only: None,
            filter: "owner",
            entity: None,
            column: "owner_id",
        }];
        let things = || {
            stream("things").declare(|stream| {
                stream.filters = FILTERS;
                stream.parents = PARENTS;
            })
        };
        assert!(build(vec![things()]).err().unwrap().to_string().contains("`owners`"));
        let owners = Stream::new::<Record, _, _>("owners", "owner", read);
        assert!(build(vec![things(), owners]).is_ok());
    }

    #[test]
    fn one_declaration_gives_the_list_and_the_sync() {
        let integration = build(vec![stream("things")]).unwrap();
        let names: Vec<_> = integration.capabilities().map(Capability::name).collect();
        assert_eq!(names, ["list_things", "retry_rejects", "sync", "verify"]);
    }
}
