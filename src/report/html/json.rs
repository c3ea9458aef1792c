//! Notes that come as JSON, as tables: a list of objects has a row for each, anything else a row for each field.

use maud::{Markup, html};
use serde_json::Value;

use super::view::View;
use crate::render::words::fill;

/// Rows of a table, at most.
const MAX_ROWS: usize = 100;

/// The table of a note; its text where it is no JSON.
pub(super) fn table(view: View<'_>, caption: &str, text: &str) -> Markup {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(rows)) if rows.iter().all(Value::is_object) && !rows.is_empty() => list(view, caption, &rows),
        Ok(Value::Object(fields)) => {
            let rows: Vec<(String, String)> =
                fields.iter().map(|(name, value)| (name.clone(), spelled(view, value))).collect();
            pairs(view, caption, &rows)
        }
        Ok(Value::Null) => html! {},
        Ok(Value::Array(rows)) if rows.is_empty() => html! {},
        Ok(value) => html! { p { b { (caption) } ": " (spelled(view, &value)) } },
        Err(_) => html! { p { b { (caption) } ": " (text) } },
    }
}

fn list(view: View<'_>, caption: &str, rows: &[Value]) -> Markup {
    let mut names: Vec<&String> = Vec::new();
    for name in rows.iter().filter_map(Value::as_object).flat_map(|row| row.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    // Counts come last, as what is counted heads the row.
    names.sort_by_key(|name| *name == "count");
    html! {
        div.scroll role="group" tabindex="0" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for name in &names { th.number[*name == "count"] scope="col" { (field(view, name)) } } } }
                tbody {
                    @for row in rows.iter().take(MAX_ROWS) {
                        tr {
                            @for (index, name) in names.iter().enumerate() {
                                @let text = row.get(name.as_str()).map(|value| cell(view, name, value)).unwrap_or_default();
                                @if index == 0 { th scope="row" { (text) } } @else { td.number[*name == "count"] { (text) } }
                            }
                        }
                    }
                }
            }
        }
        @if rows.len() > MAX_ROWS { p.note { (fill(view.chapters.more_rows, &[&view.count(rows.len() - MAX_ROWS)])) } }
    }
}

/// A table of two columns.
pub(super) fn pairs(view: View<'_>, caption: &str, rows: &[(String, String)]) -> Markup {
    html! {
        div.scroll role="group" tabindex="0" aria-label=(caption) {
            table.narrow {
                caption { (caption) }
                thead { tr { th scope="col" { (view.chapters.late_field) } th.number scope="col" { (view.chapters.value) } } }
                tbody { @for (name, value) in rows.iter().take(MAX_ROWS) { tr { th scope="row" { (name) } td.number { (value) } } } }
            }
        }
        @if rows.len() > MAX_ROWS { p.note { (fill(view.chapters.more_rows, &[&view.count(rows.len() - MAX_ROWS)])) } }
    }
}

/// What a column is about, in words.
fn field<'t>(view: View<'t>, name: &'t str) -> &'t str {
    match name {
        "profile" => view.opening.profile,
        "channel" => view.chapters.field_channel,
        "dimension" => view.language.unlisted_dimension_name(),
        "group" => view.chapters.field_group,
        "name" => view.chapters.field_name,
        "count" => view.chapters.field_count,
        other => other,
    }
}

fn cell(view: View<'_>, name: &str, value: &Value) -> String {
    match (name, value) {
        ("channel", Value::String(channel)) => view.language.channel(channel).to_owned(),
        ("count", Value::Null) => view.language.withheld().to_owned(),
        _ => spelled(view, value),
    }
}

fn spelled(view: View<'_>, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "\u{2013}".to_owned(),
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(count), _) => view.language.count(count),
            (None, Some(value)) => view.language.ratio_text(value),
            (None, None) => number.to_string(),
        },
        other => other.to_string(),
    }
}
