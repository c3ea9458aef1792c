//! The document as text for people.

use std::fmt::Write as _;

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::document::{
    Counted, DimensionFound, Document, Foreign, InputFound, Keys, Names, Needed, PartitionFound, PathFound, RuleFound,
    SchemaFound, TopicFound,
};

/// Spaces between two columns.
const GAP: u16 = 2;
/// What stands for a number that is withheld.
const WITHHELD: &str = "\u{b7}";

/// Returns the text.
pub(super) fn table(document: &Document) -> String {
    let mut text = String::new();
    for input in &document.inputs {
        line(&mut text, &head(input));
        facts(input).into_iter().filter(|(_, fact)| !fact.is_empty()).for_each(|(name, fact)| {
            line(&mut text, &format!("  {name:<12}{fact}"));
        });
        if let Some(foreign) = &input.foreign {
            strangers(&mut text, foreign);
        }
        line(&mut text, "");
    }
    if !document.rules.is_empty() {
        line(&mut text, "RULES, and what each needs before it can judge");
        document.rules.iter().for_each(|rule| of_rule(&mut text, rule));
        line(&mut text, "");
    }
    if !document.open.is_empty() {
        line(&mut text, "OPEN in the configuration: `run` and `replay` refuse it until somebody has decided");
        line(&mut text, &format!("  {}", document.open.join(", ")));
        line(&mut text, "");
    }
    let min_cell = document.min_cell;
    line(
        &mut text,
        &format!(
            "Names are shown from {min_cell} cases on; {WITHHELD} stands for fewer, or none. Counts of cases are rounded."
        ),
    );
    text
}

/// Writing to a String cannot fail.
fn line(text: &mut String, line: &str) {
    let _ = writeln!(text, "{}", line.trim_end());
}

fn head(input: &InputFound) -> String {
    let sample = &input.sample;
    let of = match sample.held {
        Some(held) if held > sample.records => format!(" of about {held}"),
        Some(_) => ", all of them".to_owned(),
        None => ", the first ones".to_owned(),
    };
    let cut = match sample.cut_short {
        Some("bytes") => "; no more, as they are large",
        Some("time") => "; no more came in time",
        Some(_) => "; then a batch that cannot be read",
        None => "",
    };
    let unit = if input.kind == "file" { "lines" } else { "records" };
    format!("{} {}: {} {unit}{of}{cut}", input.kind.to_uppercase(), input.name, sample.records)
}

/// The facts of an input: a word, and what is told.
fn facts(input: &InputFound) -> Vec<(&'static str, String)> {
    let mut facts = vec![("maps", mapped(input))];
    let format = |of: &super::document::FormatFound| {
        let envelope = if of.envelope == "none" { String::new() } else { format!(" in {}", of.envelope) };
        let content_type = if of.content_type == "none" { String::new() } else { format!(" ({})", of.content_type) };
        format!("{}{envelope}{content_type} {}", of.framing, of.records)
    };
    facts.push(("format", joined(input.formats.iter().map(format))));
    facts.extend(input.schemas.iter().map(|schema| ("schema", of_schema(schema))));
    facts.push(("types", counted(&input.types)));
    facts.push(("other types", names(&input.other_types)));
    for refused in &input.refused {
        let place = if input.kind == "file" {
            format!("line {}", refused.offset)
        } else {
            format!("partition {} offset {}", refused.partition, refused.offset)
        };
        facts
            .push(("refused", format!("{} {}, first at {place}: {}", refused.records, refused.reason, refused.detail)));
    }
    // Where nothing maps, nothing is known of them.
    if input.mapped.events > 0 {
        facts.push(("profiles", counted(&input.profiles.listed)));
        facts.push(("not listed", prefixed("profiles: ", &names(&input.profiles.unlisted))));
        input.dimensions.iter().for_each(|dimension| facts.extend(of_dimension(dimension)));
    }
    facts.push(("dimensions", prefixed("not in the configuration: ", &names(&input.other_dimensions))));
    let time = input.time.as_ref();
    facts.push(("time", time.map_or_else(String::new, |time| format!("{} to {}", time.first, time.last))));
    for partition in &input.partitions {
        facts.push(("partition", of_partition(partition)));
    }
    facts.push(("lateness", lateness(input)));
    facts.push(("keys", input.keys.as_ref().map_or_else(String::new, keys)));
    if let Some(topic) = &input.topic {
        facts.push(("topic", of_topic(topic)));
        facts.extend(topic.remarks.iter().map(|remark| ("warning", remark.clone())));
    }
    facts
}

fn of_schema(schema: &SchemaFound) -> String {
    if let Some(problem) = &schema.problem {
        return format!("{}: {} records: {problem}", schema.id, schema.records);
    }
    format!(
        "{}: {} {}{}, {} records",
        schema.id,
        schema.format.unwrap_or_default(),
        joined(schema.types.iter().cloned()),
        prefixed(" as ", &joined(schema.registered.iter().cloned())),
        schema.records
    )
}

fn mapped(input: &InputFound) -> String {
    let mapped = &input.mapped;
    let share = mapped.share.map_or_else(|| "nothing to map".to_owned(), |share| format!("{:.2} %", share * 100.0));
    let more = |count: u64, what: &str| if count > 0 { format!(", {count} {what}") } else { String::new() };
    format!(
        "{share}: {} events of the contract, {} of other types, {} refused{}{}",
        mapped.events,
        mapped.unknown_type,
        mapped.refused,
        more(mapped.unmapped, "of which no mapping makes an event"),
        more(mapped.unknown_schema, "whose schema is not known"),
    )
}

fn of_dimension(of: &DimensionFound) -> Vec<(&'static str, String)> {
    let mut facts = vec![("groups", format!("{}: {}", of.dimension, counted(&of.groups)))];
    if !of.missing.is_empty() {
        facts.push(("missing", format!("{}: few cases or none have {}", of.dimension, of.missing.join(", "))));
    }
    for unlisted in &of.unlisted {
        let cases = unlisted.cases.map_or_else(|| WITHHELD.to_owned(), |cases| cases.to_string());
        let means = match (&unlisted.looks_like, &unlisted.resembles) {
            (Some(group), _) => format!("; it looks like {group}: add aliases = {{ {:?} = {group:?} }}", unlisted.name),
            (None, Some(group)) => format!("; did they mean {group}?"),
            (None, None) => String::new(),
        };
        facts.push(("not listed", format!("{}: {} {cases}{means}", of.dimension, unlisted.name)));
    }
    if of.others {
        facts.push(("not listed", format!("{}: further values, with few cases each", of.dimension)));
    }
    if let Some(share) = of.without_share.filter(|share| *share > 0.0) {
        facts.push((
            "without",
            format!("{}: {:.0} % of the cases with a selection have no value", of.dimension, share * 100.0),
        ));
    }
    facts
}

fn of_partition(of: &PartitionFound) -> String {
    let seconds = |span: Option<i64>| span.map_or_else(|| "unknown".to_owned(), duration);
    let late = if of.events == 0 {
        String::new()
    } else {
        format!(
            ", {} of {} events out of order, behind by {} (99 %), {} (most)",
            of.out_of_order,
            of.events,
            seconds(of.late_p99_s),
            seconds(of.late_most_s)
        )
    };
    format!("{}: {} records{late}", of.partition, of.records)
}

fn lateness(input: &InputFound) -> String {
    let lateness = &input.lateness;
    let allowed = duration(lateness.allowed_s);
    match (lateness.fits_s, lateness.is_enough) {
        (Some(fits), Some(true)) => format!("allowed_lateness {allowed} is enough; {} would be", duration(fits)),
        (Some(fits), _) => format!("allowed_lateness {allowed} is too short; set {:?}", format!("{}h", fits / 3_600)),
        (None, _) if input.mapped.events > 0 => "too few events to say".to_owned(),
        (None, _) => String::new(),
    }
}

fn keys(keys: &Keys) -> String {
    let Keys { null, case_id, other, cases_over_partitions } = keys;
    let spread = if *cases_over_partitions == 0 {
        String::new()
    } else {
        format!("; {cases_over_partitions} cases have events in several partitions, which is allowed")
    };
    format!("{case_id} are the case id, {other} are something else, {null} records have none{spread}")
}

fn of_topic(topic: &TopicFound) -> String {
    if let Some(problem) = &topic.problem {
        return problem.clone();
    }
    let compacted = if topic.compacted == Some(true) { "compacted" } else { "not compacted" };
    let kept = topic.retention_s.map_or_else(|| "for ever".to_owned(), duration);
    let bytes =
        topic.retention_bytes.map_or_else(String::new, |bytes| format!(", at most {bytes} bytes of a partition"));
    format!("{} partitions, {compacted}, records are kept {kept}{bytes}", topic.partitions)
}

fn strangers(text: &mut String, foreign: &Foreign) {
    let could_be = foreign
        .event_type
        .map_or_else(|| "no event type is evident".to_owned(), |of| format!("they could be of type {of}"));
    let each = foreign.each.as_ref().map_or_else(String::new, |each| format!(", one for each element of {each}"));
    let deletes = if foreign.deletes > 0 { format!(", {} deleted rows", foreign.deletes) } else { String::new() };
    let envelope = foreign.envelope;
    line(
        text,
        &format!(
            "  {} records are not of the contract (envelope {envelope}{deletes}); {could_be}{each}",
            foreign.records
        ),
    );
    let row = |path: &PathFound| {
        let guess = match (path.guess, path.confidence) {
            (Some(field), Some("likely")) => field.to_owned(),
            (Some(field), _) => format!("{field}?"),
            (None, _) => String::new(),
        };
        [
            path.path.clone(),
            path.types.join("|"),
            path.shapes.join("|"),
            format!("{:.0} %", path.present * 100.0),
            path.distinct.unwrap_or_default().to_owned(),
            guess,
        ]
    };
    if foreign.without_before > 0 {
        let of = foreign.without_before;
        line(
            text,
            &format!(
                "  {of} updates do not tell the row before them, and would be dead letters: PostgreSQL tells it with REPLICA IDENTITY FULL"
            ),
        );
    }
    let rows: Vec<[String; 6]> = foreign.paths.iter().map(row).collect();
    columns(
        text,
        &["PATH", "TYPE", "LOOKS LIKE", "PRESENT", "DISTINCT", "COULD BE"],
        rows.iter().map(|row| row.to_vec()),
    );
    if foreign.hidden_names > 0 {
        line(
            text,
            &format!(
                "  {} further names are not shown: few records have them, or they look like data",
                foreign.hidden_names
            ),
        );
    }
}

fn of_rule(text: &mut String, rule: &RuleFound) {
    let lacks = match rule.lacks.is_empty() {
        true => "the sample has what it reads".to_owned(),
        false => format!("the sample lacks {}", joined(rule.lacks.iter().cloned())),
    };
    line(text, &format!("  {} ({}): {lacks}", rule.rule, rule.kind));
    let is_known = |needed: &Needed| needed.unknown != Some("too_few_cases");
    if !rule.comparisons.is_empty() && !rule.comparisons.iter().any(is_known) {
        line(text, "    too few cases of each group in the sample to say how many it takes");
        return;
    }
    for needed in &rule.comparisons {
        line(text, &format!("    {}={}: {}", needed.dimension, needed.group, comparison(needed)));
    }
}

fn comparison(needed: &Needed) -> String {
    let are = if needed.exposed_are == "cases" { "cases" } else { "concluded controls" };
    match (needed.exposed, needed.unknown) {
        (Some(exposed), _) => {
            let days = needed.days.map_or_else(String::new, |days| {
                format!(", about {days} {} at this pace", if days == 1 { "day" } else { "days" })
            });
            format!(
                "{exposed} {are} for its critical threshold, at one look with 80 % power{days}; the sequential alarm takes more"
            )
        }
        (None, Some("too_few_cases")) => "too few cases in the sample to say".to_owned(),
        (None, Some("no_answer")) => "its threshold is at equality, which no number of cases finds".to_owned(),
        (None, _) => "the sample does not tell the rate".to_owned(),
    }
}

fn columns(text: &mut String, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(head.to_vec()).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    table.lines().for_each(|found| line(text, &format!("    {found}")));
}

fn counted(counted: &[Counted]) -> String {
    let of = |of: &Counted| {
        format!("{} {}", of.name, of.count.map_or_else(|| WITHHELD.to_owned(), |count| count.to_string()))
    };
    joined(counted.iter().map(of))
}

fn names(names: &Names) -> String {
    let others = names.others.then(|| "further ones, with few cases each".to_owned());
    [counted(&names.names)].into_iter().chain(others).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn prefixed(prefix: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{prefix}{text}") }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// Seconds in the largest unit that leaves little out.
fn duration(seconds: i64) -> String {
    match seconds {
        _ if seconds > 0 && seconds < 172_800 && seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", (seconds + 59) / 60),
        7_200..172_800 => format!("{} h", (seconds + 3_599) / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}
