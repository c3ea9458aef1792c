//! Intersections among the dimensions: what their parts are, and which groups that makes.

use super::given::Given;
use super::key::shown;
use super::problem::Problems;
use super::suggestion::suggestion;
use super::terms::{Dimension, DimensionId};

/// The name of an intersection, and the names of its parts as they were written.
type Crossed = (String, Given<Vec<Given<String>>>);

/// Completes the intersections among the dimensions, whose names are sorted.
pub(super) fn resolve_crossed(dimensions: &mut [Dimension], crossed: &[Crossed], problems: &mut Problems) {
    let known = dimensions.to_vec();
    for (name, written) in crossed {
        let parts: Option<Vec<DimensionId>> =
            written.value.iter().map(|part| part_of((name, part), &known, crossed, problems)).collect();
        let Some(dimension) = dimensions.iter_mut().find(|dimension| dimension.name == *name) else { continue };
        let Some(parts) = parts else { continue };
        let of = |part: &DimensionId| known.get(usize::from(part.0));
        let parts_of: Vec<&Dimension> = parts.iter().filter_map(of).collect();
        let groups = parts_of.iter().fold(1_usize, |product, part| product.saturating_mul(part.groups.len()));
        if groups > Dimension::MAX_CROSSED_GROUPS {
            let expected = format!("dimensions with at most {} groups in combination", Dimension::MAX_CROSSED_GROUPS);
            let factors: Vec<String> = parts_of.iter().map(|part| part.groups.len().to_string()).collect();
            written.refuse(problems, expected, format!("{groups} groups ({})", factors.join(" x ")));
            continue;
        }
        dimension.groups = Dimension::crossed_groups(&parts_of);
        dimension.ground = joined(&parts_of, |part| &part.ground);
        dimension.missing_values = Dimension::default_missing_values();
        dimension.crosses = parts;
    }
}

/// Returns the dimension of a part; `None` where it cannot be one, which is among the problems.
fn part_of(
    (whole, part): (&str, &Given<String>),
    dimensions: &[Dimension],
    crossed: &[Crossed],
    problems: &mut Problems,
) -> Option<DimensionId> {
    let Some((id, dimension)) = (0..).zip(dimensions).find(|(_, dimension)| dimension.name == part.value) else {
        let is_crossed = |name: &str| crossed.iter().any(|(known, _)| known == name);
        let names = dimensions.iter().map(|dimension| dimension.name.as_str()).filter(|name| !is_crossed(name));
        let near = suggestion(part, names);
        part.refuse(
            problems,
            format!("the name of a table of [dimensions] that has groups of its own{near}"),
            shown(part),
        );
        return None;
    };
    if crossed.iter().any(|(name, _)| *name == part.value) {
        let found = if whole == part.value {
            format!("{}, the intersection itself", shown(part))
        } else {
            format!("{}, which has crosses itself: name its parts", shown(part))
        };
        part.refuse(problems, "a dimension that events name", found);
        return None;
    }
    if let Some(group) = dimension.groups.iter().find(|group| group.contains(Dimension::CROSS)) {
        let found = format!("{}, which has the group {}", shown(part), shown(group));
        let expected = format!("a dimension without a group that has {} in its name", shown(Dimension::CROSS));
        part.refuse(problems, expected, found);
        return None;
    }
    Some(DimensionId(id))
}

fn joined<'d>(parts: &[&'d Dimension], of: impl Fn(&'d Dimension) -> &'d String) -> String {
    parts.iter().map(|part| of(part).as_str()).collect::<Vec<_>>().join(Dimension::CROSS)
}
