//! Cells that a spreadsheet would run: whoever may name a contact must not get to run a formula on somebody's desk.

use std::borrow::Cow;

/// What makes a formula, or a cell of its own, at the beginning of a cell. Some programs read the wide forms alike.
const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Longest telephone number that is left as it is.
const LONGEST_TELEPHONE: usize = 40;

/// The cell with an apostrophe in front where a spreadsheet might take it for a formula: also after spaces and quotes,
/// which some programs skip or strip.
///
/// Numbers, and telephone numbers that begin with a plus sign, stay as they are: without a letter they can call no
/// function and name no cell, and programs that read the file want them as they are.
pub(super) fn harmless(cell: &str) -> Cow<'_, str> {
    let is_skipped = |c: char| {
        (c.is_whitespace() && !STARTS.contains(&c))
            || matches!(c, '"' | '\'' | '`' | '“' | '”' | '‘' | '’' | '\0' | '\u{feff}' | '\u{200b}')
    };
    let start = cell.trim_start_matches(is_skipped);
    if !start.starts_with(STARTS) || is_number(cell) || is_telephone(cell) {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(format!("'{cell}"))
}

/// `-12`, `-12.50`, `-12,50`, `+3`.
fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let (whole, part) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits(whole) && are_digits(part)
}

/// `+32 470 12 34 56`, `+32 (0)9/123.45.67`.
fn is_telephone(cell: &str) -> bool {
    let Some(rest) = cell.strip_prefix('+') else { return false };
    rest.len() <= LONGEST_TELEPHONE
        && rest.starts_with(|c: char| c.is_ascii_digit())
        && rest.chars().all(|c| c.is_ascii_digit() || " .-/()".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_formula_gets_an_apostrophe() {
        for cell in [
            "=1+1",
            "+cmd|' /C calc'!A0",
            "-2+3+cmd",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            " =1",
            "\u{a0}=1",
            "\"=1",
            "' =1",
            "\"' \t=1",
            "“=1",
            "\u{feff}=1",
            "＝1",
            "-",
            "+",
            "-A1",
            "+32 470 12 34 56 =1",
            "+32^9",
            "+1,2,3",
            "-1e5",
            " -5",
            "+٣",
        ] {
            assert_eq!(harmless(cell), format!("'{cell}"), "{cell:?}");
        }
        let too_long = format!("+{}", "1 ".repeat(21));
        assert_eq!(harmless(&too_long), format!("'{too_long}"));
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for cell in [
            "",
            "a=b",
            "Zoë & Søn",
            "a@example.com",
            "https://example.com/?a=+1",
            "+32 470 12 34 56",
            "+32 (0)9/123.45.67",
            "+32470123456",
            "0470-12 34 56",
            "-12",
            "-12.50",
            "-12,50",
            "+3",
            "12.5",
            "'quoted'",
            "  ",
        ] {
            assert_eq!(harmless(cell), cell);
        }
    }
}
