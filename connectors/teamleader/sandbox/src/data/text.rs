//! Recipes for texts. What is said twice about a row (a name, an address made of it) agrees.

use super::Draw;
use super::words::{
    CITIES, COMPANY_HEADS, COMPANY_TAILS, DIVISIONS, EVENTS, FIRST_NAMES, LAST_NAMES, POSITIONS, PRODUCTS,
    REMARKS, STREETS, TOPICS,
};
use crate::catalog::DEFINITIONS;

pub(crate) const TAGS: &[&str] =
    &["prospect", "VIP", "klant", "fournisseur", "beurs 2024", "Überfällig", "❤"];
pub(crate) const OPTIONS: &[&str] = &["Small", "Medium", "Large", "N/A", "Très grand"];

const FIRST: u64 = 1;
const LAST: u64 = 2;
const HEAD: u64 = 3;
const TAIL: u64 = 4;

pub(crate) fn first_name(draw: &mut Draw<'_>) {
    draw.string(draw.settled(FIRST, FIRST_NAMES));
}

pub(crate) fn last_name(draw: &mut Draw<'_>) {
    draw.string(draw.settled(LAST, LAST_NAMES));
}

pub(crate) fn full_name(draw: &mut Draw<'_>) {
    let name = format!("{} {}", draw.pick(FIRST_NAMES), draw.pick(LAST_NAMES));
    draw.string(&name);
}

pub(crate) fn company_name(draw: &mut Draw<'_>) {
    let name = format!("{} {}", draw.settled(HEAD, COMPANY_HEADS), draw.settled(TAIL, COMPANY_TAILS));
    draw.string(&name);
}

pub(crate) fn department(draw: &mut Draw<'_>) {
    let names = ["Hoofdzetel", "Succursale Liège", "Łódź", "Shop \"Zuid\""];
    draw.string(names[draw.number as usize % names.len()]);
}

/// The n-th name of a short list; rows inserted later get a number behind it.
pub(crate) fn listed(draw: &mut Draw<'_>, names: &[&str]) {
    let number = draw.number as usize;
    let name = names[number % names.len()];
    match number / names.len() {
        0 => draw.string(name),
        round => draw.string(&format!("{name} {}", round + 1)),
    }
}

fn domain(draw: &Draw<'_>) -> String {
    let top = draw.settled(TAIL, &["be", "nl", "fr", "de", "eu"]);
    format!("c{}.{top}", draw.number)
}

pub(crate) fn email(draw: &mut Draw<'_>) {
    let mailbox = *draw.pick(&["info", "sales", "jan", "zoe", "compta"]);
    let address = format!("{mailbox}@{}", domain(draw));
    draw.string(&address);
}

pub(crate) fn company_emails(draw: &mut Draw<'_>) {
    draw.raw("[");
    if draw.chance(40) {
        draw.raw("{\"type\":\"primary\",\"email\":");
        email(draw);
        draw.raw("}");
        if draw.chance(10) {
            draw.raw(",{\"type\":\"invoicing\",\"email\":");
            email(draw);
            draw.raw("}");
        }
    }
    draw.raw("]");
}

pub(crate) fn company_telephones(draw: &mut Draw<'_>) {
    if draw.chance(20) {
        let kind = *draw.pick(&["phone", "phone", "fax"]);
        draw.raw("[{\"type\":");
        draw.string(kind);
        draw.raw(",\"number\":");
        telephone(draw);
        draw.raw("}]");
    } else {
        draw.raw("[]");
    }
}

pub(crate) fn contact_emails(draw: &mut Draw<'_>) {
    if draw.chance(80) {
        draw.raw("[{\"type\":\"primary\",\"email\":");
        email(draw);
        draw.raw("}]");
    } else {
        draw.raw("[]");
    }
}

pub(crate) fn website(draw: &mut Draw<'_>) {
    let address = format!("https://{}", domain(draw));
    draw.string(&address);
}

pub(crate) fn telephone(draw: &mut Draw<'_>) {
    let number = format!("09{:07}", draw.between(0, 9_999_999));
    draw.string(&number);
}

pub(crate) fn street(draw: &mut Draw<'_>) {
    let line = format!("{} {}", draw.pick(STREETS), draw.between(1, 299));
    draw.string(&line);
}

pub(crate) fn postal_code(draw: &mut Draw<'_>) {
    let code = draw.between(1000, 9999).to_string();
    draw.string(&code);
}

pub(crate) fn city(draw: &mut Draw<'_>) {
    let city = *draw.pick(CITIES);
    draw.string(city);
}

pub(crate) fn vat_number(draw: &mut Draw<'_>) {
    let number = format!("BE0{:09}", draw.between(100_000_000, 999_999_999));
    draw.string(&number);
}

pub(crate) fn national_number(draw: &mut Draw<'_>) {
    let number = draw.between(10_000_000, 99_999_999).to_string();
    draw.string(&number);
}

pub(crate) fn iban(draw: &mut Draw<'_>) {
    let number = format!("BE{:02}{:012}", draw.between(2, 98), draw.between(0, 999_999_999));
    draw.string(&number);
}

pub(crate) fn bic(draw: &mut Draw<'_>) {
    let bank = *draw.pick(&["GEBABEBB", "KREDBEBB", "BBRUBEBB", "INGBNL2A"]);
    draw.string(bank);
}

pub(crate) fn position(draw: &mut Draw<'_>) {
    let position = *draw.pick(POSITIONS);
    draw.string(position);
}

pub(crate) fn division(draw: &mut Draw<'_>) {
    let division = *draw.pick(DIVISIONS);
    draw.string(division);
}

pub(crate) fn remark(draw: &mut Draw<'_>) {
    let remark = *draw.pick(REMARKS);
    draw.string(remark);
}

pub(crate) fn email_body(draw: &mut Draw<'_>) {
    let body = format!("<p>{}</p>\n<p>{}</p>", draw.pick(PRODUCTS), draw.pick(REMARKS));
    draw.string(&body);
}

pub(crate) fn short_note(draw: &mut Draw<'_>) {
    let note = *draw.pick(TOPICS);
    draw.string(note);
}

pub(crate) fn two_lines(draw: &mut Draw<'_>) {
    let note = format!("{}\n{}", draw.pick(PRODUCTS), draw.pick(TOPICS));
    draw.string(&note);
}

pub(crate) fn product_name(draw: &mut Draw<'_>) {
    let product = *draw.pick(PRODUCTS);
    draw.string(product);
}

pub(crate) fn deal_title(draw: &mut Draw<'_>) {
    let title = format!("{} – {}", draw.pick(PRODUCTS), draw.pick(TOPICS));
    draw.string(&title);
}

pub(crate) fn project_title(draw: &mut Draw<'_>) {
    let title = format!("{} {}", draw.pick(COMPANY_HEADS), draw.pick(TOPICS));
    draw.string(&title);
}

pub(crate) fn event_title(draw: &mut Draw<'_>) {
    let title = format!("{} {}", draw.pick(EVENTS), draw.pick(FIRST_NAMES));
    draw.string(&title);
}

pub(crate) fn order_number(draw: &mut Draw<'_>) {
    let number = format!("{:06}", draw.between(1, 999_999));
    draw.string(&number);
}

pub(crate) fn payment_reference(draw: &mut Draw<'_>) {
    let parts = (draw.between(0, 999), draw.between(0, 9999), draw.between(0, 99_999));
    let reference = format!("+++{:03}/{:04}/{:05}+++", parts.0, parts.1, parts.2);
    draw.string(&reference);
}

/// Between the ages of 18 and 80, roughly.
pub(crate) fn birthdate(draw: &mut Draw<'_>) -> i64 {
    86_400 * draw.between(-9_000, 13_000)
}

pub(crate) fn tags(draw: &mut Draw<'_>) {
    draw.raw("[");
    if draw.chance(20) {
        let tag = *draw.pick(TAGS);
        draw.string(tag);
    }
    draw.raw("]");
}

pub(crate) fn definition_label(draw: &mut Draw<'_>) {
    let definition = DEFINITIONS[draw.number as usize % DEFINITIONS.len()];
    // Two fields may have the same label, as people choose them.
    let label = match definition.kind {
        "single_line" => "Référence",
        "money" => "Budget (€)",
        "boolean" => "Nieuwsbrief?",
        "user" => "Responsable / \"owner\"",
        kind => kind,
    };
    draw.string(label);
}

pub(crate) fn definition_group(draw: &mut Draw<'_>) {
    let group = *draw.pick(&["Algemeen", "Facturatie", "Extra"]);
    draw.string(group);
}

pub(crate) fn definition_configuration(draw: &mut Draw<'_>) {
    let definition = DEFINITIONS[draw.number as usize % DEFINITIONS.len()];
    if !definition.kind.ends_with("_select") {
        return draw.raw("{}");
    }
    draw.raw("{\"options\":[");
    for (position, option) in OPTIONS.iter().enumerate() {
        draw.raw(if position == 0 { "{\"id\":" } else { ",{\"id\":" });
        let number = draw.number * 100 + u32::try_from(position).unwrap_or_default();
        let id = draw.world.id("customFieldOption", number);
        draw.uuid(id);
        draw.raw(",\"value\":");
        draw.string(option);
        draw.raw("}");
    }
    draw.raw("],\"extra_option_allowed\":false}");
}
