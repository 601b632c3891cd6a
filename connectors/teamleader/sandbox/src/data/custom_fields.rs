//! Values of custom fields, in every form the live service was seen to use.

use super::{Draw, text};
use crate::catalog::DEFINITIONS;

/// A row has no field, one, or rarely two; the first row of a resource has all of them. The next
/// rows have one in turn, so that a small account already has every type.
pub(crate) fn write(draw: &mut Draw<'_>, context: &str, percent: u8) {
    let Some(first) = DEFINITIONS.iter().position(|definition| definition.context == context) else {
        return draw.raw("[]");
    };
    let count = DEFINITIONS.iter().filter(|definition| definition.context == context).count();
    let turn = draw.number as usize % count;
    draw.raw("[");
    if draw.number == 0 {
        for position in first..first + count {
            separate(draw, position > first);
            field(draw, position);
        }
    } else if draw.number as usize <= count || draw.chance(percent) {
        field(draw, first + turn);
        if count > 1 && draw.chance(10) {
            draw.raw(",");
            field(draw, first + (turn + 1) % count);
        }
    }
    draw.raw("]");
}

fn separate(draw: &mut Draw<'_>, needed: bool) {
    if needed {
        draw.raw(",");
    }
}

fn field(draw: &mut Draw<'_>, position: usize) {
    let number = u32::try_from(position).unwrap_or_default();
    let id = draw.world.id("customFieldDefinition", number);
    draw.raw("{\"definition\":{\"type\":\"customFieldDefinition\",\"id\":");
    draw.uuid(id);
    draw.raw("},\"value\":");
    // Only later rows have gaps, so that the first ones show every type.
    if draw.number > 20 && draw.chance(8) {
        empty(draw, DEFINITIONS[position].kind);
    } else {
        value(draw, DEFINITIONS[position].kind);
    }
    draw.raw("}");
}

/// An empty text is `""` as often as it is `null`; an empty selection is a list.
fn empty(draw: &mut Draw<'_>, kind: &str) {
    match kind {
        "multi_select" => draw.raw("[]"),
        "single_line" | "multi_line" if draw.chance(50) => draw.raw("\"\""),
        _ => draw.raw("null"),
    }
}

fn value(draw: &mut Draw<'_>, kind: &str) {
    match kind {
        "single_line" => text::short_note(draw),
        "multi_line" => text::two_lines(draw),
        "single_select" => {
            let option = *draw.pick(text::OPTIONS);
            draw.string(option);
        }
        "multi_select" => {
            let option = *draw.pick(text::OPTIONS);
            draw.raw("[");
            draw.string(option);
            draw.raw("]");
        }
        "date" => {
            let day = draw.created + 86_400 * draw.between(-100, 400);
            draw.date(day);
        }
        "money" => {
            let cents = draw.between(100, 2_000_000);
            draw.hundredths(cents);
        }
        "auto_increment" => draw.integer(i64::from(draw.number) + 1),
        "integer" => {
            let value = draw.between(-5, 5_000);
            draw.integer(value);
        }
        "number" => {
            let value = draw.between(-500, 90_000);
            draw.hundredths(value);
        }
        "boolean" => {
            let value = draw.chance(50);
            draw.boolean(value);
        }
        "email" => text::email(draw),
        "telephone" => text::telephone(draw),
        "url" => text::website(draw),
        "company" => draw.relation("company"),
        "contact" => draw.relation("contact"),
        "product" => draw.relation("product"),
        "user" => draw.relation("user"),
        _ => draw.raw("null"),
    }
}
