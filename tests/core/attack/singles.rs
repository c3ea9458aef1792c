//! Single cases of a random stream, for what counts cannot say: strata, complaints, values, corrections, probabilities.

use serde_json::json;

use super::stream::{CHANNELS, Case, Chance, Fact, HOUR_MS, START_MS, Stream};

/// Adds single cases, some of them without a group that is known.
pub fn add(stream: &mut Stream, days: u64, chance: &mut Chance) {
    // Cases without a group in some dimension, in streams of their own: without them totals agree over dimensions.
    let gaps = chance.percent(25);
    for _ in 0..[20, 60, 200][chance.weighted(&[2, 3, 1])] {
        add_case(stream, days, gaps, chance);
    }
    if chance.percent(15) {
        (0..60 + chance.below(200)).for_each(|_| add_likely(stream, days, chance));
    }
}

/// A case whose group in the first ground is known by its probability alone.
fn add_likely(stream: &mut Stream, days: u64, chance: &mut Chance) {
    let hour = chance.below(days * 24) as i64;
    let mut groups: Vec<Option<usize>> =
        stream.grounds.iter().map(|ground| Some(chance.weighted(&ground.weights))).collect();
    let mut told: serde_json::Map<String, serde_json::Value> = serde_json::Map::new();
    for (ground, group) in stream.grounds.iter().zip(&groups) {
        told.extend(group.map(|group| (ground.name.clone(), json!(ground.groups[group]))));
    }
    let likely = [0.2, 0.8][chance.weighted(&[2, 1])];
    let first = &stream.grounds[0];
    told.insert(first.name.clone(), json!({ first.groups[0].clone(): 1.0 - likely, first.groups[1].clone(): likely }));
    groups[0] = None;
    let (case, selected) = (stream.cases.len(), chance.percent(40));
    let at = START_MS + hour * HOUR_MS + chance.below(3_000) as i64 * 1_000;
    let data = json!({
        "case_id": format!("c{case}"), "profile": stream.profiles[0], "channel": CHANNELS[0], "selected": selected, "groups": told,
    });
    stream.cases.push(Case { profile: 0, channel: 0, groups, hour });
    stream.push((at, at), "selection", &data, Fact::Case { case, atom: usize::from(selected) });
}

fn add_case(stream: &mut Stream, days: u64, gaps: bool, chance: &mut Chance) {
    let profile = chance.below(stream.profiles.len() as u64) as usize;
    let channel = usize::from(chance.percent(10));
    // Bursts: a tenth of the cases come in the first hour of a day.
    let hour = if chance.percent(10) { chance.below(days) * 24 } else { chance.below(days * 24) } as i64;
    let groups: Vec<Option<usize>> = stream
        .grounds
        .iter()
        .map(|ground| (!(gaps && chance.percent(5))).then(|| chance.weighted(&ground.weights)))
        .collect();
    let case = stream.cases.len();
    let id = format!("c{case}");
    let at = START_MS + hour * HOUR_MS + chance.below(3_000) as i64 * 1_000;
    let selected = channel == 1 || chance.percent(30);
    let mut told = serde_json::Map::new();
    for (ground, group) in stream.grounds.iter().zip(&groups) {
        if let Some(group) = group {
            told.insert(ground.name.clone(), json!(ground.groups[*group]));
        }
    }
    let class = ["high", "low"][chance.weighted(&[1, 3])];
    let version = ["v1", "v2"][chance.weighted(&[3, 1])];
    let mut data = json!({
        "case_id": id, "profile": stream.profiles[profile], "channel": CHANNELS[channel], "selected": selected, "groups": told,
        "risk_class": class, "profile_version": version,
    });
    if chance.percent(10) {
        data["criteria"] = json!(["postcode"]);
    }
    stream.cases.push(Case { profile, channel, groups, hour });
    stream.push((at, at), "selection", &data, Fact::Case { case, atom: usize::from(selected) });
    if !selected || !chance.percent(85) {
        return;
    }
    let controlled = at + 60_000 + chance.below(30 * 3_600) as i64 * 1_000;
    let kind = ["desk", "visit"][chance.weighted(&[3, 1])];
    let control = json!({
        "case_id": id, "control_id": id, "duration_minutes": 10 + chance.below(100), "intensity": chance.below(11), "kind": kind,
    });
    stream.push((controlled, controlled), "control", &control, Fact::Case { case, atom: 2 });
    if chance.percent(10) {
        let complaint = json!({ "profile": stream.profiles[profile], "case_id": id, "status": "received" });
        stream.push((controlled + 60_000, controlled + 60_000), "complaint", &complaint, Fact::Other);
    }
    if chance.percent(85) {
        add_outcomes(stream, case, controlled, chance);
    }
}

fn add_outcomes(stream: &mut Stream, case: usize, controlled: i64, chance: &mut Chance) {
    let id = format!("c{case}");
    let words = ["no_violation", "violation"];
    let hit = usize::from(chance.percent(35));
    let at = controlled + 60_000 + chance.below(20 * 3_600) as i64 * 1_000;
    let mut outcome = json!({ "case_id": id, "control_id": id, "outcome": words[hit] });
    if hit == 1 && chance.percent(50) {
        outcome["sanction"] = json!({ "kind": "fine", "amount": 50 + chance.below(500) });
    }
    let revised = stream.steps.len().to_string();
    stream.push((at, at), "outcome", &outcome, Fact::Case { case, atom: 3 + hit });
    if chance.percent(5) {
        // After an objection it is the other.
        let later = at + 60_000 + chance.below(20 * 3_600) as i64 * 1_000;
        let outcome = json!({ "case_id": id, "control_id": id, "outcome": words[1 - hit], "revises": revised });
        stream.push((later, later), "outcome", &outcome, Fact::Case { case, atom: 4 - hit });
    }
}
