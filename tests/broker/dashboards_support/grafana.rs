//! A dashboard as Grafana reads it: variables and their options, panels and their queries, what is put in for `$name`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::prometheus::Prometheus;

/// What Grafana itself puts in; `$__rate_interval` is four scrapes at least.
const BUILT_IN: [(&str, &str); 4] =
    [("__rate_interval", "15s"), ("__interval", "5s"), ("__range", "2m"), ("datasource", "prometheus")];

/// A committed dashboard.
pub struct Dashboard {
    /// The file's name.
    pub name: String,
    json: Value,
}

/// A query of a panel.
pub struct Query {
    /// The panel's title.
    pub panel: String,
    /// What the legend says, labels not yet put in.
    pub legend: String,
    /// The expression, variables not yet put in.
    pub expr: String,
    /// Only as of now.
    pub instant: bool,
    /// The variable that the panel, or its row, is repeated by.
    pub repeat: Option<String>,
    /// Labels that the panel names: in legends, columns and links.
    pub labels: Vec<String>,
}

/// What is put in for each variable.
pub type Values = BTreeMap<String, String>;

impl Dashboard {
    /// All that are committed.
    pub fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut all: Vec<Self> = files
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .map(|path| Self {
                name: path.file_name().unwrap().to_string_lossy().into_owned(),
                json: serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap(),
            })
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Every choice that a viewer can make where one value must be chosen; where several may be, all of them are.
    pub fn selections(&self, prometheus: &Prometheus) -> Vec<Values> {
        let variables = self.json["templating"]["list"].as_array().unwrap();
        let start = BUILT_IN.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        variables.iter().filter(|variable| variable["type"] == "query").fold(vec![start], |selections, variable| {
            selections.iter().flat_map(|values| self.chosen(variable, values, prometheus)).collect()
        })
    }

    /// The values before, with each value of this variable.
    fn chosen(&self, variable: &Value, before: &Values, prometheus: &Prometheus) -> Vec<Values> {
        let name = variable["name"].as_str().unwrap();
        let options = self.options(variable, before, prometheus);
        assert!(!options.is_empty(), "{}: variable {name} has no option with {before:?}", self.name);
        let with = |value: String| before.clone().into_iter().chain([(name.to_owned(), value)]).collect();
        match (variable["multi"].as_bool(), variable["allValue"].as_str()) {
            (Some(true), Some(all)) => vec![with(all.to_owned())],
            (Some(true), None) => vec![with(format!("({})", options.join("|")))],
            _ => options.into_iter().map(with).collect(),
        }
    }

    /// The options of `label_values(selector, label)`.
    fn options(&self, variable: &Value, values: &Values, prometheus: &Prometheus) -> Vec<String> {
        let query = variable["query"]["query"].as_str().unwrap();
        let inside = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
        let (selector, label) = inside.and_then(|inside| inside.rsplit_once(", ")).unwrap_or_else(|| panic!("{query}"));
        prometheus.label_values(&interpolate(selector, values), label)
    }

    /// The options of a variable by its name.
    pub fn options_of(&self, name: &str, values: &Values, prometheus: &Prometheus) -> Vec<String> {
        let variables = self.json["templating"]["list"].as_array().unwrap();
        let variable = variables.iter().find(|variable| variable["name"] == name).unwrap();
        self.options(variable, values, prometheus)
    }

    /// The queries of all panels.
    pub fn queries(&self) -> Vec<Query> {
        let mut repeat = None;
        let mut queries = Vec::new();
        for panel in self.json["panels"].as_array().unwrap() {
            let own = panel["repeat"].as_str().map(str::to_owned);
            if panel["type"] == "row" {
                repeat = own;
                continue;
            }
            for target in panel["targets"].as_array().unwrap_or(&Vec::new()) {
                queries.push(Query {
                    panel: panel["title"].as_str().unwrap().to_owned(),
                    legend: target["legendFormat"].as_str().unwrap_or_default().to_owned(),
                    expr: target["expr"].as_str().unwrap().to_owned(),
                    instant: target["instant"] == true,
                    repeat: own.clone().or_else(|| repeat.clone()),
                    labels: labels(panel, target),
                });
            }
        }
        queries
    }
}

/// A text with the values put in for `$name` and `${name}`. A variable without a value fails the test.
pub fn interpolate(text: &str, values: &Values) -> String {
    let mut parts = text.split('$');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = match part.strip_prefix('{') {
            Some(inside) => inside.split_once('}').unwrap_or_else(|| panic!("an open brace in {text}")),
            None => part.split_at(
                part.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(part.len()),
            ),
        };
        out.push_str(values.get(name).unwrap_or_else(|| panic!("no variable {name} in {text}")));
        out.push_str(rest);
    }
    out
}

/// The label of what is compared with: a silence compares with nobody, and Prometheus has no empty labels.
const MAY_BE_EMPTY: &str = "reference";

/// Labels named by a query's legend, by the columns of its table, and by links.
fn labels(panel: &Value, target: &Value) -> Vec<String> {
    let between = |text: &str, before: &str, after: &str| -> Vec<String> {
        let parts = text.split(before).skip(1).filter_map(|part| part.split_once(after));
        parts.map(|(name, _)| name.to_owned()).collect()
    };
    let mut labels = between(target["legendFormat"].as_str().unwrap_or_default(), "{{", "}}");
    let whole = panel.to_string();
    labels.extend(between(&whole, "${__data.fields.", "}"));
    labels.extend(between(&whole, "${__field.labels.", "}"));
    let transformations = panel["transformations"].as_array().cloned().unwrap_or_default();
    for transformation in &transformations {
        let columns = transformation["options"]["indexByName"].as_object();
        let names = columns.into_iter().flat_map(|columns| columns.keys());
        labels.extend(names.filter(|name| !name.starts_with("Value")).cloned());
    }
    // Where results are merged each query brings columns of its own.
    if transformations.iter().any(|transformation| transformation["id"] == "merge") {
        let expr = target["expr"].as_str().unwrap_or_default();
        labels.retain(|label| expr.contains(label.as_str()));
    }
    labels.retain(|label| label != MAY_BE_EMPTY);
    labels
}
