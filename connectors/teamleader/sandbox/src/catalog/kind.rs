//! Attributes: what a value looks like, how one is made, and in which answers it appears.

use crate::data::Draw;

/// One attribute of a row or of an object inside it.
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) absence: Absence,
    pub(crate) part: Part,
}

/// When the value is `null`.
pub(crate) enum Absence {
    Never,
    /// In this many of a hundred rows.
    Percent(u8),
    When(fn(&mut Draw<'_>) -> bool),
}

/// In which answers an attribute appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// In lists and in info.
    Row,
    /// In lists only.
    List,
    /// In info only. Not stored, unless it is inside an object: made on demand from the number of the row.
    Info,
    /// In lists when the part is asked with `includes`; always in info.
    Include(&'static str),
    /// In lists when asked; never in info.
    ListInclude(&'static str),
    /// In no answer: filters look at it, and the control shows it.
    Hidden,
}

/// Both the shape of a value and the recipe for one.
pub(crate) enum Kind {
    Id,
    Created,
    Updated,
    /// The recipe writes one JSON string.
    Text(fn(&mut Draw<'_>)),
    /// One of these texts; a text named twice is twice as likely.
    Choice(&'static [&'static str]),
    /// One of these texts, chosen by the recipe.
    Chosen(&'static [&'static str], fn(&mut Draw<'_>) -> &'static str),
    /// True in this many of a hundred rows.
    Bool(u8),
    Decided(fn(&mut Draw<'_>) -> bool),
    Integer(fn(&mut Draw<'_>) -> i64),
    /// Hundredths.
    Decimal(fn(&mut Draw<'_>) -> i64),
    /// Seconds since 1970, shown as a date.
    Date(fn(&mut Draw<'_>) -> i64),
    /// Seconds since 1970, shown with the offset.
    Time(fn(&mut Draw<'_>) -> i64),
    /// Cents of the account's currency.
    Money(fn(&mut Draw<'_>) -> i64),
    /// `{type, id}` of a row of one of these entities.
    Relation(&'static [&'static str]),
    /// `{type, id}` of the row that this one belongs to: not every row has such rows.
    Parent(&'static [&'static str]),
    /// `{type, id}` of the row itself, known as these in turn: the `kinds` of the resource.
    Itself(&'static [&'static str]),
    /// `{type, id}` of the account.
    Account,
    Object(&'static [Attribute]),
    /// Between so many and so many of the same kind.
    List(u8, u8, &'static Kind),
    /// Of the definitions of this context, in so many of a hundred rows.
    CustomFields(&'static str, u8),
    /// This shape, written by a recipe of its own.
    Written(&'static Kind, fn(&mut Draw<'_>)),
    /// An attribute of which nothing is promised.
    Anything,
}

pub(crate) const fn attribute(name: &'static str, kind: Kind) -> Attribute {
    Attribute { name, kind, absence: Absence::Never, part: Part::Row }
}

impl Attribute {
    /// `null` in this many of a hundred rows.
    pub(crate) const fn null(mut self, percent: u8) -> Self {
        self.absence = Absence::Percent(percent);
        self
    }

    pub(crate) const fn null_when(mut self, missing: fn(&mut Draw<'_>) -> bool) -> Self {
        self.absence = Absence::When(missing);
        self
    }

    pub(crate) const fn in_list(mut self) -> Self {
        self.part = Part::List;
        self
    }

    pub(crate) const fn in_info(mut self) -> Self {
        self.part = Part::Info;
        self
    }

    pub(crate) const fn hidden(mut self) -> Self {
        self.part = Part::Hidden;
        self
    }

    pub(crate) const fn included(mut self, part: &'static str) -> Self {
        self.part = Part::Include(part);
        self
    }

    pub(crate) const fn included_in_list(mut self, part: &'static str) -> Self {
        self.part = Part::ListInclude(part);
        self
    }
}
