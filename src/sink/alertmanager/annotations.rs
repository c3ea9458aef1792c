//! What an alert says of its finding, in words and numbers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::text;

/// The word for the rule kind that compares groups.
pub(super) const DISPARITY: &str = "disparity";

/// Partitions whose offsets are written out for people, at most. The message has all of them.
const MAX_OFFSETS_SHOWN: usize = 50;

/// Measures that are written out for people, at most: the newest. The message has more of them.
const MAX_MEASURES_SHOWN: usize = 5;

/// The annotations of an alert. What is unknown is left out; what is withheld says so.
pub(super) fn annotations(document: &Value, severity: &str) -> BTreeMap<&'static str, String> {
    let at = |pointer: &str| document.pointer(pointer);
    let mut annotations = BTreeMap::new();
    for (name, pointer) in TEXTS {
        annotations.insert(name, text(document, pointer));
    }
    let suppressed = at("/alert/evidence/suppressed").and_then(Value::as_bool).unwrap_or_default();
    for (name, pointer) in NUMBERS {
        match at(pointer).filter(|value| !value.is_null()) {
            Some(value) => annotations.insert(name, number(value)),
            None if suppressed && WITHHELD_AT.iter().any(|part| pointer.starts_with(part)) => {
                annotations.insert(name, "withheld".to_owned())
            }
            None => None,
        };
    }
    if let Some(log_e) = at("/alert/evidence/evidence/log_e").and_then(Value::as_f64) {
        annotations.insert("e_value", power_of_e(log_e));
        let alarm_at = at("/alert/evidence/evidence/alarm_at").and_then(Value::as_f64);
        annotations.extend(alarm_at.map(|level| ("e_value_alarm_at", power_of_e(level))));
    }
    annotations.insert("inputs", offsets(document));
    annotations.insert("measures", measures(document));
    annotations.insert("summary", summary(document, severity));
    annotations.insert("description", description(document, suppressed));
    annotations.retain(|_, value| !value.is_empty());
    annotations
}

/// The annotations that are texts, and where the document has them.
const TEXTS: [(&str, &str); 24] = [
    ("alert_id", "/alert/id"),
    ("message_id", "/id"),
    ("active_at", "/alert/active_at"),
    ("fired_at", "/alert/fired_at"),
    ("resolved_at", "/alert/resolved_at"),
    ("severity_before", "/transition/severity_before"),
    ("severity_changed_at", "/transition/severity_changed_at"),
    ("indicator", "/alert/evidence/indicator"),
    ("window", "/alert/evidence/window"),
    ("verdict", "/alert/evidence/verdict"),
    ("kind", "/alert/evidence/kind"),
    ("reason", "/alert/evidence/reason"),
    ("reference_group", "/alert/evidence/reference_group"),
    ("as_of", "/as_of"),
    ("config_hash", "/config_hash"),
    ("owner", "/alert/owner"),
    ("action", "/alert/action"),
    ("runbook_url", "/alert/runbook"),
    ("accepted_at", "/alert/acceptance/at"),
    ("accepted_by", "/alert/acceptance/by"),
    ("accepted_reason", "/alert/acceptance/reason"),
    ("accepted_until", "/alert/acceptance/until"),
    ("acceptance_ended", "/alert/acceptance/ended"),
    ("acceptance_ended_at", "/alert/acceptance/ended_at"),
];

/// The annotations that are numbers, and where the document has them.
const NUMBERS: [(&str, &str); 23] = [
    ("group_exposed", "/alert/evidence/group_counts/exposed"),
    ("group_events", "/alert/evidence/group_counts/events"),
    ("reference_exposed", "/alert/evidence/reference_counts/exposed"),
    ("reference_events", "/alert/evidence/reference_counts/events"),
    ("group_rate", "/alert/evidence/group_rate"),
    ("reference_rate", "/alert/evidence/reference_rate"),
    ("ratio", "/alert/evidence/ratio/value"),
    ("ratio_lower", "/alert/evidence/ratio/lower"),
    ("ratio_upper", "/alert/evidence/ratio/upper"),
    ("difference", "/alert/evidence/difference/value"),
    ("difference_lower", "/alert/evidence/difference/lower"),
    ("difference_upper", "/alert/evidence/difference/upper"),
    ("p_value", "/alert/evidence/p_value"),
    ("stratified_ratio", "/alert/evidence/stratified/ratio/value"),
    ("stratified_ratio_lower", "/alert/evidence/stratified/ratio/lower"),
    ("stratified_ratio_upper", "/alert/evidence/stratified/ratio/upper"),
    ("log_e", "/alert/evidence/evidence/log_e"),
    ("log_e_material", "/alert/evidence/evidence/log_e_material"),
    ("log_e_alarm_at", "/alert/evidence/evidence/alarm_at"),
    ("evidence_blocks", "/alert/evidence/evidence/blocks"),
    ("accepted_ratio", "/alert/acceptance/ratio"),
    ("threshold_warning", "/thresholds/warning"),
    ("threshold_critical", "/thresholds/critical"),
];

/// The numbers that disclosure control withholds. It leaves them out of the document, as it does with numbers that do not apply; for numbers beyond
/// these nothing tells the two apart.
const WITHHELD_AT: [&str; 6] = [
    "/alert/evidence/group_counts",
    "/alert/evidence/reference_counts",
    "/alert/evidence/group_rate",
    "/alert/evidence/reference_rate",
    "/alert/evidence/ratio",
    "/alert/evidence/difference",
];

fn summary(document: &Value, severity: &str) -> String {
    let of = |name: &str| text(document, &format!("/alert/{name}"));
    if !is_disparity(document) {
        return duty_summary(document, severity);
    }
    format!(
        "{severity}: {indicator} of {dimension}={group} against {reference} in profile {profile}",
        indicator = of("evidence/indicator"),
        dimension = of("dimension"),
        group = of("group"),
        reference = of("reference"),
        profile = of("profile"),
    )
}

/// Alerts of earlier versions name no kind.
fn is_disparity(document: &Value) -> bool {
    matches!(text(document, "/alert/evidence/kind").as_str(), "" | DISPARITY)
}

/// Another rule kind says why: of which group or subject, in which profile.
fn duty_summary(document: &Value, severity: &str) -> String {
    let of = |name: &str| text(document, &format!("/alert/{name}"));
    let reason = of("evidence/reason").replace('_', " ");
    let group = format!("{}={}", of("dimension"), of("group"));
    let about = [group, of("subject")].into_iter().filter(|part| !part.is_empty() && part != "=");
    let about = about.collect::<Vec<_>>().join(", ");
    let about = if about.is_empty() { String::new() } else { format!(" ({about})") };
    format!("{severity}: {reason}{about} in profile {}", of("profile"))
}

fn description(document: &Value, suppressed: bool) -> String {
    let evidence = |name: &str| document.pointer(&format!("/alert/evidence/{name}")).filter(|value| !value.is_null());
    let mut sentences =
        vec![format!("Rule {}, window {}.", text(document, "/alert/rule"), text(document, "/alert/evidence/window"))];
    let limits = |name: &str| {
        let of = |part: &str| evidence(&format!("{name}/{part}")).map_or_else(|| "unknown".to_owned(), number);
        format!("{} [{}, {}]", of("value"), of("lower"), of("upper"))
    };
    if suppressed {
        sentences.push("Numbers are withheld: a side of the comparison is smaller than may be published.".to_owned());
    }
    let values = evidence("values");
    for (side, name) in [("Group", "group"), ("Reference", "reference")] {
        sentences.extend(values.and_then(|values| values_sentence(side, values.get(name)?)));
    }
    // Another kind may count what is of no group, and compare it with what is no group.
    let [own, other, of_what] = match is_disparity(document) {
        true => ["Group", "Reference", " for a disparity"],
        false => ["Counted", "Compared with", ""],
    };
    // Of values every case is an event.
    let counted = [(own, "group_counts"), (other, "reference_counts")];
    for (side, counts) in counted.into_iter().filter(|_| values.is_none()) {
        let of = |part: &str| evidence(&format!("{counts}/{part}")).map(number);
        if let (Some(events), Some(exposed)) = (of("events"), of("exposed")) {
            sentences.push(format!("{side}: {events} of {exposed}."));
        }
    }
    if evidence("ratio").is_some() {
        sentences.push(format!("Ratio {}.", limits("ratio")));
    }
    sentences.extend(evidence("versions").and_then(versions));
    if let (Some(log_e), Some(alarm_at)) =
        (evidence("evidence/log_e").and_then(Value::as_f64), evidence("evidence/alarm_at").and_then(Value::as_f64))
    {
        sentences.push(format!("Evidence{of_what} {} (alarm at {}).", power_of_e(log_e), power_of_e(alarm_at)));
    }
    if document.pointer("/transition/reason").and_then(Value::as_str) == Some("no_longer_watched") {
        sentences.push("Ended because the configuration or the state no longer has it.".to_owned());
    }
    sentences.extend(acceptance(document));
    sentences.join(" ")
}

/// Whether the finding is accepted, or why it is no longer.
fn acceptance(document: &Value) -> Option<String> {
    let of = |name: &str| text(document, &format!("/alert/acceptance/{name}"));
    if document.pointer("/alert/accepted").and_then(Value::as_bool)? {
        let until = of("until");
        let until = if until.is_empty() { String::new() } else { format!(" until {until}") };
        return Some(format!("Accepted by {}{until}; it still holds.", of("by")));
    }
    Some(format!("No longer accepted: {}.", of("ended").replace('_', " ")))
}

/// What was done about the alert, oldest first: `2026-03-01T12:00:00Z suspended by profile-owner: the reason`.
fn measures(document: &Value) -> String {
    let measures = document.pointer("/alert/measures").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let shown = measures.iter().skip(measures.len().saturating_sub(MAX_MEASURES_SHOWN)).map(|measure| {
        let of = |name: &str| measure.get(name).and_then(Value::as_str).unwrap_or_default();
        format!("{} {} by {}: {}", of("at"), of("measure"), of("by"), of("reason"))
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// The versions of the profile in which it was seen, the newest first: `Seen in version v2 (120 cases), v1.`
fn versions(seen: &Value) -> Option<String> {
    let one = |seen: &Value| {
        let version = seen.get("version").and_then(Value::as_str)?;
        let cases = seen.get("cases").and_then(Value::as_u64);
        Some(cases.map_or_else(|| version.to_owned(), |cases| format!("{version} ({cases} cases)")))
    };
    let versions: Vec<String> = seen.as_array()?.iter().filter_map(one).collect();
    (!versions.is_empty()).then(|| format!("Seen in version {}.", versions.join(", ")))
}

/// The quantiles of one side; `None` where it is withheld.
fn values_sentence(side: &str, values: &Value) -> Option<String> {
    let quantiles = values.as_object()?.iter().filter(|(name, _)| name.starts_with('p'));
    let quantile = |(name, of): (&String, &Value)| {
        Some(format!("{name} {}", number(of.get("value").filter(|value| !value.is_null())?)))
    };
    let quantiles: Vec<String> = quantiles.filter_map(quantile).collect();
    Some(format!("{side}: {} of {} cases.", quantiles.join(", "), number(values.get("cases")?)))
}

/// `topic/partition=offset` of each partition.
fn offsets(document: &Value) -> String {
    let inputs = document.pointer("/inputs").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let shown = inputs.iter().take(MAX_OFFSETS_SHOWN).map(|input| {
        let of = |name: &str| input.get(name).map(number).unwrap_or_default();
        format!("{}/{}={}", of("topic"), of("partition"), of("next_offset"))
    });
    let more = inputs.len().saturating_sub(MAX_OFFSETS_SHOWN);
    shown.chain((more > 0).then(|| format!("and {more} more"))).collect::<Vec<_>>().join(", ")
}

/// A whole number as it is, any other with six significant digits.
fn number(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => number.as_f64().map(short).unwrap_or_default(),
        other => other.to_string(),
    }
}

fn short(number: f64) -> String {
    if number == 0.0 || (1e-4..1e6).contains(&number.abs()) {
        let digits = if number == 0.0 { 0.0 } else { number.abs().log10().floor() };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 9")]
        let places = (5.0 - digits).clamp(0.0, 9.0) as usize;
        let text = format!("{number:.places$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{number:.4e}")
    }
}

/// e to this power, also if that is beyond the largest number.
fn power_of_e(log: f64) -> String {
    let value = log.exp();
    if value.is_finite() && value > 0.0 {
        return short(value);
    }
    format!("1e{:.0}", log / std::f64::consts::LN_10)
}
