//! A first mapping from records that are not of the contract: guesses to look at, and what is open.

use std::fmt::Write as _;

use super::contract::ByName;
use super::foreign::{Strangers, each_of, event_type};
use super::framing::{Envelope, Parsed};
use super::guess::{EPOCH_DAYS, Guess, guesses};
use super::quoted::quoted;
use super::shape::Shape;
use super::told;
use super::tree::{Node, Path};
use super::values::{Wanted, values};
use crate::mapping::Format;
use crate::plan::{Dimension, DisclosurePlan};
use crate::source::sample::Sample;

/// Most values of a field that become groups.
const MOST_GROUPS: usize = 30;

/// A mapping, and the names that its fields bring.
pub(super) struct Draft {
    /// The text of `[[mappings]]`.
    pub text: String,
    /// Profiles, with enough cases.
    pub profiles: Vec<String>,
    /// Dimensions, with the groups that have enough cases.
    pub dimensions: Vec<(String, Vec<String>)>,
    /// The event type.
    pub event_type: Option<&'static str>,
}

/// What is drafted from.
pub(super) struct Source<'s> {
    pub sample: &'s Sample,
    pub strangers: &'s Strangers,
    pub disclosure: &'s DisclosurePlan,
    /// The name of the mapping, and of a profile where the records name none.
    pub name: &'s str,
}

impl Draft {
    /// Says only how the records are written: they are events of the contract.
    pub fn of_format(sample: &Sample, name: &str) -> Self {
        let format = sample.format.unwrap_or(Format::Json).name();
        let text = format!(
            "[[mappings]]                             # how the records are written; they are events of the contract\nname = {}\ntopics = [{}]\nformat = {}\n",
            quoted(name),
            quoted(&sample.name),
            quoted(format)
        );
        Self { text, profiles: Vec::new(), dimensions: Vec::new(), event_type: None }
    }

    /// Drafts a mapping; `None` where there is no record whose fields can be read.
    pub fn of(source: &Source<'_>) -> Option<Self> {
        let (paths, _) = source.strangers.tree.paths(source.disclosure.min_cell.max(1));
        if source.strangers.tree.records() == 0 {
            return None;
        }
        let guesses = guesses(&paths);
        let event_type = event_type(&guesses);
        let each = each_of(&paths, &guesses);
        let drafting = Drafting { source, paths: &paths, guesses: &guesses, each: each.as_deref(), event_type };
        let mut draft = Self { text: drafting.head(), profiles: Vec::new(), dimensions: Vec::new(), event_type };
        drafting.fields(&mut draft);
        Some(draft)
    }
}

struct Drafting<'d> {
    source: &'d Source<'d>,
    paths: &'d [Path<'d>],
    guesses: &'d [Guess],
    each: Option<&'d str>,
    event_type: Option<&'static str>,
}

/// The fields that an event type has in any case, beside `case_id`, `time` and `profile`.
fn needed(event_type: &str) -> &'static [&'static str] {
    match event_type {
        "selection" => &["case_id", "time", "profile", "selected"],
        "outcome" => &["case_id", "time", "outcome"],
        _ => &["case_id", "time"],
    }
}

/// The fields that an event type can have.
fn has(event_type: &str, field: &str) -> bool {
    let of_type: &[&str] = match event_type {
        "selection" => &["profile", "selected", "profile_version", "channel", "risk_class", "decided_by"],
        "control" => {
            &["profile", "channel", "kind", "performed", "duration_minutes", "intensity", "control_id", "outcome"]
        }
        "outcome" => &["outcome", "control_id", "sanction.kind", "sanction.amount"],
        _ => &[],
    };
    let has_groups = event_type != "outcome" && (field.starts_with("groups.") || field.starts_with("strata."));
    matches!(field, "case_id" | "time") || has_groups || of_type.contains(&field)
}

impl Drafting<'_> {
    fn head(&self) -> String {
        let Source { sample, strangers, name, .. } = self.source;
        let mut text = String::new();
        let mut line = |line: &str| {
            let _ = writeln!(text, "{line}");
        };
        line(
            "[[mappings]]                             # guesses by names and values: look at each of them (docs/mapping.md)",
        );
        line(&format!("name = {}", quoted(name)));
        line(&format!("{} = [{}]", if sample.is_file { "files" } else { "topics" }, quoted(&file_pattern(sample))));
        line(&format!("format = {}", quoted(sample.format.unwrap_or(Format::Json).name())));
        match strangers.envelope() {
            Envelope::Debezium => {
                line("envelope = \"debezium\"");
                line("deletes = \"ignore\"                      # what a deleted row means here: decide");
                if strangers.without_before > 0 {
                    line(&format!(
                        "# open: {} updates of the sample do not tell the row before them. Each is a dead letter: without that row nobody can say what a change corrects,\n\
                         # and a row that becomes what `when` asks for later is lost. PostgreSQL: ALTER TABLE ... REPLICA IDENTITY FULL; then a new snapshot.",
                        strangers.without_before
                    ));
                }
            }
            Envelope::Connect => line("envelope = \"connect\""),
            _ => {}
        }
        if let Some(each) = self.each {
            line(&format!("each = {}", quoted(each)));
        }
        match self.event_type {
            Some(event_type) => line(&format!("type = {}", quoted(event_type))),
            None => line(
                "type = \"selection\"                       # open: no field says which event type these records are",
            ),
        }
        line("[mappings.fields]");
        text
    }

    fn fields(&self, draft: &mut Draft) {
        let event_type = self.event_type.unwrap_or("selection");
        for field in needed(event_type) {
            if !self.guesses.iter().any(|guess| guess.field == *field) {
                draft.text += &self.without(field);
            }
        }
        if needed(event_type).contains(&"profile") && !self.guesses.iter().any(|guess| guess.field == "profile") {
            draft.profiles.push(self.source.name.to_owned());
        }
        for guess in self.guesses.iter().filter(|guess| has(event_type, guess.field)) {
            if let Some(path) = self.paths.get(guess.path) {
                self.field(*guess, path, draft);
            }
        }
    }

    /// The line of a field that is needed, and that no path could be.
    fn without(&self, field: &str) -> String {
        if field == "profile" {
            return format!(
                "profile = {{ value = {} }}            # a constant, as no field names a profile: choose its name\n",
                quoted(self.source.name)
            );
        }
        if field == "time" {
            return "# time = { path = \"/...\", format = \"%d-%m-%Y %H:%M\", zone = \"Europe/Amsterdam\" }   # open: it is needed, and no field looks like it\n"
                .to_owned();
        }
        format!("# {field} = \"/...\"                      # open: it is needed, and no field looks like it\n")
    }

    fn field(&self, guess: Guess, path: &Path<'_>, draft: &mut Draft) {
        let pointer = self.pointer(path);
        let (value, open) = self.value(guess, &pointer, path.node);
        let remark = match (open, guess.is_likely) {
            (Some(open), _) => format!("  # {open}"),
            (None, false) => "  # a guess by a part of its name".to_owned(),
            (None, true) => String::new(),
        };
        let key = if guess.field.contains('.') { quoted(guess.field) } else { guess.field.to_owned() };
        let _ = writeln!(draft.text, "{key} = {value}{remark}");
        if guess.field == "profile" {
            draft.profiles = self.names(path, usize::MAX);
        }
        if let Some(dimension) = guess.field.strip_prefix("groups.") {
            draft.dimensions.push((dimension.to_owned(), self.names(path, MOST_GROUPS)));
        }
    }

    /// The path as a mapping writes it: from the element, where each element is an event.
    fn pointer(&self, path: &Path<'_>) -> String {
        let inner = self.each.and_then(|each| path.pointer.strip_prefix(each)?.strip_prefix("/*"));
        match (self.each, inner) {
            (Some(_), Some(inner)) => inner.to_owned(),
            (Some(_), None) => format!("${}", path.pointer),
            (None, _) => path.pointer.clone(),
        }
    }

    /// The value of a field, and what is open about it.
    fn value(&self, guess: Guess, pointer: &str, node: &Node) -> (String, Option<&'static str>) {
        let path = quoted(pointer);
        match guess.field {
            "time" => self.time(&path, node),
            "selected" | "performed" => switch(&path, node),
            "outcome" => {
                let open = "values such as { \"found\" = \"violation\", \"nothing\" = \"no_violation\" }: which value means what is open";
                (path, Some(open))
            }
            "channel" => (
                path,
                Some(
                    "values such as { \"A\" = \"random\" }: which value means profile, random, signal, manual is open",
                ),
            ),
            "decided_by" => {
                (path, Some("values such as { \"S\" = \"automated\" }: which value means human, automated is open"))
            }
            "case_id" if node.is_mostly(&[Shape::CitizenNumber]) => {
                (path, Some("these look like citizen service numbers: a case id is one assessment, no person"))
            }
            _ => (path, None),
        }
    }

    /// A time; of a row of Debezium a number may be the clock on the wall.
    fn time(&self, path: &str, node: &Node) -> (String, Option<&'static str>) {
        const NO_ZONE: &str = "of a column without zone write zone, too: then it is what a clock there shows";
        let (value, open) = time(path, node);
        let is_row = self.source.strangers.envelope() == Envelope::Debezium;
        let is_number = node.is_mostly(&[Shape::EpochMillis, Shape::EpochMicros]);
        (value, open.or_else(|| (is_row && is_number).then_some(NO_ZONE)))
    }

    /// Values with enough cases, as names; none where there are more than `most`.
    fn names(&self, path: &Path<'_>, most: usize) -> Vec<String> {
        let case =
            self.guesses.iter().find(|guess| guess.field == "case_id").and_then(|guess| self.paths.get(guess.path));
        let wanted = Wanted { each: self.each, case_id: case.map(|path| path.pointer.as_str()), values: &path.pointer };
        let envelope = self.source.strangers.envelope();
        let found: ByName = values(self.source.sample, wanted, |parsed: &Parsed| parsed.envelope == envelope);
        let is_value = |name: &str| !Dimension::MISSING_VALUES.contains(&name.to_lowercase().as_str());
        let told = told::names(&found, self.source.disclosure, is_value, told::is_group);
        let mut names: Vec<String> = told.names.into_iter().map(|name| name.name).collect();
        names.sort_unstable();
        if names.len() > most { Vec::new() } else { names }
    }
}

/// What a mapping of a file names: its name without the folder.
fn file_pattern(sample: &Sample) -> String {
    let name = sample.name.rsplit('/').next().unwrap_or_default();
    if sample.is_file { name.to_owned() } else { sample.name.clone() }
}

fn time(path: &str, node: &Node) -> (String, Option<&'static str>) {
    const ZONE: Option<&str> = Some("in which zone it is written is open");
    let with = |format: &str| format!("{{ path = {path}, format = {format:?} }}");
    let in_zone = |format: &str| format!("{{ path = {path}, format = {format:?}, zone = \"Europe/Amsterdam\" }}");
    let is = |shape: Shape| node.is_mostly(&[shape]);
    match () {
        () if is(Shape::EpochSeconds) => (with("epoch_s"), None),
        () if is(Shape::EpochMillis) => (with("epoch_ms"), None),
        () if is(Shape::EpochMicros) => (with("epoch_us"), None),
        () if is(Shape::LocalDateTime) => (in_zone("local"), ZONE),
        () if is(Shape::Date) => (in_zone("%Y-%m-%d"), ZONE),
        () if is(Shape::DayMonthYear) => (in_zone("%d-%m-%Y"), ZONE),
        () if is(Shape::DayMonthYearMinutes) => (in_zone("%d-%m-%Y %H:%M"), ZONE),
        () if is(Shape::DayMonthYearSeconds) => (in_zone("%d-%m-%Y %H:%M:%S"), ZONE),
        () if node.integers.is_some_and(|(first, last)| first >= EPOCH_DAYS.0 && last <= EPOCH_DAYS.1) => {
            (with("epoch_days"), None)
        }
        () if is(Shape::DateTime) => (path.to_owned(), None),
        () => (path.to_owned(), Some("its times have several forms: which is right is open")),
    }
}

fn switch(path: &str, node: &Node) -> (String, Option<&'static str>) {
    if node.is_mostly(&[Shape::Boolean]) {
        return (path.to_owned(), None);
    }
    let mut words: Vec<String> = node.yes_no.iter().map(|(word, yes)| format!("{} = {yes}", quoted(word))).collect();
    if node.integers.is_some_and(|(least, most)| least >= 0 && most <= 1) {
        words = vec!["\"0\" = false".to_owned(), "\"1\" = true".to_owned()];
    }
    if words.is_empty() {
        return (
            path.to_owned(),
            Some("values such as { \"A\" = true, \"B\" = false }: which value means yes is open"),
        );
    }
    (format!("{{ path = {path}, values = {{ {} }} }}", words.join(", ")), None)
}
