//! A state of the daemon for the tests of the status page, with what the other one has not: values, mixes of kinds, intersections, complaints and measures.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::settings::Settings;
use serde_json::{Value, json};

use super::page::{HOSTILE_GROUP, HOSTILE_TEXT, START, Served, serve};

const PROFILE: &str = "toezicht-met-een-lange-naam";

/// Values, a mix, intersections, complaints and measures; ready.
pub fn handled() -> Served {
    serve(&handled_monitor(), |snapshot| snapshot.source.caught_up = true)
}

/// See [`handled`].
pub fn handled_monitor() -> Monitor {
    let settings = Settings::parse(&configuration(), "page.toml", std::iter::empty());
    let plan = settings.unwrap_or_else(|error| panic!("{error}")).plan;
    let mut feed = Feed { monitor: Monitor::new(plan, PseudonymKey([1; 16]), Clock::Wall), now: START, number: 0 };
    feed.monitor.add_partition(PartitionIndex(0), START);
    let groups = [("dutch", 240, 1), ("european", 120, 2), (HOSTILE_GROUP, 120, 3)];
    for (origin, cases, strictness) in groups {
        (0..cases).for_each(|case| feed.control(origin, case, strictness));
    }
    for (origin, complaints) in [("dutch", 24), ("european", 24), (HOSTILE_GROUP, 44)] {
        (0..complaints).for_each(|_| feed.complaint(origin));
    }
    feed.tick(5);
    feed.measures();
    feed.tick(6);
    // It has grown since it was accepted.
    (0..120).for_each(|case| feed.control("european", 1_000 + case, 4));
    feed.tick(7);
    feed.monitor
}

struct Feed {
    monitor: Monitor,
    now: EventTime,
    number: u64,
}

impl Feed {
    fn tick(&mut self, minute: i64) {
        self.now = START.plus(Span::MINUTE.times(minute));
        self.monitor.handle_tick(self.now);
    }

    fn control(&mut self, origin: &str, case: u64, strictness: u64) {
        let kind = if case % 4 < strictness { "home_visit" } else { "letter, or a talk at the desk" };
        let data = json!({
            "case_id": format!("{origin}-{case}"), "profile": PROFILE, "performed": true, "kind": kind,
            "intensity": (2 * strictness + case % 3).min(10), "duration_minutes": 30 * strictness + case % 40,
            "groups": { "origin": origin, "gender": if case.is_multiple_of(2) { "woman" } else { "man" } },
        });
        self.send("control", &data);
    }

    fn complaint(&mut self, origin: &str) {
        self.send("complaint", &json!({ "profile": PROFILE, "ground": "race", "groups": { "origin": origin } }));
    }

    /// One that holds, one that was replaced, one that does not hold for long, one about the profile and one that is misspelt.
    fn measures(&mut self) {
        let of = |rule: &str, group: &str, measure: &str, more: Value| {
            let mut data = json!({
                "profile": PROFILE, "rule": rule, "dimension": "origin", "group": group, "measure": measure,
                "reason": HOSTILE_TEXT, "by": "directeur van een afdeling met een lange naam",
            });
            data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            data
        };
        let measures = [
            of("duration", HOSTILE_GROUP, "accepted", json!({ "reason": "first" })),
            of("duration", HOSTILE_GROUP, "accepted", json!({ "accepted_ratio": 9, "until": "2027-01-01T00:00:00Z" })),
            of("duration", HOSTILE_GROUP, "adjusted", json!({})),
            of("duration", "european", "accepted", json!({})),
            of("duratoin", "european", "adjusted", json!({})),
        ];
        measures.iter().for_each(|measure| self.send("measure", measure));
        self.send(
            "measure",
            &json!({ "profile": PROFILE, "measure": "suspended", "reason": "while it is looked at", "by": "owner" }),
        );
    }

    fn send(&mut self, kind: &str, data: &Value) {
        self.number += 1;
        // Later ones are later: the order of measures is that of their time.
        let time = self.now.plus(Span(i64::try_from(self.number).unwrap()));
        let event = json!({
            "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/page", "id": self.number.to_string(),
            "time": jiff::Timestamp::from_millisecond(time.0).unwrap().to_string(), "data": data,
        });
        let payload = event.to_string();
        let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: Some(time) };
        assert_eq!(self.monitor.handle_record(PartitionIndex(0), &record, self.now), Handled::Accepted, "{event}");
    }
}

fn configuration() -> String {
    let groups = ["dutch", "european", HOSTILE_GROUP];
    let mut config = format!(
        "[privacy]\nmin_cell = 0\nreason = \"test\"\n[window]\nrolling = [\"30d\"]\nmax_ahead = \"1h\"\n\
         [profiles.{PROFILE}]\nowner = \"compliance-oncall@example.org\"\n\
         [dimensions.origin]\nground = \"race\"\ngroups = {groups:?}\n\
         [dimensions.gender]\nground = \"sex\"\ngroups = [\"woman\", \"man\"]\n\
         [dimensions.\"origin*gender\"]\ncrosses = [\"origin\", \"gender\"]\n"
    );
    let judged =
        "warning = 1.1\ncritical = 1.25\nevidence = \"interval\"\nreference = \"dutch\"\ndimensions = [\"origin\"]\n";
    for (indicator, more) in [
        ("duration", judged),
        ("intensity", judged),
        ("strict_rate", "warning = 1.1\ncritical = 1.25\nevidence = \"interval\"\nstrict_kinds = [\"home_visit\"]\n"),
    ] {
        let name = indicator.replace('_', "-");
        config.push_str(&format!("[[rules]]\nname = \"{name}\"\nindicator = \"{indicator}\"\n{more}\n"));
    }
    config.push_str("[[rules]]\nname = \"kinds\"\nindicator = \"strict_rate\"\nreference = \"overall\"\nevidence = \"point\"\ndimensions = [\"origin\"]\n");
    config.push_str(
        "[[rules]]\nname = \"complaints\"\nkind = \"complaints\"\ngrounds = [\"race\"]\ndimensions = [\"origin\"]\n",
    );
    config
}
