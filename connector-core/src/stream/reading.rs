//! How a sync reads a stream whose app does not tell what changed: by dates, by parents, by value, record by record.

/// A range of dates around today that is read in every run; everything is read now and then.
///
/// For streams whose records have a date of their own (a day worked, a meeting) but no time of change: what people
/// change lies mostly close to today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Filter for the first day.
    pub from: &'static str,
    /// Filter for the last day; `None` where the window has no end.
    pub until: Option<&'static str>,
    /// Days before today.
    pub back: u16,
    /// Days after today; only with `until`.
    pub ahead: u16,
    /// Days after which everything is read again. 1 where records may lack the date and are in no window.
    pub full_every: u16,
}

/// The records of another stream, one request (or walk) for each of them: some lists can be read in no other way.
///
/// A run reads the children of the parents that were new or changed since the run before, and now and then those of
/// all parents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// Stream of the parents.
    pub stream: &'static str,
    /// Column of the parent's table that holds what the request needs: most often `id`.
    pub id: &'static str,
    /// Only parents with this value in this column.
    pub only: Option<(&'static str, &'static str)>,
    /// Filter that takes the parent.
    pub filter: &'static str,
    /// The parent's type, where the filter takes `{type, id}`; `None` where it takes the id alone.
    pub entity: Option<&'static str>,
    /// Name of the parent in the rows: the column itself for an id, the front of `<column>_type` and `<column>_id` for
    /// `{type, id}`. Records that do not name their parent get it from the request.
    pub column: &'static str,
}

/// A filter that must be given, and its values: the list is read once for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Each {
    /// The filter, and the column of the rows that holds its value.
    pub filter: &'static str,
    /// All its values.
    pub values: &'static [&'static str],
}

/// A list inside a record that becomes a table of its own where that is asked for.
///
/// Top-level fields that hold lists need no declaration; this is for those that lie deeper. The items' columns follow
/// from the record's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child {
    /// Second half of the table's name: `lines` gives `invoices_lines`.
    pub name: &'static str,
    /// The fields that lead to the items; each may hold an object, or a list, which is flattened.
    pub path: &'static [&'static str],
}
