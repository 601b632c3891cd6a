//! What an author's types and functions must be, said so that the compiler can say it.
//!
//! Each trait is there for whatever fits; nobody implements one. They exist for their messages: the errors of the bounds
//! behind them name traits that the author of a connector never wrote.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::error::Result;
use crate::stream::PageRequest;

/// What an `async fn` of a connector gives when it is called: something that ends with a `Result<T>`.
#[diagnostic::on_unimplemented(
    message = "this function must be an `async fn` that returns `connector_core::Result<…>`",
    label = "it gives `{Self}`",
    note = "if it is a plain `fn`, write `async fn` in its place",
    note = "if its error is another one, return `connector_core::Result<…>` and map yours: `.map_err(|error| ConnectorError::new(ErrorCode::InvalidResponse, \"what went wrong\").source(error))?`"
)]
pub trait Answers<T>: Future {
    /// The future itself, whose output is a result.
    fn answer(self) -> impl Future<Output = Result<T>> + Send
    where
        Self: Send;
}

#[diagnostic::do_not_recommend]
impl<F, T> Answers<T> for F
where
    F: Future<Output = Result<T>>,
{
    fn answer(self) -> impl Future<Output = Result<T>> + Send
    where
        Self: Send,
    {
        self
    }
}

/// The first argument of a capability's function: the call.
#[diagnostic::on_unimplemented(
    message = "a capability's function takes the call first, and `{Self}` stands in its place",
    label = "its first argument is `{Self}`",
    note = "write `async fn make(call: Call<Settings>, request: MyRequest) -> Result<MyResponse>`"
)]
pub trait FirstArgument<S> {
    /// The call itself.
    fn of(call: Call<S>) -> Self;
}

#[diagnostic::do_not_recommend]
impl<S> FirstArgument<S> for Call<S> {
    fn of(call: Call<S>) -> Self {
        call
    }
}

/// The request of a capability.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the request of a capability",
    label = "it must be readable from JSON, with a schema",
    note = "add `#[derive(serde::Deserialize, schemars::JsonSchema)]` to it; a capability that asks for nothing takes an empty struct",
    note = "a capability is an `async fn(call: Call<Settings>, request: MyRequest)`: the call first, then the request"
)]
pub trait RequestType: DeserializeOwned + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> RequestType for T {}

/// The response of a capability.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the response of a capability",
    label = "it must be writable as JSON, with a schema",
    note = "add `#[derive(serde::Serialize, schemars::JsonSchema)]` to it"
)]
pub trait ResponseType: Serialize + JsonSchema + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + 'static> ResponseType for T {}

/// The settings of a connector.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the settings of a connector",
    label = "they must be readable from JSON, with a schema",
    note = "add `#[derive(serde::Deserialize, schemars::JsonSchema)]` to it"
)]
pub trait SettingsType: DeserializeOwned + JsonSchema + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + Sync + 'static> SettingsType for T {}

/// The records of a stream, of which only the schema is of interest: they are stored as they were sent.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot describe the records of a stream",
    label = "it has no schema, from which the table follows",
    note = "add `#[derive(schemars::JsonSchema)]` to it"
)]
pub trait RecordType: JsonSchema {}

#[diagnostic::do_not_recommend]
impl<T: JsonSchema> RecordType for T {}

/// The reader of a stream's pages.
#[diagnostic::on_unimplemented(
    message = "this cannot read the pages of a stream",
    label = "it does not take the call and the page that is asked for",
    note = "write `async fn read(call: Call<Settings>, page: PageRequest) -> Result<RecordPage>`; a list that comes in one piece leaves the page aside: `_: PageRequest`"
)]
pub trait Reader<S, Shape>: Send + Sync + 'static {
    /// What it gives when it is called.
    type Future;

    /// Begins to read a page.
    fn read(&self, call: Call<S>, page: PageRequest) -> Self::Future;
}

#[diagnostic::do_not_recommend]
impl<S, F, Fut> Reader<S, (Fut,)> for F
where
    F: Fn(Call<S>, PageRequest) -> Fut + Send + Sync + 'static,
{
    type Future = Fut;

    fn read(&self, call: Call<S>, page: PageRequest) -> Fut {
        self(call, page)
    }
}

/// Nothing is one. Where a trait has one implementation that may fit, the compiler tells of that one's bounds (of `Fn`,
/// here) in the place of the trait's own message.
mod second_implementation {
    pub trait Never: Send + Sync + 'static {}
}

#[diagnostic::do_not_recommend]
impl<S, F: second_implementation::Never> Reader<S, ()> for F {
    type Future = ();

    fn read(&self, _: Call<S>, _: PageRequest) {}
}
