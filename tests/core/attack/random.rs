//! Random streams: large groups and small cells at every stage, told as counts, and single cases for what counts cannot say.

use std::fmt::Write as _;

use serde_json::json;

use super::singles;
use super::stream::{CHANNELS, Chance, Fact, Ground, HOUR_MS, START_MS, Step, Stream};
use super::table::{ATOMS, Atoms};

/// Combinations of groups of all grounds, at most: each has an event in every batch.
const MAX_COMBINATIONS: usize = 48;
/// Numbers below this are drawn case by case.
const FEW: f64 = 40.0;
/// A small cell has fewer cases than this.
const SMALL: u64 = 31;
/// Rules about the same indicator, at most: more than these are refused.
const RULES_PER_SERIES: usize = 4;

/// The rules that streams choose from, without name and evidence.
const RULES: [&str; 14] = [
    "indicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n",
    "indicator = \"control_frequency\"\nreference = \"FIRST\"\nwarning = 1.1\ncritical = 1.25\n",
    "indicator = \"selection_rate\"\nstratify_by = \"risk_class\"\nwarning = 1.1\ncritical = 1.25\n",
    "indicator = \"hit_rate\"\nwindows = [\"7d\", \"30d\"]\nwarning = 0.9\ncritical = 0.8\n",
    "indicator = \"selection_rate\"\nreference = \"overall\"\n",
    "indicator = \"control_frequency\"\nmeasure = \"difference\"\nwarning = 0.01\ncritical = 0.1\n",
    "indicator = \"control_frequency\"\nreference = \"random\"\nwarning = 1.1\ncritical = 1.25\n",
    "indicator = \"selection_rate\"\nreference = \"lowest\"\nwarning = 1.2\ncritical = 1.5\n",
    "indicator = \"unfounded_rate\"\nwarning = 1.1\ncritical = 1.25\n",
    "indicator = \"follow_through\"\nwarning = 1.1\ncritical = 1.25\n",
    "indicator = \"outcome_coverage\"\nwarning = 0.9\ncritical = 0.8\n",
    "indicator = \"duration\"\nwarning = 1.1\ncritical = 1.25\n",
    "indicator = \"complaint_rate\"\nwarning = 1.1\ncritical = 1.25\n",
    "indicator = \"intensity\"\nwarning = 1.1\ncritical = 1.25\n",
];

/// The stream of a seed.
pub fn random(seed: u64) -> Stream {
    let mut chance = Chance(seed.wrapping_mul(0x2545_F491_4F6C_DD1D));
    let profiles: Vec<String> = (0..1 + chance.weighted(&[3, 1])).map(|number| format!("profile{number}")).collect();
    let grounds = grounds(&mut chance);
    let crossed = grounds.len() > 1 && chance.percent(20);
    let channels: &[&str] = if chance.percent(25) { &CHANNELS } else { &CHANNELS[..1] };
    let config = config(&profiles, &grounds, (crossed, channels), &mut chance);
    let mut stream = Stream { config, profiles, grounds, crossed, cases: Vec::new(), steps: Vec::new() };
    let days = 3 + chance.below(9);
    let releases = releases(days, &mut chance);
    for profile in 0..stream.profiles.len() {
        let people = People::of(&stream, profile, &mut chance);
        people.arrive(&mut stream, (days, &releases, channels), &mut chance);
    }
    singles::add(&mut stream, days, &mut chance);
    stream.steps.extend(releases.into_iter().map(|at_ms| Step::Release { at_ms }));
    stream.sort();
    stream
}

fn grounds(chance: &mut Chance) -> Vec<Ground> {
    let count = 1 + chance.weighted(&[2, 4, 2]);
    let most = [6, 5, 3][count - 1];
    let grounds: Vec<Ground> = (0..count).map(|number| ground(number, most, chance)).collect();
    assert!(grounds.iter().map(|ground| ground.groups.len()).product::<usize>() <= MAX_COMBINATIONS);
    grounds
}

fn ground(number: usize, most: u64, chance: &mut Chance) -> Ground {
    let count = 2 + chance.below(most - 1);
    let mut groups: Vec<String> = (0..count).map(|group| format!("g{number}{group}")).collect();
    if chance.percent(30) {
        groups.pop();
        groups.push("other".to_owned());
    }
    // Some groups are rare.
    let mut weights: Vec<u64> =
        groups.iter().map(|_| [2, 20, 100, 300, 600][chance.weighted(&[1, 1, 2, 3, 3])]).collect();
    weights[chance.below(count) as usize] = 1_000;
    Ground { name: format!("ground{number}"), groups, weights }
}

fn config(
    profiles: &[String],
    grounds: &[Ground],
    (crossed, channels): (bool, &[&str]),
    chance: &mut Chance,
) -> String {
    let mut text =
        "[window]\nrolling = [\"24h\", \"7d\", \"30d\"]\nallowed_lateness = \"10m\"\ncohort_max_age = \"36h\"\n"
            .to_owned();
    for profile in profiles {
        write!(text, "[profiles.{profile}]\nowner = \"o\"\n").unwrap();
    }
    for ground in grounds {
        write!(text, "[dimensions.{}]\nground = \"race\"\ngroups = {:?}\n", ground.name, ground.groups).unwrap();
    }
    if crossed {
        let names: Vec<&str> = grounds.iter().take(2).map(|ground| ground.name.as_str()).collect();
        write!(text, "[dimensions.\"{}\"]\ncrosses = {names:?}\n", names.join("*")).unwrap();
    }
    for (number, rule) in rules(channels, chance).into_iter().enumerate() {
        let evidence = ["interval", "sequential", "point"][chance.weighted(&[3, 2, 1])];
        let evidence = if rule.contains("overall") { "point" } else { evidence };
        let channels = if rule.contains("random") { &channels[..1] } else { channels };
        let dimensions = if rule.contains("FIRST") { format!("[{:?}]", grounds[0].name) } else { "[\"*\"]".to_owned() };
        let rule = rule.replace("FIRST", &grounds[0].groups[0]);
        write!(
            text,
            "[[rules]]\nname = \"{evidence}{number}\"\nchannels = {channels:?}\ndimensions = {dimensions}\nevidence = \"{evidence}\"\n{rule}"
        )
        .unwrap();
    }
    text
}

/// The first shows the funnel of every place.
fn rules(channels: &[&str], chance: &mut Chance) -> Vec<&'static str> {
    let mut rules = vec![RULES[0]];
    for _ in 0..1 + chance.below(6) {
        let rule = RULES[chance.below(RULES.len() as u64) as usize];
        let indicator = rule.lines().next();
        let alike = rules.iter().filter(|other| other.lines().next() == indicator).count();
        if rule.contains("random") && channels.len() == 1 {
            continue;
        }
        if alike < RULES_PER_SERIES && rules.iter().filter(|other| **other == rule).count() < 2 {
            rules.push(rule);
        }
    }
    rules
}

fn releases(days: u64, chance: &mut Chance) -> Vec<i64> {
    let last = days as i64 * 24;
    let count = 3 + chance.below(4) as i64;
    let step = [1, 3, 24][chance.weighted(&[1, 1, 3])];
    // Half a minute before the hour: what is known until then is in the windows that end there.
    let mut releases: Vec<i64> = (0..count)
        .map(|back| START_MS + (last - back * step) * HOUR_MS - 30_000)
        .filter(|at_ms| *at_ms > START_MS)
        .collect();
    releases.reverse();
    releases
}

/// How many of whom there are, and what becomes of them.
struct People {
    profile: usize,
    channel: usize,
    classes: bool,
    /// Cases of a batch of full size, by combination of groups and by atom.
    means: Vec<(Vec<usize>, [f64; ATOMS])>,
}

impl People {
    fn of(stream: &Stream, profile: usize, chance: &mut Chance) -> Self {
        let all = [10_000.0, 40_000.0, 200_000.0][chance.weighted(&[2, 4, 2])] * (1.0 + chance.share());
        let selected = [0.05, 0.15, 0.4][chance.weighted(&[2, 3, 2])] * (0.7 + 0.6 * chance.share());
        let (controlled, concluded, hit) =
            (0.6 + 0.4 * chance.share(), 0.6 + 0.4 * chance.share(), 0.1 + 0.5 * chance.share());
        let reached = [1.0, selected, selected * controlled, selected * controlled * concluded];
        let rates = [
            1.0 - reached[1],
            reached[1] - reached[2],
            reached[2] - reached[3],
            reached[3] * (1.0 - hit),
            reached[3] * hit,
        ];
        let mut means = vec![(Vec::new(), rates.map(|rate| rate * all))];
        for ground in &stream.grounds {
            means = with_ground(ground, &means, chance);
        }
        Self { profile, channel: 0, classes: chance.percent(30), means }
    }

    /// Nearly all in one batch; some of them every day; few before each release, and at times many.
    fn arrive(mut self, stream: &mut Stream, (days, releases, channels): (u64, &[i64], &[&str]), chance: &mut Chance) {
        self.batch(stream, chance.below(days * 24 - 24) as i64, 1.0, chance);
        for day in 0..days {
            let share = [0.0, 0.01, 0.1, 0.4][chance.weighted(&[1, 1, 3, 3])];
            self.batch(stream, (day * 24 + chance.below(24)) as i64, share, chance);
        }
        let all: f64 = self.means.iter().flat_map(|(_, means)| means).sum();
        for at_ms in releases {
            let hour = (at_ms - START_MS) / HOUR_MS - chance.below(2) as i64;
            let share = [0.0, 8.0 / all, 40.0 / all, 0.2][chance.weighted(&[2, 4, 3, 1])];
            self.batch(stream, hour.max(0), share, chance);
        }
        if channels.len() > 1 {
            self.channel = 1;
            // At random everybody is picked.
            self.means.iter_mut().for_each(|(_, means)| means[0] = 0.0);
            self.batch(stream, chance.below(days * 24 - 24) as i64, 0.3, chance);
        }
    }

    fn batch(&self, stream: &mut Stream, hour: i64, share: f64, chance: &mut Chance) {
        for (cells, means) in &self.means {
            let atoms: Atoms = means.map(|mean| chance.about(mean * share));
            let parts = if self.classes {
                let high = atoms.map(|cases| chance.about(cases as f64 / 4.0).min(cases));
                let low = std::array::from_fn(|atom| atoms[atom] - high[atom]);
                vec![(Some("high"), high), (Some("low"), low)]
            } else {
                vec![(None, atoms)]
            };
            for (class, atoms) in parts.into_iter().filter(|(_, atoms)| atoms.iter().sum::<u64>() > 0) {
                self.tally(stream, (hour, class), cells, atoms);
            }
        }
    }

    fn tally(&self, stream: &mut Stream, (hour, class): (i64, Option<&str>), cells: &[usize], atoms: Atoms) {
        let of = |from: usize| atoms[from..].iter().sum::<u64>();
        let names = stream.grounds.iter().zip(cells);
        let groups: serde_json::Map<_, _> =
            names.map(|(ground, group)| (ground.name.clone(), json!(ground.groups[*group]))).collect();
        let mut data = json!({
            "profile": stream.profiles[self.profile], "channel": CHANNELS[self.channel], "groups": groups,
            "counts": { "assessed": of(0), "selected": of(1), "controlled": of(2), "concluded": of(3), "hits": of(4) },
        });
        if let Some(class) = class {
            data["strata"] = json!({ "risk_class": class });
        }
        let at = START_MS + hour * HOUR_MS + 1_000;
        let fact = Fact::Tally { cells: cells.to_vec(), profile: self.profile, channel: self.channel, atoms };
        stream.push((at, at), "tally", &data, fact);
    }
}

/// Splits everybody by one more ground. Some groups differ in what becomes of them, and some of their atoms are small.
fn with_ground(
    ground: &Ground,
    means: &[(Vec<usize>, [f64; ATOMS])],
    chance: &mut Chance,
) -> Vec<(Vec<usize>, [f64; ATOMS])> {
    let weights: u64 = ground.weights.iter().sum();
    let mut split = Vec::new();
    for (group, weight) in ground.weights.iter().enumerate() {
        let share = *weight as f64 / weights as f64;
        let factors: [f64; ATOMS] = std::array::from_fn(|atom| {
            let expected: f64 = means.iter().map(|(_, means)| means[atom] * share).sum();
            let few = chance.below(SMALL) as f64;
            let usual = 0.6 + 0.8 * chance.share();
            if chance.percent(if *weight < 1_000 { 10 } else { 1 }) {
                (few / expected.max(1.0)).min(1.0)
            } else {
                usual
            }
        });
        for (cells, means) in means {
            let cells = cells.iter().copied().chain([group]).collect();
            split.push((cells, std::array::from_fn(|atom| means[atom] * share * factors[atom])));
        }
    }
    split
}

impl Chance {
    /// Between 0 and 1.
    fn share(&mut self) -> f64 {
        self.below(1_000_001) as f64 / 1e6
    }

    /// A number of cases of which there are so many on average.
    fn about(&mut self, mean: f64) -> u64 {
        if mean < FEW {
            let tries = (mean * 4.0).ceil();
            return (0..tries as u64).filter(|_| self.share() * tries < mean).count() as u64;
        }
        let sum: f64 = (0..12).map(|_| self.share()).sum();
        (mean + (sum - 6.0) * mean.sqrt()).round().max(0.0) as u64
    }
}
