//! The product's own configuration, for it and for everything that it is compared with.

use std::path::Path;

use paritywatch::settings::{SecretProblem, Settings};
use rdkafka::ClientConfig;

use crate::test_support::process::free_port;

// The file itself, and not a copy of its settings: a copy would drift. It is private to the product's library.
#[path = "../../src/source/kafka/config.rs"]
#[allow(clippy::pedantic, unreachable_pub, reason = "the product's file, linted there")]
mod config;

/// What the product's file reports failures by.
#[derive(Debug)]
pub struct SourceError;

impl From<SecretProblem> for SourceError {
    fn from(problem: SecretProblem) -> Self {
        panic!("{problem}")
    }
}

/// The configuration of the benches, with this input.
pub struct Product {
    /// The file's text.
    pub text: String,
    /// Where the daemon answers.
    pub url: String,
}

impl Product {
    /// Reads the topic of the broker; keeps its state in the folder.
    pub fn new(bootstrap: &str, topic: &str, state: &Path) -> Self {
        let port = free_port();
        let demo = include_str!("../support/two-profiles.toml");
        let text = demo
            .replace("localhost:9092", bootstrap)
            .replace(r#"topics = ["events"]"#, &format!(r#"topics = ["{topic}"]"#));
        assert!(text.contains(bootstrap) && text.contains(topic), "the configuration has other lines");
        let state = state.display();
        let text = format!("{text}\n[state]\ndir = \"{state}\"\n[server]\nlisten = \"127.0.0.1:{port}\"\n");
        Self { text, url: format!("http://127.0.0.1:{port}") }
    }

    /// The settings.
    pub fn settings(&self) -> Settings {
        Settings::parse(&self.text, "bench.toml", std::iter::empty()).unwrap()
    }
}

/// The settings with which the product's consumer reads.
pub fn client_config(bootstrap: &str, topic: &str) -> ClientConfig {
    let settings = Product::new(bootstrap, topic, Path::new("unused")).settings();
    let kafka = settings.kafka.as_ref().unwrap();
    config::consumer_config(config::base_config(kafka).unwrap(), &kafka.group, settings.plan.event.message_bytes)
}
