//! A first configuration, from samples: for `init`. What nobody can read from records is left open, above all thresholds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::draft::{Draft, Source};
use super::examine::Look;
use super::quoted::quoted;
use super::schemas;
use super::told;
use super::vocabulary::ground;
use crate::plan::{Plan, Span};
use crate::settings::OPEN;
use crate::source::sample::Sample;

/// Groups of a dimension below which there is nothing to compare.
const LEAST_GROUPS: usize = 2;

/// How the topics were read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connection<'c> {
    /// The text of the section `[kafka]`, without the topics; `None` where files alone were read.
    pub kafka: Option<&'c str>,
    /// The text of the section `[registry]`; `None` where there is none.
    pub registry: Option<&'c str>,
}

/// Writes a configuration.
#[must_use]
pub fn starter(samples: &[Sample], plan: &Plan, connection: Connection<'_>) -> String {
    let mut found = Found::default();
    for (number, sample) in samples.iter().enumerate() {
        found.take(sample, number, plan);
    }
    let topics: Vec<String> =
        samples.iter().filter(|sample| !sample.is_file).map(|sample| quoted(&sample.name)).collect();
    let mut text = head(samples);
    match connection.kafka {
        Some(kafka) => {
            let _ = writeln!(text, "[kafka]\n{kafka}topics = [{}]", topics.join(", "));
            text += "measure_topics = []                      # measures are taken from these of `topics` alone\n";
        }
        None => {
            text += "# [kafka]                              # only `run` needs this section\n# brokers = \"localhost:9092\"\n# topics = []\n"
        }
    }
    text += &registry(samples, connection.registry);
    text += &found.window(plan);
    found.drafts.iter().for_each(|draft| {
        let _ = write!(text, "\n{}", draft.text);
    });
    text += &found.profiles();
    text += &found.dimensions();
    text += &found.rules();
    text
}

/// The section `[registry]` where records need it, and what keeps records from being read.
fn registry(samples: &[Sample], section: Option<&str>) -> String {
    let mut text = String::new();
    if let Some(section) = section.filter(|_| samples.iter().any(Sample::is_framed)) {
        let _ = write!(text, "\n[registry]\n{section}");
    }
    for sample in samples {
        for remark in schemas::remarks(sample) {
            let _ = writeln!(text, "\n# open: {}: {remark}", sample.name);
        }
    }
    text
}

fn head(samples: &[Sample]) -> String {
    let names: Vec<&str> = samples.iter().map(|sample| sample.name.as_str()).collect();
    format!(
        "# A first configuration, written by `paritywatch init` from {} records of {}.\n\
         # `paritywatch check-config FILE` says what is still open, line by line; `paritywatch run` refuses it until then.\n\
         # Every key, with its default: config/example.toml. What comes next: docs/first-hour.md.\n\n",
        samples.iter().map(|sample| sample.records.len()).sum::<usize>(),
        quoted(&names.join(", "))
    )
}

/// What was found in all samples.
#[derive(Default)]
struct Found {
    drafts: Vec<Draft>,
    profiles: BTreeSet<String>,
    dimensions: BTreeMap<String, BTreeSet<String>>,
    has_controls: bool,
    has_outcomes: bool,
    fits: Option<Span>,
}

impl Found {
    fn take(&mut self, sample: &Sample, number: usize, plan: &Plan) {
        let look = Look::of(sample, plan, &[]);
        let disclosure = &plan.disclosure;
        let contract = &look.contract;
        let any = |_: &str| true;
        let names = |by_name| told::names(by_name, disclosure, any, told::is_group).names.into_iter().map(|of| of.name);
        self.profiles.extend(names(&contract.profiles));
        for dimension in names(&contract.dimensions) {
            let groups =
                contract.groups.get(&dimension).map(|of| names(of).filter(|name| is_group(name)).collect::<Vec<_>>());
            self.dimensions.entry(dimension).or_default().extend(groups.unwrap_or_default());
        }
        self.has_controls |= contract.types.contains_key("control");
        self.has_outcomes |= contract.types.contains_key("outcome");
        self.fits = self.fits.max(contract.order.fits());
        let name = slug(&sample.name, number);
        let draft = Draft::of(&Source { sample, strangers: &look.strangers, disclosure, name: &name });
        if let Some(draft) = draft {
            self.profiles.extend(draft.profiles.iter().cloned());
            for (dimension, groups) in &draft.dimensions {
                self.dimensions.entry(dimension.clone()).or_default().extend(groups.iter().cloned());
            }
            self.has_controls |= draft.event_type == Some("control");
            self.has_outcomes |= draft.event_type == Some("outcome");
            self.drafts.push(draft);
        } else if sample.is_framed() && !contract.types.is_empty() {
            self.drafts.push(Draft::of_format(sample, &name));
        }
    }

    /// The lateness, where the default is too short.
    fn window(&self, plan: &Plan) -> String {
        match self.fits.filter(|fits| *fits > plan.window.allowed_lateness) {
            Some(fits) => {
                let hours = fits.0.div_euclid(Span::HOUR.0);
                format!(
                    "\n[window]\nallowed_lateness = \"{hours}h\"                # all but one in a hundred events of the sample come within it\n"
                )
            }
            None => String::new(),
        }
    }

    fn profiles(&self) -> String {
        let mut text =
            "\n# The allow-list of profiles: events of others are counted, and judged by no rule.\n".to_owned();
        if self.profiles.is_empty() {
            text += "# [profiles.NAME]                      # open: the sample names no profile often enough\n# owner = \"\"\n";
        }
        for name in &self.profiles {
            let _ = writeln!(
                text,
                "[profiles.{}]\ntitle = {}\npurpose = \"\"                             # what it is for, in a sentence: reports tell it\nowner = \"\"                               # who receives its alerts",
                quoted(name),
                quoted(name)
            );
        }
        text
    }

    fn dimensions(&self) -> String {
        let mut text = "\n# The allow-list of dimensions and groups, as far as enough cases have them. Rare groups are not among them: add them, or list \"other\".\n".to_owned();
        if self.dimensions.is_empty() {
            text += "# [dimensions.NAME]                    # open: the sample names no dimension often enough\n# ground = \"race\"\n# groups = [\"a\", \"b\"]\n";
        }
        for (name, groups) in &self.dimensions {
            let told = ground(name).unwrap_or(OPEN);
            let groups: Vec<String> = groups.iter().map(|group| quoted(group)).collect();
            // A list without groups is refused, with its line: that is how it is seen to be open.
            let remark = if groups.len() < LEAST_GROUPS { "  # open: the sample shows too few" } else { "" };
            let _ = writeln!(
                text,
                "[dimensions.{}]\nground = {}                           # race, nationality, sex, age, disability, religion ... or proxy\ngroups = [{}]{remark}",
                quoted(name),
                quoted(told),
                groups.join(", ")
            );
        }
        text
    }

    fn rules(&self) -> String {
        let mut text = "\n# Rules. A threshold is yours: decide on it with its owner, write down why, and do so before you have seen results. docs/rules.md says what\n\
             # each indicator means; `paritywatch power` says how many cases a threshold takes. A duty beyond disparity (a random sample, a human who\n\
             # decides, complaints ...) has a kind of rule of its own: config/duties.toml.\n"
            .to_owned();
        for (number, (name, groups)) in self.dimensions.iter().enumerate() {
            if groups.len() < LEAST_GROUPS {
                continue;
            }
            let dimension = (name.as_str(), slug(name, number));
            rule(&mut text, &dimension, ("selection", "selection_rate", "such as 1.1"));
            if self.has_controls {
                rule(&mut text, &dimension, ("control-frequency", "control_frequency", "such as 1.1"));
            }
            if self.has_outcomes {
                rule(&mut text, &dimension, ("hit-rate", "hit_rate", "below 1, such as 0.9: low is the harm"));
            }
        }
        text
    }
}

fn rule(text: &mut String, (dimension, slug): &(&str, String), (name, indicator, example): (&str, &str, &str)) {
    let _ = writeln!(
        text,
        "\n[[rules]]\nname = {}\nindicator = {indicator:?}\ndimensions = [{}]\nreference = \"rest\"                       # rest | lowest | random | overall | a group\nwarning = {OPEN:?}                         # a ratio {example}\ncritical = {OPEN:?}                        # further from 1 than the warning\naction = \"\"                              # what the owner is asked to do",
        quoted(&format!("{name}-by-{slug}")),
        quoted(dimension),
    );
}

/// Whether a value can be listed as a group.
fn is_group(name: &str) -> bool {
    let missing = crate::plan::Dimension::MISSING_VALUES;
    let words = crate::plan::Reference::WORDS;
    !missing.contains(&name.to_lowercase().as_str()) && !words.iter().any(|word| word.name() == name)
}

/// A name of small letters, digits and hyphens.
fn slug(name: &str, number: usize) -> String {
    const MOST: usize = 40;
    let name = name.rsplit('/').next().unwrap_or_default();
    let mut slug = String::new();
    for letter in name.chars() {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug: String = slug.chars().take(MOST).collect();
    let slug = slug.trim_matches('-');
    if slug.is_empty() { format!("input-{}", number + 1) } else { slug.to_owned() }
}
