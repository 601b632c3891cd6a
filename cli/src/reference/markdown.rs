//! Tables and texts in Markdown, safe against what stands in them.

/// A table; cells are Markdown already.
pub(super) fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = line(heads.iter().map(|head| (*head).to_owned()));
    table.push_str(&line(heads.iter().map(|_| "---".to_owned())));
    for row in rows {
        table.push_str(&line(row));
    }
    table
}

fn line(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Prose in a cell or a paragraph, on one line.
pub(super) fn prose(text: &str) -> String {
    let mut prose = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !prose.is_empty() {
            prose.push(' ');
        }
        prose.push_str(word);
    }
    prose.replace('|', "\\|").replace('<', "&lt;")
}

/// A word as code.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|"))
}

/// Words as code, with commas between.
pub(super) fn codes<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    texts.into_iter().map(code).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_ends_it() {
        let row = vec![code("a|b`c"), prose("one | two\n  <three>")];
        let table = table(&["name", "what"], [row]);
        assert_eq!(table, "| name | what |\n| --- | --- |\n| `a\\|b'c` | one \\| two &lt;three> |\n");
    }
}
