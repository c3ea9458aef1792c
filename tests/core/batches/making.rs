//! What a selection says of its own making changes from event to event, in every way of writing, while plans that read it come and go.

use super::pair::{Given, PARTITIONS, Pair, Random};
use super::stream::{BASE, START, STYLES, Style, write};
use super::{NOW, Seen, each_seed};
use crate::support::effort::attempts;

use paritywatch::monitor::{Clock, Handled};
use paritywatch::plan::{Plan, Span};
use paritywatch::settings::Settings;

const READ: [&[&str]; 5] = [
    &["profile_version", "decided_by", "criterion:age", "criterion:postcode", "criteria:unlisted"],
    &[],
    &["profile_version"],
    &["criteria:unlisted", "criterion:zip"],
    &["decided_by", "office"],
];

fn plans() -> Vec<Plan> {
    let rule = |stratum: &&str| {
        let evidence = if stratum.starts_with("crit") { "point" } else { "sequential" };
        let name = stratum.replace([':', '_'], "-");
        let limits = "indicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25";
        format!("[[rules]]\nname = \"{name}\"\n{limits}\nevidence = \"{evidence}\"\nstratify_by = \"{stratum}\"\n")
    };
    READ.iter()
        .zip(0..)
        .map(|(strata, index)| {
            let rules: String = strata.iter().map(rule).collect();
            let text = format!("{BASE}[profiles.a]\nowner = \"o\"\n{rules}");
            let settings = Settings::parse(&text, "making.toml", std::iter::empty());
            let mut plan = settings.unwrap_or_else(|error| panic!("{error}\n{text}")).plan;
            plan.counts_everyone = index != 1;
            plan
        })
        .collect()
}

fn fresh(random: &mut Random, number: usize, style: Style) -> Given {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let kind = ["selection", "selection", "selection", "selection", "attributes", "control"][random.below(6)];
    let case = if kind == "selection" && !random.one_in(12) { number } else { number - random.below(40.min(number)) };
    let minutes = i64::try_from(number / 8).unwrap();
    let time = jiff::Timestamp::from_millisecond(START.plus(Span::MINUTE.times(minutes)).0).unwrap().to_string();
    let envelope = vec![
        field("specversion", "\"1.0\""),
        field("type", &format!("\"paritywatch.{kind}.v1\"")),
        field("source", "\"/s\""),
        field("id", &format!("\"e{number:06}\"")),
        field("time", &format!("\"{time}\"")),
    ];
    let mut data = vec![field("case_id", &format!("\"c{case:06}\""))];
    let group =
        random.of(&["{\"origin\":\"x\"}", "{\"origin\":\"y\",\"gender\":\"f\"}", "{}", "{\"origin\":{\"x\":0.5}}"]);
    data.push(field("groups", group));
    if kind == "selection" {
        data.push(field("profile", "\"a\""));
        data.push(field("selected", random.of(&["true", "false"])));
        let mut maybe = |name: &str, values: &[&str]| {
            let value = random.of(values);
            if !value.is_empty() {
                data.push(field(name, value));
            }
        };
        maybe("profile_version", &["\"v1\"", "\"v1\"", "\"v2\"", "", "null", "\"unknown\"", "\"\"", "3"]);
        maybe("decided_by", &["\"human\"", "\"automated\"", "", "null"]);
        maybe(
            "criteria",
            &[
                "",
                "null",
                "[]",
                "[\"age\"]",
                "[\"age\",\"zip\"]",
                "[\"zip\", {\"name\":\"postcode\",\"value\":\"1012\"}]",
                "[{\"value\":\"1013\",\"name\":\"postcode\"},\"age\"]",
                "[{\"name\":\"age\",\"value\":null}]",
                "[\"age\",{\"name\":\"age\"}]",
                "[{\"value\":\"1\"}]",
            ],
        );
        maybe(
            "strata",
            &[
                "",
                "",
                "{}",
                "{\"decided_by\":\"human\"}",
                "{\"criterion:age\":\"old\",\"office\":\"o1\"}",
                "{\"profile_version\":\"v9\"}",
            ],
        );
        if random.one_in(10) {
            data.push(field("revises", &format!("\"e{:06}\"", number - random.below(30.min(number)))));
        }
    }
    let mut given = write(style, envelope, data, random);
    given.partition = u32::try_from(case % PARTITIONS as usize).unwrap();
    given
}

#[test]
fn what_a_selection_says_of_its_making_is_that_of_each_record() {
    let seen = each_seed(attempts(12), |seed| {
        let plans = plans();
        let mut random = Random::new(seed);
        let styles: Vec<Style> = (0..1 + random.below(2)).map(|_| STYLES[random.below(STYLES.len())]).collect();
        let clock = if seed % 2 == 0 { Clock::Wall } else { Clock::Event { as_of: None } };
        let mut pair = Pair::new(&plans[usize::try_from(seed).unwrap() % plans.len()], clock, NOW);
        let (mut number, mut seen, mut sent) = (0, Seen::new(), Vec::<Given>::new());
        for round in 0..6 {
            let mut records = Vec::new();
            for _ in 0..400 {
                number += 1;
                let again = sent.len() > 10 && random.one_in(15);
                let given = if again {
                    sent[random.below(sent.len())].clone()
                } else {
                    fresh(&mut random, number, styles[number % styles.len()])
                };
                sent.push(given.clone());
                records.push(given);
            }
            let mut sizes = random.clone();
            for handled in pair.feed(&records, NOW, &mut || sizes.batch_size()) {
                *seen.entry(super::name(&handled)).or_default() += 1;
                assert!(!matches!(handled, Handled::Mismatched(_)), "{handled:?}");
            }
            pair.compare();
            match round % 3 {
                0 => pair.restart(NOW),
                1 => pair.change_plan(&plans[random.below(plans.len())]),
                _ => {}
            }
        }
        pair.both(paritywatch::monitor::Monitor::finish);
        pair.compare();
        seen
    });
    for result in ["Accepted", "Duplicate", "Rejected"] {
        assert!(seen.get(result).is_some_and(|count| *count > 100), "{result} hardly came: {seen:?}");
    }
}
