//! Mappings as TOML.

use super::super::key::{key_path, quoted, toml_key};
use super::super::terms::{Condition, Constant, Field, Mapping, Origin, TimeFormat};
use super::super::writer::{Toml, list};

impl Toml {
    /// Writes the mappings. Where there are none it writes nothing, and the hash is that of versions that knew none.
    pub(in super::super) fn mappings(&mut self, mappings: &[Mapping]) {
        for mapping in mappings {
            self.header("[[mappings]]");
            self.string("name", &mapping.name);
            self.value("topics", list(&mapping.topics));
            self.value("files", list(&mapping.files));
            self.string("format", mapping.format.name());
            if mapping.jq.is_none() {
                self.string("envelope", mapping.envelope.name());
                self.string("deletes", mapping.deletes.name());
            }
            if let Some(each) = &mapping.each {
                self.string("each", &each.text);
            }
            if !mapping.when.is_empty() {
                let conditions: Vec<String> = mapping.when.iter().map(condition).collect();
                self.value("when", format!("[{}]", conditions.join(", ")));
            }
            self.string("type", mapping.kind.name());
            if let Some(jq) = &mapping.jq {
                self.string("jq", jq);
                continue;
            }
            self.header("[mappings.fields]");
            for field in &mapping.fields {
                self.value(&toml_key(&field.target), from(field));
            }
        }
    }
}

fn condition(condition: &Condition) -> String {
    let mut parts = vec![format!("path = {}", quoted(&condition.path.text))];
    parts.extend(condition.exists.map(|exists| format!("exists = {exists}")));
    parts.extend(condition.within.as_ref().map(|texts| format!("in = {}", list(texts))));
    parts.extend(condition.without.as_ref().map(|texts| format!("not_in = {}", list(texts))));
    format!("{{ {} }}", parts.join(", "))
}

fn from(field: &Field) -> String {
    let mut parts = vec![match &field.from {
        Origin::Constant(constant) => format!("value = {}", of_constant(constant)),
        Origin::Path(path) => format!("path = {}", quoted(&path.text)),
        Origin::Joined(paths, join) => {
            format!("paths = {}, join = {}", list(paths.iter().map(|path| &path.text)), quoted(join))
        }
    }];
    if let Some(rule) = &field.time {
        if rule.format != TimeFormat::Rfc3339 {
            parts.push(format!("format = {}", quoted(rule.format.text())));
        }
        if rule.zone.is_some() {
            parts.push(format!("zone = {}", quoted(&rule.zone_name)));
        }
    }
    if !field.values.is_empty() {
        let values =
            field.values.iter().map(|(text, value)| format!("{} = {}", key_path("", text), of_constant(value)));
        parts.push(format!("values = {{ {} }}", values.collect::<Vec<_>>().join(", ")));
    }
    parts.extend(field.other.as_ref().map(|value| format!("other = {}", of_constant(value))));
    parts.extend(field.default.as_ref().map(|value| format!("default = {}", of_constant(value))));
    parts.extend(field.prefix.as_ref().map(|prefix| format!("prefix = {}", quoted(prefix))));
    format!("{{ {} }}", parts.join(", "))
}

fn of_constant(constant: &Constant) -> String {
    match constant {
        Constant::Text(text) => quoted(text),
        Constant::Boolean(boolean) => boolean.to_string(),
        Constant::Integer(integer) => integer.to_string(),
        Constant::Number(number) => format!("{number:?}"),
    }
}
