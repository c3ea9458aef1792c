//! The parts of the effective configuration that say how records are written.

use super::address::Address;
use super::schema::{FormatRule, RegistrySettings};
use super::writer::{Toml, list};

impl Toml {
    /// Writes the section of the schema registry.
    pub fn registry(&mut self, registry: &RegistrySettings) {
        self.header("[registry]");
        self.value("urls", list(registry.urls.iter().map(Address::url)));
        self.string("user", &registry.user);
        self.optional_path("password_file", registry.password_file.as_ref());
        self.optional_path("ca_file", registry.ca_file.as_ref());
        self.span("timeout", registry.timeout);
    }

    /// Writes how the topics and files of a mapping are written.
    pub fn formats(&mut self, rule: &FormatRule) {
        self.header("[[mappings]]");
        self.string("name", &rule.name);
        self.string("format", rule.format.name());
        self.value("topics", list(&rule.topics));
        self.value("files", list(&rule.files));
    }
}
