//! Streams with all that can come, by producers that each write JSON in their own way.

use super::pair::{Given, PARTITIONS, Random};

use paritywatch::plan::{EventTime, Plan, Span};
use paritywatch::settings::Settings;

/// 2026-03-01T00:00:00Z
pub const START: EventTime = EventTime(1_772_323_200_000);

pub const BASE: &str = r#"
[privacy]
min_cell = 0
reason = "made up"
[window]
rolling = ["24h", "7d"]
cohort_max_age = "2d"
[alerting]
block_exposed = 12
block_concluded = 4
[dimensions.gender]
ground = "sex"
groups = ["f", "m"]
[dimensions.origin]
ground = "race"
groups = ["x", "y", "other"]
"#;
const POINT: &str = "[[rules]]\nname = \"point\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\nmin_events = 1\nevidence = \"point\"\n";
const EVIDENCE: &str = r#"
[[rules]]
name = "sequential"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
stratify_by = "office"
profiles = ["a"]
[[rules]]
name = "class"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
stratify_by = "risk_class"
profiles = ["a"]
[[rules]]
name = "hits"
indicator = "hit_rate"
reference = "lowest"
warning = 0.9
critical = 0.8
[[rules]]
name = "random"
indicator = "control_frequency"
reference = "random"
warning = 1.1
critical = 1.25
"#;

/// Plans that differ in profiles, rules, strata and horizons, but not in dimensions. The first is the usual one.
pub fn plans() -> Vec<Plan> {
    let profiles = |names: &[&str]| -> String {
        names.iter().map(|name| format!("[profiles.{name}]\nowner = \"o\"\n")).collect::<String>()
    };
    let population = "[profiles.e]\nowner = \"o\"\nexposure = \"population\"\n";
    // More groups than probabilities are kept for.
    let nations: Vec<String> = (0..40).map(|nation| format!("\"n{nation}\"")).collect();
    let base = format!("{BASE}[dimensions.nation]\nground = \"race\"\ngroups = [{}]\n", nations.join(","));
    let streets = EVIDENCE.replace("office", "street");
    let late = base.replace("[alerting]", "allowed_lateness = \"3h\"\n[alerting]");
    let short = "[limits]\nnot_selected_horizon = \"1d\"\ndedupe_horizon = \"2d\"\n";
    [
        format!("{base}{}{population}{POINT}{EVIDENCE}", profiles(&["a", "b"])),
        format!("{base}{}{POINT}", profiles(&["a"])),
        format!("{base}{}{population}{POINT}{streets}", profiles(&["a", "b", "d"])),
        format!("{late}{short}{}{population}{POINT}{EVIDENCE}", profiles(&["b", "a"])),
    ]
    .iter()
    .map(|text| {
        let settings = Settings::parse(text, "batches.toml", std::iter::empty());
        let mut plan = settings.unwrap_or_else(|error| panic!("{error}")).plan;
        // So short that events come too late, and days are dropped.
        plan.window.history = Span::DAY.times(if text.contains("allowed_lateness") { 14 } else { 9 });
        plan
    })
    .collect()
}

/// The plan with limits that a short stream exceeds.
pub fn tight(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    (plan.ledger.open_cases, plan.ledger.waiting_events, plan.ledger.remembered_ids) = (40, 6, 12);
    plan.event.message_bytes = 700;
    plan.event.string_bytes = 24;
    plan
}

/// How a producer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without white space; the type comes first, the data last.
    Compact,
    /// The names are sorted, so the data comes before the id.
    Sorted,
    Pretty,
    /// The ids come last.
    IdsLast,
    /// Attributes are headers.
    Binary,
    /// Structured, and there are headers.
    WithHeaders,
}

pub const STYLES: [Style; 6] =
    [Style::Compact, Style::Sorted, Style::Pretty, Style::IdsLast, Style::Binary, Style::WithHeaders];

/// Names with their values in JSON.
pub type Fields = Vec<(String, String)>;

/// A producer, and what it tells beside the contract.
#[derive(Clone, Debug)]
struct Producer {
    style: Style,
    source: String,
    /// Whether there are unknown fields whose values differ.
    talks: bool,
    /// Whether it names strata and dimensions that nobody asked for.
    names_more: bool,
    /// Whether its selections differ in little, so that many are alike.
    dull: bool,
}

/// Makes a stream.
pub struct Source {
    pub random: Random,
    producers: Vec<Producer>,
    now: EventTime,
    next_id: u64,
    next_case: u64,
    /// The cases of late, and the last id of an event of each.
    cases: Vec<(String, String)>,
    sent: Vec<Given>,
    /// Longest step of time, in milliseconds.
    pace: usize,
    /// Whether the last partition has few events, so that it holds the watermark back.
    slow: bool,
}

impl Source {
    /// `pace` chooses how fast time passes: from hundreds of events in an hour (0) to some hours from event to event (3).
    pub fn new(seed: u64, pace: usize) -> Self {
        let mut random = Random::new(seed);
        let producers = (0..1 + random.below(3))
            .map(|index| Producer {
                style: STYLES[random.below(STYLES.len())],
                source: format!("/source/{}", index % 2),
                talks: random.one_in(3),
                names_more: random.one_in(3),
                dull: random.one_in(2),
            })
            .collect();
        let pace = [2_000, 60_000, 600_000, 6_000_000][pace];
        let slow = random.one_in(2);
        let busy = ("busy".to_owned(), "e0".to_owned());
        Self {
            random,
            producers,
            now: START,
            next_id: 1,
            next_case: 0,
            cases: vec![busy],
            sent: Vec::new(),
            pace,
            slow,
        }
    }

    /// A stream in which nearly every selection is like one before.
    pub fn dull(seed: u64) -> Self {
        let mut source = Self::new(seed, 0);
        source.producers.truncate(1);
        source.producers[0].dull = true;
        source
    }

    pub fn take(&mut self, count: usize) -> Vec<Given> {
        (0..count).map(|_| self.next()).collect()
    }

    fn next(&mut self) -> Given {
        if !self.sent.is_empty() && self.random.one_in(12) {
            return self.again();
        }
        let step = self.random.below(self.pace);
        self.now = self.now.plus(Span(i64::try_from(step).unwrap()));
        if self.random.one_in(400) {
            // A gap of up to ten days.
            self.now = self.now.plus(Span::HOUR.times(i64::try_from(self.random.below(240)).unwrap()));
        }
        let given = self.fresh();
        if self.sent.len() < 400 {
            self.sent.push(given.clone());
        } else {
            let place = self.random.below(400);
            self.sent[place] = given.clone();
        }
        given
    }

    /// A second delivery: of the last one, or of any; in its partition, or in another.
    fn again(&mut self) -> Given {
        let place = if self.random.one_in(3) { self.sent.len() - 1 } else { self.random.below(self.sent.len()) };
        let mut given = self.sent[place].clone();
        if self.random.one_in(3) {
            given.partition = (given.partition + 1) % PARTITIONS;
        }
        given
    }

    fn fresh(&mut self) -> Given {
        let producer = self.producers[self.random.below(self.producers.len())].clone();
        let (kind, data) = self.data(&producer);
        let id = self.id();
        let time = self.time();
        let mut envelope: Fields = [
            ("specversion", "\"1.0\"".to_owned()),
            ("type", format!("\"paritywatch.{kind}.v1\"")),
            ("source", format!("\"{}\"", producer.source)),
            ("id", format!("\"{id}\"")),
            ("time", format!("\"{}\"", self.written(time))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        if producer.talks {
            let value = self.odd();
            envelope.push(("subject".to_owned(), value));
        }
        let mut given = write(producer.style, envelope, data, &mut self.random);
        given.partition = u32::try_from(self.next_case % u64::from(PARTITIONS)).unwrap();
        if self.random.one_in(6) {
            given.partition = u32::try_from(self.random.below(PARTITIONS as usize)).unwrap();
        }
        if self.slow && given.partition + 1 == PARTITIONS && !self.random.one_in(40) {
            given.partition = 0;
        }
        given.timestamp = match self.random.below(30) {
            0 => None,
            1 => Some(time.minus(Span::DAY.times(2))),
            _ => Some(time.plus(Span::SECOND)),
        };
        given
    }

    fn id(&mut self) -> String {
        self.next_id += 1;
        let id = self.next_id;
        match self.random.below(60) {
            0 => format!("é{id}"),
            1 => format!("\\u0065{id}"),
            2 => format!("{id}}},time:["),
            3 => format!("{id}-long-long-long-long-long"),
            _ => format!("e{id}"),
        }
    }

    /// In time, nearly always.
    fn time(&mut self) -> EventTime {
        let mut back =
            |span: Span, limit: usize| self.now.minus(Span(span.0 * i64::try_from(self.random.below(limit)).unwrap()));
        let (second, minute, hour, day) =
            (back(Span::SECOND, 60), back(Span::MINUTE, 13), back(Span::HOUR, 40), back(Span::DAY, 12));
        match self.random.below(40) {
            0 => hour,
            1 => day,
            2..10 => minute,
            10..20 => second,
            _ => self.now,
        }
    }

    /// Mostly as most write it.
    fn written(&mut self, time: EventTime) -> String {
        let text = jiff::Timestamp::from_millisecond(time.0).unwrap().to_string();
        match self.random.below(40) {
            0 => text.replace('T', "t").replace('Z', "z"),
            1 => text.replace('Z', "+00:00"),
            2 => text.replace('Z', "-00:30"),
            3 => format!("{}23:59:60Z", &text[..11]),
            4 => text.replace('Z', "123456789Z"),
            5 => "1970-01-01T00:00:00Z".to_owned(),
            6 => text.replace(':', "."),
            _ => text,
        }
    }

    /// A value that the contract does not know.
    fn odd(&mut self) -> String {
        let number = self.random.below(1_000_000);
        match self.random.below(16) {
            0 => number.to_string(),
            1 => format!("{number}.5"),
            2 => format!("-{number}"),
            3 => format!("{number}e2"),
            4 => format!("{{\"a\":[{number},\"}}\"]}}"),
            5 => "null".to_owned(),
            6 => "\"\"".to_owned(),
            7 => "\"}}\"".to_owned(),
            8 => format!("\"\\\",\\\"time\\\":\\\"{number}\""),
            9 => format!("\"日本{number}\""),
            10 => format!("[{number}]"),
            11 => "true".to_owned(),
            _ => format!("\"{number}\""),
        }
    }

    /// The type and the data of an event.
    fn data(&mut self, producer: &Producer) -> (&'static str, Fields) {
        let mut data: Fields = Vec::new();
        let mut add = |name: &str, value: String| data.push((name.to_owned(), value));
        let profile = self.random.of(&["a", "a", "a", "b", "e", "unknown"]);
        let groups = self.groups(producer);
        let strata = self.strata(producer);
        let flag = self.random.one_in(3);
        let (groups, strata, profile) = if producer.dull {
            let group = self.random.of(&["\"x\"", "\"y\"", "{\"x\":0.5,\"y\":0.25}", "null"]);
            (format!("{{\"origin\":{group}}}"), "{\"office\":\"o1\"}".to_owned(), "a")
        } else {
            (groups, strata, profile)
        };
        let kind = if self.random.one_in(2) { "selection" } else { self.kind() };
        let (case, last) = self.case(kind == "selection");
        let number = self.random.below(200);
        let word = self.random.of(&["violation", "no_violation", "unknown"]);
        match kind {
            "selection" => {
                add("case_id", format!("\"{case}\""));
                add("profile", format!("\"{profile}\""));
                add("selected", flag.to_string());
                let channels: &[&str] =
                    if producer.dull { &["profile"] } else { &["profile", "profile", "random", "signal"] };
                add("channel", format!("\"{}\"", self.random.of(channels)));
                add("groups", groups);
                add("strata", strata);
                if !producer.dull && self.random.one_in(4) {
                    add("risk_class", format!("\"r{}\"", number % 70));
                }
                if self.random.one_in(8) {
                    add("revises", last);
                }
                if self.random.one_in(8) {
                    add("profile_version", format!("\"v{number}\""));
                }
            }
            "control" => {
                add("case_id", format!("\"{case}\""));
                add("performed", (!flag).to_string());
                if self.random.one_in(2) {
                    add("control_id", format!("\"k{}\"", number % 3));
                }
                if self.random.one_in(2) {
                    add("intensity", self.random.of(&["1", "2.5", "10", "10.5", "0", "1e1"]).to_owned());
                }
                if self.random.one_in(2) {
                    add("duration_minutes", format!("{number}.25"));
                    add("kind", format!("\"visit {number}\""));
                }
                if self.random.one_in(3) {
                    add("profile", format!("\"{profile}\""));
                    add("channel", format!("\"{}\"", self.random.of(&["profile", "signal"])));
                    add("groups", groups);
                }
                if self.random.one_in(3) {
                    add("outcome", format!("\"{word}\""));
                }
                // Not a field of this type.
                if self.random.one_in(4) {
                    add("revises", last);
                }
            }
            "outcome" => {
                add("case_id", format!("\"{case}\""));
                add("outcome", format!("\"{word}\""));
                if self.random.one_in(3) {
                    add("revises", last);
                }
                if self.random.one_in(3) {
                    add("control_id", format!("\"k{}\"", number % 3));
                }
                if self.random.one_in(4) {
                    add("sanction", format!("{{\"kind\":\"fine\",\"amount\":{number}}}"));
                }
            }
            "attributes" => {
                add("case_id", format!("\"{case}\""));
                add("groups", groups);
                add("strata", strata);
            }
            "complaint" => {
                add("profile", format!("\"{profile}\""));
                if flag {
                    add("case_id", format!("\"{case}\""));
                }
                add("groups", groups);
                if number.is_multiple_of(3) {
                    add("ground", "\"race\"".to_owned());
                }
                if number % 4 == 1 {
                    add("status", "\"upheld\"".to_owned());
                }
            }
            "tally" => {
                add("profile", format!("\"{profile}\""));
                add("groups", "{\"origin\":\"y\"}".to_owned());
                add("counts", format!("{{\"assessed\":{},\"selected\":{number}}}", number + 7));
            }
            "population" => {
                add("profile", "\"e\"".to_owned());
                add("dimension", "\"origin\"".to_owned());
                add("counts", format!("{{\"x\":500,\"y\":{number},\"w\":3}}"));
                add("valid_from", "\"2026-03-01\"".to_owned());
            }
            _ => add("anything", "1".to_owned()),
        }
        if producer.talks {
            let (one, other) = (self.odd(), self.odd());
            add("note", one);
            add("weight", other);
        }
        (kind, data)
    }

    fn kind(&mut self) -> &'static str {
        const KINDS: [&str; 13] = [
            "selection",
            "control",
            "control",
            "control",
            "outcome",
            "outcome",
            "outcome",
            "attributes",
            "attributes",
            "complaint",
            "tally",
            "population",
            "nothing",
        ];
        KINDS[self.random.below(KINDS.len())]
    }

    /// A case, and the id of one of its events in JSON. Selections are nearly always about a new one.
    fn case(&mut self, new: bool) -> (String, String) {
        let last = |id: &str| format!("\"{id}\"");
        if self.random.one_in(30) {
            return (self.cases[0].0.clone(), last(&self.cases[0].1));
        }
        if (new && !self.random.one_in(10)) || self.random.one_in(8) {
            self.next_case += 1;
            let case = if self.random.one_in(50) {
                format!("zaak\\t{}", self.next_case)
            } else {
                format!("c{}", self.next_case)
            };
            let event = format!("e{}", self.next_id + 1);
            if self.cases.len() > 60 {
                let place = 1 + self.random.below(60);
                self.cases.remove(place);
            }
            self.cases.push((case.clone(), event));
            return (case, last("e1"));
        }
        let (case, event) = self.cases[self.random.below(self.cases.len())].clone();
        (case, last(&event))
    }

    fn groups(&mut self, producer: &Producer) -> String {
        let number = self.random.below(1_000);
        let mut groups = Vec::new();
        match self.random.below(20) {
            0 => {}
            1 => groups.push(format!("\"origin\":{{\"x\":0.{},\"y\":0.3}}", number % 7)),
            2 => groups.push("\"origin\":null".to_owned()),
            3 => return "null".to_owned(),
            4 => groups.push(format!("\"nation\":{{\"n1\":0.{}}}", 1 + number % 8)),
            _ => groups.push(format!("\"origin\":\"{}\"", self.random.of(&["x", "x", "y", "z", "other", "é"]))),
        }
        if self.random.one_in(3) {
            groups.push(format!("\"gender\":\"{}\"", self.random.of(&["f", "m", "q"])));
        }
        if self.random.one_in(6) {
            groups.push(format!("\"nation\":\"n{}\"", number % 45));
        }
        if producer.names_more {
            groups.push(format!("\"age\":\"{number}\""));
        }
        format!("{{{}}}", groups.join(","))
    }

    fn strata(&mut self, producer: &Producer) -> String {
        let (office, street) = (self.random.below(90), self.random.below(200));
        let office = if self.random.one_in(4) { office } else { office % 2 };
        if producer.names_more {
            return format!("{{\"street\":\"s{street}\",\"office\":\"o{office}\",\"block\":\"{street}\"}}");
        }
        if self.random.one_in(20) { "{}".to_owned() } else { format!("{{\"office\":\"o{office}\"}}") }
    }
}

/// An event in a style.
pub fn write(style: Style, mut envelope: Fields, mut data: Fields, random: &mut Random) -> Given {
    let last = |name: &str| name.ends_with("id") || name == "time";
    match style {
        Style::Sorted => data.sort(),
        Style::IdsLast => {
            data.sort_by_key(|(name, _)| last(name));
            envelope.sort_by_key(|(name, _)| last(name));
        }
        _ => {}
    }
    if style == Style::Binary {
        let text = |value: &str| value.trim_matches('"').as_bytes().to_vec();
        let upper = random.one_in(20);
        let header = |(name, value): &(String, String)| {
            (if upper { format!("CE_{name}") } else { format!("ce_{name}") }, text(value))
        };
        let mut headers: Vec<(String, Vec<u8>)> = envelope.iter().map(header).collect();
        headers.push(("content-type".to_owned(), b"application/json".to_vec()));
        if random.one_in(4) {
            headers.push(("traceparent".to_owned(), random.next().to_le_bytes().to_vec()));
        }
        return Given { headers, ..Given::of(object(&data, false)) };
    }
    let inner = object(&data, style == Style::Pretty);
    let place = if style == Style::IdsLast { 3 } else { envelope.len() };
    envelope.insert(place, ("data".to_owned(), inner));
    if style == Style::Sorted {
        envelope.sort();
    }
    let mut given = Given::of(object(&envelope, style == Style::Pretty));
    if style == Style::WithHeaders {
        given.headers = vec![("content-type".to_owned(), b"application/cloudevents+json".to_vec())];
        if random.one_in(3) {
            given.headers.push(("ce_extension".to_owned(), random.next().to_le_bytes().to_vec()));
        }
    }
    given
}

fn object(fields: &Fields, pretty: bool) -> String {
    let (colon, between, open, close) = if pretty { (": ", ",\n  ", "{\n  ", "\n}") } else { (":", ",", "{", "}") };
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\"{colon}{value}")).collect();
    format!("{open}{}{close}", fields.join(between))
}

/// The payload of a plain event in a style, of a kind, with these numbers in its id and case.
pub fn plain(style: Style, kind: &str, number: usize) -> Given {
    let field = |name: &str, value: String| (name.to_owned(), value);
    let envelope = vec![
        field("specversion", "\"1.0\"".to_owned()),
        field("type", format!("\"paritywatch.{kind}.v1\"")),
        field("source", "\"/s\"".to_owned()),
        field("id", format!("\"e{number:06}\"")),
        field("time", "\"2026-03-02T08:15:30Z\"".to_owned()),
        field("subject", format!("\"s{number:06}\"")),
        field("size", format!("{}", 100_000 + number)),
    ];
    let case = field("case_id", format!("\"c{number:06}\""));
    let groups = field("groups", "{\"origin\":\"x\",\"age\":\"31\"}".to_owned());
    let data = match kind {
        "control" => vec![
            case,
            field("control_id", "\"k1\"".to_owned()),
            field("kind", "\"visit\"".to_owned()),
            field("intensity", "2.5".to_owned()),
            field("duration_minutes", "30".to_owned()),
            field("profile", "\"a\"".to_owned()),
            groups,
        ],
        "outcome" => vec![
            case,
            field("outcome", "\"violation\"".to_owned()),
            field("control_id", "\"k1\"".to_owned()),
            field("revises", "\"e1\"".to_owned()),
        ],
        "complaint" => vec![field("profile", "\"a\"".to_owned()), case, groups],
        "attributes" => vec![case, groups, field("strata", "{\"office\":\"o1\",\"block\":\"7\"}".to_owned())],
        _ => vec![
            case,
            field("profile", "\"a\"".to_owned()),
            field("selected", "true".to_owned()),
            field("channel", "\"profile\"".to_owned()),
            groups,
            field("strata", "{\"office\":\"o1\",\"block\":\"7\"}".to_owned()),
            field("weight", "12.5".to_owned()),
            field("profile_version", "\"v1\"".to_owned()),
        ],
    };
    let mut given = write(style, envelope, data, &mut Random::new(2));
    given.timestamp = Some(EventTime(START.0 + 2 * Span::DAY.0));
    given
}
