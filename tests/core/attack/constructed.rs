//! Small streams in which exactly one defence matters.

use serde_json::json;

use super::stream::{CHANNELS, Case, Fact, Ground, HOUR_MS, START_MS, Step, Stream};
use super::table::ATOMS;

const RULE: &str = "[[rules]]\nname = \"selection\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\nevidence = \"interval\"\n";

/// So many events at about one time move it.
const COMPLAINTS: i64 = 20;

/// Counts of the cases of two groups of one ground (first place) by those of another (second).
type Split = [(usize, usize, u64)];

/// Of every kind but the first, enough of everybody that nothing of it is hidden.
const ENOUGH: &Split = &[(0, 0, 60), (0, 1, 40), (1, 1, 30)];

fn empty(crossed: bool) -> Stream {
    let ground = |name: &str, groups: [&str; 2]| Ground {
        name: name.to_owned(),
        groups: groups.map(str::to_owned).to_vec(),
        weights: vec![1, 1],
    };
    let grounds = vec![ground("origin", ["a", "c"]), ground("region", ["x", "y"])];
    let mut config =
        "[window]\nrolling = [\"24h\", \"7d\", \"30d\"]\nallowed_lateness = \"10m\"\n[profiles.p]\nowner = \"o\"\n"
            .to_owned();
    for ground in &grounds {
        config.push_str(&format!("[dimensions.{}]\nground = \"race\"\ngroups = {:?}\n", ground.name, ground.groups));
    }
    if crossed {
        config.push_str("[dimensions.\"origin*region\"]\ncrosses = [\"origin\", \"region\"]\n");
    }
    config.push_str(RULE);
    Stream { config, profiles: vec!["p".to_owned()], grounds, crossed, cases: Vec::new(), steps: Vec::new() }
}

impl Stream {
    /// Adds cases of an hour that become an atom of this kind.
    fn cases(&mut self, hour: i64, atom: usize, split: &Split) {
        for (one, other, count) in split {
            (0..*count).for_each(|_| self.case(hour, atom, [*one, *other]));
        }
    }

    fn case(&mut self, hour: i64, atom: usize, groups: [usize; 2]) {
        let case = self.cases.len();
        let id = format!("c{case}");
        let at = START_MS + hour * HOUR_MS + 60_000;
        let names: serde_json::Map<_, _> =
            self.grounds.iter().zip(groups).map(|(of, group)| (of.name.clone(), json!(of.groups[group]))).collect();
        self.cases.push(Case { profile: 0, channel: 0, groups: groups.map(Some).to_vec(), hour });
        let selection =
            json!({ "case_id": id, "profile": "p", "channel": CHANNELS[0], "selected": atom > 0, "groups": names });
        self.push((at, at), "selection", &selection, Fact::Case { case, atom: atom.min(1) });
        if atom > 1 {
            let control = json!({ "case_id": id, "control_id": id });
            self.push((at + 1, at + 1), "control", &control, Fact::Case { case, atom: 2 });
        }
        if atom > 2 {
            let outcome = json!({ "case_id": id, "control_id": id, "outcome": if atom == 3 { "no_violation" } else { "violation" } });
            self.push((at + 2, at + 2), "outcome", &outcome, Fact::Case { case, atom });
        }
    }

    fn enough(&mut self, hour: i64) {
        (1..ATOMS).for_each(|atom| self.cases(hour, atom, ENOUGH));
    }

    /// A release half a minute before an hour is over. Events without a case move time: no single one does.
    fn release(&mut self, hour: i64) {
        let at_ms = START_MS + (hour + 1) * HOUR_MS - 30_000;
        let complaint = json!({ "profile": "p", "status": "received" });
        for before in (1..=COMPLAINTS).rev() {
            self.push((at_ms - before, at_ms - before), "complaint", &complaint, Fact::Other);
        }
        self.steps.push(Step::Release { at_ms });
    }

    fn sorted(mut self) -> Self {
        self.sort();
        self
    }
}

/// One small group. Residues are such that rounded sums alone tell it: of x and y the least, of a the most that is possible.
pub fn one_small_group() -> Stream {
    let mut stream = empty(false);
    stream.enough(5);
    stream.cases(5, 0, &[(0, 0, 103), (0, 1, 99), (1, 1, 9)]);
    stream.release(5);
    stream.sorted()
}

/// Eleven cases of c before the shortest window, nine in it, and nobody else before it.
pub fn mostly_new() -> Stream {
    let mut stream = empty(false);
    stream.cases(1, 0, &[(1, 1, 11)]);
    stream.enough(40);
    stream.cases(40, 0, &[(0, 0, 101), (0, 1, 101), (1, 1, 9)]);
    stream.release(40);
    stream.sorted()
}

/// Eleven cases of c on one day and few on the next, beside as many of a as are easily added up.
pub fn few_a_day_later(cases: u64) -> Stream {
    let mut stream = empty(false);
    for (day, few) in [(0, 11), (1, cases)] {
        let hour = day * 36 + 12;
        stream.enough(hour);
        stream.cases(hour, 0, &[(0, 0, 100), (0, 1, 100), (1, 1, few)]);
        stream.release(hour);
    }
    stream.sorted()
}

/// Nine cases of c on each of seven days: of every day hidden, of the week shown.
pub fn nine_a_day() -> Stream {
    let mut stream = empty(false);
    for day in 0..7 {
        let hour = day * 24 + 12;
        stream.enough(hour);
        stream.cases(hour, 0, &[(0, 0, 60), (0, 1, 40), (1, 1, 9)]);
        stream.release(hour + 8);
    }
    stream.sorted()
}

/// Groups that grow by few from one hour to the next.
pub fn slow() -> Stream {
    let mut stream = empty(false);
    for hour in 0..6 {
        if hour == 0 {
            stream.enough(hour);
            stream.cases(hour, 0, &[(0, 0, 103), (0, 1, 99), (1, 1, 30)]);
        }
        stream.cases(hour, 0, &[(0, 0, 3), (1, 1, 2)]);
        stream.release(hour);
    }
    stream.sorted()
}

/// A small intersection of two large groups.
pub fn small_intersection() -> Stream {
    let mut stream = empty(true);
    (1..ATOMS).for_each(|atom| stream.cases(5, atom, &[(0, 0, 60), (0, 1, 40), (1, 0, 30), (1, 1, 30)]));
    stream.cases(5, 0, &[(0, 0, 140), (0, 1, 103), (1, 0, 33), (1, 1, 2)]);
    stream.release(5);
    stream.sorted()
}

/// Few of the strata of a small group, beside counts of the whole that are shown.
pub fn small_strata() -> Stream {
    let mut stream = empty(false);
    stream.config = stream
        .config
        .replace(RULE, &format!("{RULE}reference = \"a\"\ndimensions = [\"origin\"]\nstratify_by = \"risk_class\"\n"));
    for (group, class, selected, others) in
        [(0, "high", 8, 10), (0, "low", 12, 20), (1, "high", 3, 2), (1, "low", 12, 17)]
    {
        for number in 0..selected + others {
            stream.case(5, usize::from(number < selected), [group, group]);
            let Some(Step::Event { payload, .. }) = stream.steps.last_mut() else { unreachable!() };
            payload["data"]["risk_class"] = json!(class);
        }
    }
    stream.release(5);
    stream.sorted()
}

/// Cases of which no group is known, but that it is c with 8 of 10, or with 2.
pub fn probabilities() -> Stream {
    let mut stream = empty(false);
    stream.enough(5);
    stream.cases(5, 0, &[(0, 0, 100), (1, 1, 100)]);
    for number in 0..90 {
        let likely = if number < 37 { 0.8 } else { 0.2 };
        stream.case(5, usize::from(number % 2 == 0), [0, 0]);
        let Some(Step::Event { payload, .. }) = stream.steps.last_mut() else { unreachable!() };
        payload["data"]["groups"] = json!({ "origin": { "a": 1.0 - likely, "c": likely }, "region": "x" });
        stream.cases.last_mut().unwrap().groups[0] = None;
    }
    stream.release(5);
    stream.sorted()
}

/// The thresholds of four rules lie between all numbers from 2 to 9 that the selected of c could be.
pub fn bisected(selected: u64) -> Stream {
    let mut stream = empty(false);
    let rule = |number: usize| {
        let (warning, critical) = (1.5 + 2.0 * number as f64, 2.5 + 2.0 * number as f64);
        format!(
            "[[rules]]\nname = \"point{number}\"\nindicator = \"selection_rate\"\nreference = \"a\"\ndimensions = [\"origin\"]\nmin_events = 1\n\
             evidence = \"point\"\nwarning = {warning}\ncritical = {critical}\n"
        )
    };
    stream.config = stream.config.replace(RULE, &(0..4).map(rule).collect::<String>());
    stream.cases(5, 0, &[(0, 0, 14_940), (1, 1, 240)]);
    stream.cases(5, 1, &[(0, 0, 60), (1, 1, selected)]);
    stream.release(5);
    stream.sorted()
}

/// Hits that no group can take up, and that a small group has no neighbour for.
pub fn lost_in_a_closed_column() -> Stream {
    let mut stream = empty(false);
    stream.cases(5, 0, &[(0, 0, 300), (0, 1, 300), (1, 0, 100), (1, 1, 100)]);
    stream.cases(5, 1, ENOUGH);
    stream.cases(5, 2, &[(0, 0, 120), (0, 1, 120), (1, 0, 60), (1, 1, 60)]);
    stream.cases(5, 3, &[(0, 0, 100), (0, 1, 100), (1, 0, 15), (1, 1, 15)]);
    stream.cases(5, 4, &[(0, 0, 15), (0, 1, 15), (1, 0, 5), (1, 1, 4)]);
    stream.release(5);
    stream.sorted()
}

/// Looks every minute of an hour, with cases between them.
pub fn minutes() -> Stream {
    let mut stream = empty(false);
    stream.enough(5);
    stream.cases(5, 0, &[(0, 0, 100), (1, 1, 100)]);
    for _ in 0..3 {
        stream.cases(5, 0, &[(0, 0, 20)]);
    }
    stream.sort();
    // One each second, and a look at every twentieth.
    let events = std::mem::take(&mut stream.steps);
    for (number, mut step) in events.into_iter().enumerate() {
        let Step::Event { at_ms, payload, .. } = &mut step else { unreachable!() };
        *at_ms += 1_000 * number as i64;
        payload["time"] = super::stream::rfc3339(*at_ms).into();
        let at_ms = *at_ms;
        stream.steps.push(step);
        if number % 20 == 0 && number > 800 {
            stream.steps.push(Step::Release { at_ms });
        }
    }
    stream
}
