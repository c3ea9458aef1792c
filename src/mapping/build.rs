//! Compiling: from what a mapping says to what is done with a document.

use std::sync::Arc;

use super::condition::Holds;
use super::field::{Taken, Writer};
use super::jq::Jq;
use super::layout::Member;
use super::path::{Path, Scope};
use super::spec::{Constant, Deletes, Envelope, Field, Kind, Mapping, Origin};
use super::target::{Shape, required, target, targets};
use super::text::quoted;
use super::trie::{NodeId, Trie};
use super::view::PathRef;

/// A mapping that was compiled.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub name: String,
    /// The type of its events, where an expression does not say another.
    pub kind: Kind,
    pub jq: Option<Arc<Jq>>,
    pub deletes: Deletes,
    pub envelope: Envelope,
    /// What every event of it begins with: up to the value of `id`.
    pub head: Vec<u8>,
    /// What follows `head` where `source` is no constant.
    pub source: Option<Writer>,
    pub id: Option<Writer>,
    pub time: Writer,
    pub data: Vec<Member>,
    /// The data of an event that takes an outcome back.
    pub taken_back: Vec<Member>,
    pub when: Vec<Holds>,
    /// The array of which each element is an event, and the paths that start at an element.
    pub each: Option<(PathRef, Trie)>,
    /// Whether the whole document is there, of an envelope of Kafka Connect.
    pub payload: Option<PathRef>,
    pub change: Option<ChangeRefs>,
    /// The fields that are written anew each time, also where the rest of an event is known, by their numbers.
    pub anew: Vec<Writer>,
}

/// What is read of a change.
#[derive(Clone, Debug)]
pub(super) struct ChangeRefs {
    pub op: PathRef,
    pub after: PathRef,
    pub before: PathRef,
    /// When it was made, by the database and by the connector, in milliseconds since 1970.
    pub times: [PathRef; 2],
    /// What says which row it is; `None` where events have ids of their own.
    pub row: Option<Vec<Writer>>,
    /// What is read of a row beside what says which row it is.
    pub beside_key: Vec<PathRef>,
    /// Whether a correction names what it corrects.
    pub revises: bool,
}

/// Compiles a mapping. Its paths are added to the tree of all mappings of the topic.
pub(super) fn compile(mapping: &Mapping, trie: &mut Trie) -> Compiled {
    let places = Places::new(mapping, trie);
    let mut builder = Builder { mapping, trie, elements: Trie::default(), places };
    let each = mapping.each.as_ref().map(|path| builder.outside(path));
    let data = builder.data(&mapping.fields.iter().collect::<Vec<_>>());
    let kept = mapping.fields.iter().filter(|field| !matches!(root(&field.target), "outcome" | "sanction"));
    let mut taken_back = builder.data(&kept.collect::<Vec<_>>());
    taken_back.push(Member::Constant(br#""outcome":"unknown""#.to_vec()));
    let when = mapping.when.iter().map(|condition| Holds {
        path: builder.path(&condition.path),
        exists: condition.exists,
        within: condition.within.clone(),
        without: condition.without.clone(),
    });
    let when = when.collect();
    let (change, payload) = (builder.change(), builder.payload());
    let source = builder.writer("source").filter(|writer| !matches!(writer.taken, Taken::Constant(_)));
    let mut compiled = Compiled {
        name: mapping.name.clone(),
        kind: mapping.kind,
        // The configuration has found it right.
        jq: mapping.jq.as_ref().and_then(|text| Jq::compile(text).ok()).map(Arc::new),
        deletes: mapping.deletes,
        envelope: mapping.envelope,
        head: head(mapping, source.is_some()),
        source,
        id: builder.writer("id"),
        time: builder.writer("time").unwrap_or_else(|| builder.nothing("time")),
        data,
        taken_back,
        when,
        each: each.map(|path| (path, std::mem::take(&mut builder.elements))),
        payload,
        change,
        anew: Vec::new(),
    };
    number(&mut compiled);
    compiled
}

/// Numbers the fields that are written anew each time.
fn number(compiled: &mut Compiled) {
    fn of_writer(writer: &mut Writer, anew: &mut Vec<Writer>) {
        if writer.is_always_new() {
            writer.number = Some(anew.len());
            anew.push(writer.clone());
        }
    }
    fn of_members(members: &mut [Member], anew: &mut Vec<Writer>) {
        for member in members {
            match member {
                Member::Constant(_) => {}
                Member::Field(_, writer) => of_writer(writer, anew),
                Member::Object(_, members) => of_members(members, anew),
            }
        }
    }
    let Compiled { source, id, time, data, anew, .. } = compiled;
    [source, id].into_iter().flatten().for_each(|writer| of_writer(writer, anew));
    of_writer(time, anew);
    of_members(data, anew);
}

/// Returns what events begin with, up to the value of `source` where that differs, else up to that of `id`.
fn head(mapping: &Mapping, source_differs: bool) -> Vec<u8> {
    let kind = mapping.kind.name();
    let begin = format!(r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"#);
    if source_differs {
        return begin.into_bytes();
    }
    let constant = mapping.fields.iter().find(|field| field.target == "source").and_then(|field| match &field.from {
        Origin::Constant(constant) => Some(json_of(constant, Shape::Text)),
        _ => None,
    });
    let source = constant.unwrap_or_else(|| quoted(&format!("mapping:{}", mapping.name)));
    [begin.as_bytes(), &source, br#","id":"#].concat()
}

/// Returns the first name of a field's path.
fn root(target: &str) -> &str {
    target.split_once('.').map_or(target, |(root, _)| root)
}

/// Returns a constant as JSON, as its field takes it.
pub(super) fn json_of(constant: &Constant, shape: Shape) -> Vec<u8> {
    let text = match constant {
        Constant::Text(text) if shape == Shape::Number => return text.clone().into_bytes(),
        Constant::Text(text) => return quoted(text),
        Constant::Boolean(boolean) => boolean.to_string(),
        Constant::Integer(integer) => integer.to_string(),
        Constant::Number(number) => number.to_string(),
    };
    if matches!(shape, Shape::Text | Shape::Membership) { quoted(&text) } else { text.into_bytes() }
}

/// Returns what stands between the quotation marks of a text.
fn inner(json: &[u8]) -> Vec<u8> {
    json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_vec()
}

/// The places in a document where paths start.
struct Places {
    /// Where those of the document start.
    document: NodeId,
    /// The place of the payload in an envelope of Kafka Connect, for changes, which may be in one or not.
    payload: Option<NodeId>,
    /// Where those of a row start: after the change, and before it.
    rows: Option<(NodeId, NodeId)>,
}

impl Places {
    fn new(mapping: &Mapping, trie: &mut Trie) -> Self {
        match mapping.envelope {
            Envelope::None => Self { document: Trie::ROOT, payload: None, rows: None },
            Envelope::Connect => Self { document: trie.child(Trie::ROOT, "payload", None), payload: None, rows: None },
            Envelope::Debezium => {
                let payload = trie.child(Trie::ROOT, "payload", None);
                let mut places = Self { document: Trie::ROOT, payload: Some(payload), rows: None };
                places.rows = Some((places.shared(trie, "after"), places.shared(trie, "before")));
                places
            }
        }
    }

    /// Returns the place of a name in the document. In a change it is the same in an envelope of Kafka Connect.
    fn shared(&self, trie: &mut Trie, name: &str) -> NodeId {
        let place = trie.child(self.document, name, None);
        if let Some(payload) = self.payload
            && !trie.leads(payload, name)
        {
            trie.link(payload, name, place);
        }
        place
    }
}

struct Builder<'m, 't> {
    mapping: &'m Mapping,
    trie: &'t mut Trie,
    elements: Trie,
    places: Places,
}

impl Builder<'_, '_> {
    fn path(&mut self, path: &Path) -> PathRef {
        if path.scope == Scope::Here && self.mapping.each.is_some() {
            return PathRef::Element(self.elements.add(Trie::ROOT, &path.steps));
        }
        self.outside(path)
    }

    /// A path that does not start at an element.
    fn outside(&mut self, path: &Path) -> PathRef {
        match (path.scope, self.places.rows) {
            (Scope::Here, Some((after, before))) => {
                PathRef::Rows(self.trie.add(after, &path.steps), self.trie.add(before, &path.steps))
            }
            _ => self.of_document(path),
        }
    }

    fn of_document(&mut self, path: &Path) -> PathRef {
        match path.steps.split_first() {
            Some((first, rest)) if self.places.payload.is_some() => {
                let place = self.places.shared(self.trie, &first.name);
                PathRef::Document(self.trie.add(place, rest))
            }
            _ => PathRef::Document(self.trie.add(self.places.document, &path.steps)),
        }
    }

    fn writer(&mut self, target: &str) -> Option<Writer> {
        let field = self.mapping.fields.iter().find(|field| field.target == target)?;
        Some(self.writer_of(field))
    }

    fn writer_of(&mut self, field: &Field) -> Writer {
        let kind = self.mapping.kind;
        let shape = target(kind, &field.target).map_or(Shape::Text, |target| target.shape);
        let (taken, from) = match &field.from {
            Origin::Constant(constant) => (Taken::Constant(json_of(constant, shape)), String::new()),
            Origin::Path(path) => (Taken::Path(self.path(path)), path.text.clone()),
            Origin::Joined(paths, join) => {
                let texts: Vec<&str> = paths.iter().map(|path| path.text.as_str()).collect();
                (Taken::Joined(paths.iter().map(|path| self.path(path)).collect(), join.clone()), texts.join(", "))
            }
        };
        let json = |constant: &Constant| json_of(constant, shape);
        Writer {
            told: if from.is_empty() { field.target.clone() } else { format!("{} (from {from})", field.target) },
            shape,
            taken,
            values: field.values.iter().map(|(text, value)| (text.clone(), json(value))).collect(),
            other: field.other.as_ref().map(json),
            default: field.default.as_ref().map(json),
            prefix: field.prefix.as_ref().map_or_else(Vec::new, |prefix| inner(&quoted(prefix))),
            time: field.time.clone(),
            required: required(kind).contains(&field.target.as_str())
                || matches!(field.target.as_str(), "id" | "source"),
            is_identity: matches!(field.target.as_str(), "id" | "case_id" | "control_id" | "revises"),
            number: None,
        }
    }

    /// What writes nothing, for a field that the configuration does not let be missing.
    fn nothing(&self, target: &str) -> Writer {
        let taken = Taken::Joined(Vec::new(), String::new());
        let told = target.to_owned();
        Writer {
            told,
            shape: Shape::Time,
            taken,
            values: Vec::new(),
            other: None,
            default: None,
            prefix: Vec::new(),
            time: None,
            required: true,
            is_identity: false,
            number: None,
        }
    }

    /// Returns the members of the data, in the order of the contract.
    fn data(&mut self, fields: &[&Field]) -> Vec<Member> {
        let mut members = Vec::new();
        let mut done: Vec<&str> = Vec::new();
        for known in targets(self.mapping.kind) {
            let name = root(known.name);
            if done.contains(&name) {
                continue;
            }
            done.push(name);
            if let Some(field) = fields.iter().find(|field| field.target == name) {
                members.push(Member::field(name, self.writer_of(field)));
                continue;
            }
            let entries: Vec<Member> = fields
                .iter()
                .filter_map(|field| {
                    let (object, entry) = field.target.split_once('.')?;
                    (object == name).then(|| Member::field(entry, self.writer_of(field)))
                })
                .collect();
            if !entries.is_empty() {
                members.push(Member::object(name, entries));
            }
        }
        members
    }

    fn payload(&mut self) -> Option<PathRef> {
        (self.mapping.envelope == Envelope::Connect)
            .then(|| PathRef::Document(self.trie.add(self.places.document, &[])))
    }

    /// Returns the paths of a row that fields and conditions read, without those of its key.
    fn beside_key(&mut self) -> Vec<PathRef> {
        let mapping = self.mapping;
        let is_key = |field: &&Field| matches!(field.target.as_str(), "case_id" | "control_id");
        let (key, fields): (Vec<&Field>, Vec<&Field>) = mapping.fields.iter().partition(is_key);
        let key: Vec<PathRef> = key.iter().flat_map(|field| field.paths()).map(|path| self.path(path)).collect();
        let conditions = mapping.when.iter().map(|condition| &condition.path);
        let paths = fields.iter().flat_map(|field| field.paths()).chain(conditions);
        let paths: Vec<PathRef> = paths.map(|path| self.path(path)).collect();
        paths.into_iter().filter(|path| matches!(path, PathRef::Rows(..)) && !key.contains(path)).collect()
    }

    fn change(&mut self) -> Option<ChangeRefs> {
        let (after, before) = self.places.rows?;
        let mut of = |text: &str| {
            let path = Path::parse(text).ok();
            path.map_or(PathRef::Document(usize::MAX), |path| self.of_document(&path))
        };
        let (op, times) = (of("$/op"), [of("$/source/ts_ms"), of("$/ts_ms")]);
        let after = PathRef::Document(self.trie.add(after, &[]));
        let before = PathRef::Document(self.trie.add(before, &[]));
        let row = self.mapping.follows_rows().then(|| {
            let names = ["case_id", "control_id"];
            names.into_iter().filter_map(|name| self.writer(name)).collect()
        });
        let beside_key = self.beside_key();
        let has_own = self.mapping.fields.iter().any(|field| field.target == "revises");
        let revises = !has_own && matches!(self.mapping.kind, Kind::Selection | Kind::Outcome);
        Some(ChangeRefs { op, after, before, times, row, beside_key, revises })
    }
}
