//! Filters of a list: what a value must look like and which rows it keeps.

/// A key accepted in `filter`.
pub(crate) struct Filter {
    pub(crate) name: &'static str,
    pub(crate) test: Test,
}

/// Paths lead into a row: `lead.customer`, `emails[].email`.
pub(crate) enum Test {
    Ids,
    /// A case-insensitive part of one of these texts.
    Term(&'static [&'static str]),
    UpdatedSince,
    /// All given texts are among these.
    HasAll(&'static str),
    /// One of the allowed texts, equal to the value.
    OneOf(&'static str, &'static [&'static str]),
    /// A list of the allowed texts; the last is what holds when nothing is asked.
    AnyOf(&'static str, &'static [&'static str], &'static [&'static str]),
    Equals(&'static str),
    Flag(&'static str),
    /// A UUID.
    Id(&'static str),
    /// One UUID or a list of them.
    IdOrIds(&'static str),
    /// A list of UUIDs of which one must be there.
    AnyId(&'static str),
    /// `{type, id}` with one of these types.
    Reference(&'static str, &'static [&'static str]),
    /// A list of `{type, id}`, of which one must be there.
    AnyReference(&'static str, &'static [&'static str]),
    /// `{type: primary, email}`.
    PrimaryEmail,
    /// That date; `null` asks for rows without one.
    DateOrNull(&'static str),
    DateFrom(&'static str),
    DateUntil(&'static str),
    TimeFrom(&'static str),
    TimeUntil(&'static str),
    /// The status of a nextgen project, which is finer in the filter than in the rows.
    ProjectStatus(&'static [&'static str]),
    /// A relation that no answer shows.
    Nothing,
}

pub(crate) const fn filter(name: &'static str, test: Test) -> Filter {
    Filter { name, test }
}
