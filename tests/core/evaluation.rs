//! What an evaluation keeps for the next one leaves no trace: results are a function of the counts, to the last bit, however often and when
//! they were evaluated before.

use std::io::Cursor;

use paritywatch::checkpoint::{read, write};
use paritywatch::event::{Membership, RawRecord};
use paritywatch::evidence::{Cohorts, Sequences, feeds};
use paritywatch::judge::{Evaluator, Scene};
use paritywatch::ledger::{AttributeTable, CaseChange, CaseCounts, CaseFacts, Contribution, Handling};
use paritywatch::monitor::{Clock, Monitor};
use paritywatch::plan::{Cause, Channel, DisclosurePlan, EventTime, Evidence, PartitionIndex, Plan, Slot, Span};
use paritywatch::render::Render;
use paritywatch::scenario::{Scenario, Shape, Stream};
use paritywatch::settings::Settings;
use paritywatch::window::{Populations, Windows};
use serde_json::Value;

use crate::unchanged::{KEY, header, mixed_stream, settings_of};

const NOW: EventTime = EventTime(1_790_000_000_000);

fn monitor(plan: &Plan) -> Monitor {
    let mut monitor = Monitor::new(plan.clone(), KEY, Clock::Wall);
    monitor.add_partition(PartitionIndex(0), NOW);
    monitor
}

fn handle(monitor: &mut Monitor, line: &str) {
    monitor.handle_record(
        PartitionIndex(0),
        &RawRecord { payload: line.as_bytes(), headers: &[], timestamp: None },
        NOW,
    );
}

/// The same monitor as a restart finds it, which has judged nothing yet.
fn restarted(monitor: &Monitor, plan: &Plan) -> Monitor {
    let mut bytes = Vec::new();
    write(&header(plan), &monitor.snapshot(), &mut bytes).unwrap();
    let (_, mut sections) = read(Cursor::new(bytes)).unwrap();
    Monitor::restore(plan.clone(), KEY, Clock::Wall, |_| sections.read().ok()).unwrap()
}

/// Streams with every kind of event and rule, and with delays of outcomes: cohorts are sealed at different times.
fn streams() -> [(Plan, Vec<String>, usize); 3] {
    let generated = |scenario, events, per_hour| {
        let mut shape = Shape::new(scenario, events, 5);
        shape.cases_per_hour = per_hour;
        Stream::new(&shape).map(|event| event.json).collect()
    };
    [
        (settings_of("mixed").plan, mixed_stream(), 17),
        (settings_of("windows").plan, generated(Scenario::Simpson, 4_000, 20), 83),
        (settings_of("evidence").plan, generated(Scenario::LateOutcomes, 4_000, 5), 83),
    ]
}

/// At each evaluation it is compared with one that knows nothing of those before.
#[test]
fn an_evaluation_is_the_same_as_after_a_restart() {
    for (plan, lines, every) in streams() {
        let mut evaluated = monitor(&plan);
        for (index, line) in lines.iter().enumerate() {
            handle(&mut evaluated, line);
            if index % every == 0 {
                let mut fresh = restarted(&evaluated, &plan);
                let now = NOW.plus(Span::SECOND.times(index as i64));
                evaluated.handle_tick(now);
                fresh.handle_tick(now);
                let (found, expected) = (evaluated.published().to_json(), fresh.published().to_json());
                assert!(found == expected, "line {index}: expected {expected}, found {found}");
            }
        }
    }
}

/// Verdicts that sequential evidence raised stand, and alerts have a past. Everything else is the same.
#[test]
fn an_evaluation_does_not_depend_on_those_before() {
    for (mut plan, lines, every) in streams() {
        // What was published before decides what is, but not what is found.
        plan.disclosure = DisclosurePlan::open();
        let (mut often, mut once) = (monitor(&plan), monitor(&plan));
        for (index, line) in lines.iter().enumerate() {
            handle(&mut often, line);
            handle(&mut once, line);
            if index % every == 0 {
                often.handle_tick(NOW);
            }
        }
        often.handle_tick(NOW);
        once.handle_tick(NOW);
        let documents = [&often, &once].map(|monitor| {
            let mut document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
            let findings = document["findings"].as_array_mut().unwrap();
            for finding in findings.iter_mut() {
                let rule = plan.rules.iter().find(|rule| finding["rule"] == *rule.name).unwrap();
                if rule.disparity().unwrap().terms.evidence == Evidence::Sequential {
                    finding["verdict"] = Value::Null;
                }
            }
            assert!(findings.len() > 10, "{}", findings.len());
            (document["findings"].to_string(), document["funnel"].to_string())
        });
        assert!(documents[0] == documents[1], "often: {:?}\nonce: {:?}", documents[0], documents[1]);
    }
}

/// Two profiles and two dimensions, by each of two rules: eight tables.
const TWO_PROFILES: &str = r#"
[window]
rolling = ["24h"]

[profiles.b]
owner = "o"

[profiles.d]
owner = "o"

[dimensions.gender]
ground = "sex"
groups = ["f", "m"]

[dimensions.origin]
ground = "race"
groups = ["x", "y"]

[[rules]]
name = "point"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
evidence = "point"
min_events = 1

[[rules]]
name = "sequential"
indicator = "selection_rate"
warning = 1.1
critical = 1.25
"#;

/// What an evaluation reads, without events.
struct Counted {
    plan: Plan,
    windows: Windows,
    cohorts: Cohorts,
    attributes: AttributeTable,
    sequences: Sequences,
    evaluator: Evaluator,
}

impl Counted {
    fn new() -> Self {
        let plan = Settings::parse(TWO_PROFILES, "test.toml", std::iter::empty()).unwrap().plan;
        let attributes = AttributeTable::new(&plan);
        Self {
            windows: Windows::new(plan.dimensions.len(), plan.window.history),
            cohorts: Cohorts::new(
                feeds(&plan),
                plan.window.allowed_lateness,
                (plan.window.cohort_max_age, plan.ledger.membership_horizon),
            ),
            sequences: Sequences::new(&plan, &attributes),
            evaluator: Evaluator::default(),
            attributes,
            plan,
        }
    }

    /// A case of a profile.
    fn case(&mut self, profile: &str) -> Contribution {
        let groups =
            [("gender", "f"), ("origin", "x")].map(|(name, group)| (name.into(), Membership::Group(group.into())));
        Contribution {
            profile: self.plan.profile_id(profile).unwrap(),
            channel: Channel::Profile,
            cohort: NOW,
            attributes: self.attributes.intern(&groups.to_vec(), &Vec::new(), None),
            handling: Handling::default(),
            counts: CaseCounts::assessed(),
        }
    }

    /// Returns how many tables are computed in one evaluation.
    fn computed(&mut self) -> u64 {
        let before = self.evaluator.computed();
        let scene = Scene {
            plan: &self.plan,
            windows: &self.windows,
            attributes: &self.attributes,
            cohorts: &self.cohorts,
            sequences: &self.sequences,
            populations: &Populations::default(),
            as_of: NOW,
            counted_to: NOW,
            now: NOW,
            stale: &[],
        };
        self.evaluator.evaluate(&scene);
        self.evaluator.computed() - before
    }
}

/// Tables of other profiles and dimensions are kept, whatever is missing elsewhere. What is missing anywhere may be missing in each.
#[test]
fn a_missing_or_late_case_has_no_table_computed_again_but_its_own() {
    let mut counted = Counted::new();
    assert_eq!((counted.computed(), counted.computed()), (8, 0));
    let (case, of_b) = (counted.case("d"), counted.case("b"));
    let origin = counted.plan.dimension_id("origin").unwrap();

    counted.windows.missing.count(Cause::Released, &case, (origin, Slot::NONE));
    assert_eq!((counted.computed(), counted.computed()), (2, 0), "one dimension of one profile, by two rules");
    let random = Contribution { channel: Channel::Random, ..case };
    counted.windows.missing.count(Cause::Conflict, &random, (origin, Slot::NONE));
    assert_eq!(counted.computed(), 0, "no rule reads this channel");
    counted.windows.missing.count_everywhere(Cause::Dropped, &of_b, &counted.attributes);
    assert_eq!((counted.computed(), counted.computed()), (4, 0), "one profile");
    counted.windows.missing.count_anywhere(Cause::Dropped, NOW, 1);
    assert_eq!((counted.computed(), counted.computed()), (8, 0), "nothing is known of it");

    let change =
        CaseChange { before: CaseFacts::default(), after: CaseFacts { home: Some(case), ..CaseFacts::default() } };
    counted.windows.apply(&change, &counted.attributes);
    assert_eq!((counted.computed(), counted.computed()), (4, 0), "its cells");
    for more in [true, false] {
        counted.cohorts.count_case_missing(&mut counted.windows, &change, more, &counted.attributes);
        assert_eq!((counted.computed(), counted.computed()), (4, 0), "its cells, where evidence misses it: {more}");
    }
}
