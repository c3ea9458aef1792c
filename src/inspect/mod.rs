//! A first look at topics and files, for `inspect` and `init`: what is in them, what maps, what does not and why, and what rules still need.
//!
//! All of it is a function of the samples and the plan. Nothing that a sample says of a case leaves: see [`document`].

mod contract;
pub mod document;
mod draft;
mod examine;
mod facts;
mod field_name;
mod foreign;
mod framing;
mod guess;
mod needs;
mod order;
mod quoted;
mod schemas;
mod shape;
pub mod starter;
mod table;
mod told;
mod tree;
mod unit;
mod values;
mod vocabulary;

use document::Document;
use facts::Facts;

use crate::mapping::Mapping;
use crate::plan::Plan;
use crate::source::sample::Sample;

/// Says what the samples hold, by the mappings of the configuration where there are any for them.
#[must_use]
pub fn inspect(samples: &[Sample], plan: &Plan, mappings: &[Mapping]) -> Document {
    let mut facts = Facts::default();
    let mut inputs = Vec::new();
    for sample in samples {
        let (found, of_sample) = examine::examine(sample, plan, mappings);
        facts.join(of_sample, examine::weight(sample));
        inputs.push(found);
    }
    let rules = needs::needs(plan, &facts);
    Document { schema: "paritywatch.inspect.v1", min_cell: plan.disclosure.min_cell, inputs, rules, open: Vec::new() }
}

impl Document {
    /// Adds the keys of the configuration that are open.
    #[must_use]
    pub fn with_open(self, open: Vec<String>) -> Self {
        Self { open, ..self }
    }

    /// Returns it as JSON, over several lines.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Returns it as text for a terminal.
    #[must_use]
    pub fn to_table(&self) -> String {
        table::table(self)
    }
}
