//! The parts of nextgen projects: where each belongs and who works on it, the same for the part and for its line.

use super::{Attribute, Kind, attribute};
use crate::data::{Draw, World};
use crate::random::{Random, hash, mix};

pub(super) const TASK: &str = "nextgenTask";
pub(super) const MATERIAL: &str = "nextgenMaterial";
pub(super) const GROUP: &str = "nextgenProjectGroup";

pub(super) const PARTS: &[&str] = &[TASK, MATERIAL, GROUP];

pub(super) const PROJECT: Kind = Kind::Relation(&["nextgenProject"]);
pub(super) const IN_GROUP: Kind = Kind::Relation(&[GROUP]);
pub(super) const ASSIGNEES: Kind = Kind::List(0, 2, &Kind::Object(ASSIGNEE));

const ASSIGNEE: &[Attribute] = &[
    attribute("assignee", Kind::Relation(&["user", "team"])),
    attribute("assign_type", Kind::Choice(&["manual"])),
];

/// So few projects that each of them may have parts.
const FEW: usize = 40;

struct Place {
    project: u32,
    group: Option<u32>,
}

/// Two of five tasks and materials lie in a group, and with it in the group's project.
fn place(world: &World, part: &str, number: u32) -> Place {
    let mut random = Random::new(mix(world.row_seed(part, number) ^ hash("place")));
    if part != GROUP && random.below(5) < 2 {
        let group = any(&mut random, world.count(GROUP));
        return Place { group: Some(group), ..place(world, GROUP, group) };
    }
    let projects = world.count("nextgenProject");
    let project = any(&mut random, projects);
    // Where there are many projects, most have no parts, and the others have several.
    let project = if projects > FEW { project - project % 4 } else { project };
    Place { project, group: None }
}

fn any(random: &mut Random, count: usize) -> u32 {
    u32::try_from(random.below(count.max(1) as u64)).unwrap_or_default()
}

/// Writes the project that the part belongs to.
pub(super) fn project(draw: &mut Draw<'_>, part: &str, number: u32) {
    let place = place(draw.world, part, number);
    draw.reference_to("nextgenProject", place.project);
}

/// Writes the group that the part lies in, or `null`.
pub(super) fn group(draw: &mut Draw<'_>, part: &str, number: u32) {
    match place(draw.world, part, number).group {
        Some(group) => draw.reference_to(GROUP, group),
        None => draw.raw("null"),
    }
}

/// Writes who works on the part.
pub(super) fn assignees(draw: &mut Draw<'_>, part: &str, number: u32) {
    let mut random = Random::new(mix(draw.world.row_seed(part, number) ^ hash("assignees")));
    draw.raw("[");
    for position in 0..random.below(3) {
        draw.raw(if position > 0 { ",{\"assignee\":" } else { "{\"assignee\":" });
        let entity = if random.below(4) == 0 { "team" } else { "user" };
        let number = any(&mut random, draw.world.count(entity));
        draw.reference_to(entity, number);
        draw.raw(",\"assign_type\":\"manual\"}");
    }
    draw.raw("]");
}
