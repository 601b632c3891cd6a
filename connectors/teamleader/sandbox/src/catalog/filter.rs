//! Filters of a list: what a value must look like and which rows it keeps.

/// A key accepted in `filter`, or beside it.
pub(crate) struct Filter {
    pub(crate) name: &'static str,
    pub(crate) test: Test,
    pub(crate) place: Place,
    /// The list is refused without it.
    pub(crate) is_required: bool,
}

/// Where a request names a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In `filter`.
    Filter,
    /// Beside `filter`, in the body itself.
    Body,
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
    /// That UUID; `null` asks for rows without one.
    IdOrNull(&'static str),
    /// Dates are compared with the day of a time too. Bounds belong to what they bound.
    DateFrom(&'static str),
    DateUntil(&'static str),
    /// The day that is named is not among them.
    DateBefore(&'static str),
    TimeFrom(&'static str),
    TimeUntil(&'static str),
    /// `{operator, value, start, end}` on a date.
    Dates(&'static str),
    /// `{name: [uuid]}`: rows without any of them. The first text is the name.
    Without(&'static str, &'static str),
    /// The status of a nextgen project, which is finer in the filter than in the rows.
    ProjectStatus(&'static [&'static str]),
    /// Accepted, and without effect on what the stand-in shows.
    Everything,
}

pub(crate) const fn filter(name: &'static str, test: Test) -> Filter {
    Filter { name, test, place: Place::Filter, is_required: false }
}

impl Filter {
    /// It stands beside `filter`.
    pub(crate) const fn in_body(mut self) -> Self {
        self.place = Place::Body;
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }
}
