//! What verdicts say of counts that are not told: each is a threshold that the ratio is beyond, or is not.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reading::Release;
use super::samples::samples;
use super::solver::System;
use super::table::Place;

/// Rules whose verdicts are those of the number alone have names that begin so.
pub const POINT: &str = "point";

/// Narrows the events of groups by the verdicts of a release.
pub fn read(system: &mut System, release: &Release<'_>) {
    let thresholds = thresholds(&release.seen.metrics);
    for finding in release.seen.findings() {
        read_one(system, release, finding, &thresholds);
    }
}

fn thresholds(metrics: &str) -> BTreeMap<String, f64> {
    samples(metrics).into_iter().filter(|(name, _)| name.starts_with("threshold{")).collect()
}

/// Of a rate of selection, the reference of which is a group.
fn read_one(
    system: &mut System,
    release: &Release<'_>,
    finding: &Value,
    thresholds: &BTreeMap<String, f64>,
) -> Option<()> {
    let rule = finding["rule"].as_str()?;
    if !rule.starts_with(POINT) || finding["indicator"] != "selection_rate" {
        return None;
    }
    let threshold = |severity: &str| {
        let words = [format!("rule=\"{rule}\""), format!("severity=\"{severity}\"")];
        let is_it = |name: &str| words.iter().all(|word| name.contains(word));
        thresholds.iter().find(|(name, _)| is_it(name)).map(|(_, value)| *value)
    };
    let (warning, critical) = (threshold("warning")?, threshold("critical")?);
    let place = Place::of(finding)?;
    let group = release.cells.get(&place)?;
    let reference = release.cells.get(&place.with_group(finding["reference"].as_str()?))?;
    let [exposed, others, others_exposed] =
        [group.stages[0], reference.stages[1], reference.stages[0]].map(|variable| system.bounds[variable]);
    // Events of the group where its rate would be that of the reference: at least, at most.
    let least = others.0 / others_exposed.1 * exposed.0;
    let most = others.1 / others_exposed.0.max(1.0) * exposed.1;
    let bounds = match finding["verdict"].as_str()? {
        "within" => (0.0, (most * warning).floor()),
        "warning" => ((least * warning).floor() + 1.0, (most * critical).floor()),
        "critical" => ((least * critical).floor() + 1.0, exposed.1),
        _ => return None,
    };
    system.bound(group.stages[1], bounds);
    Some(())
}
