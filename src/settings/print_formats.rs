//! The parts of the effective configuration that say how records are written.

use super::address::Address;
use super::schema::{FormatRule, RegistrySettings, Settings};
use super::writer::{Toml, list};

impl Toml {
    /// Writes how records are written: `[registry]` and `[[mappings]]`.
    pub fn written(&mut self, settings: &Settings) {
        if let Some(registry) = settings.kafka.as_ref().and_then(|kafka| kafka.registry.as_ref()) {
            self.registry(registry);
        }
        let is_mapped = |rule: &&FormatRule| settings.mappings.iter().any(|mapping| mapping.name == rule.name);
        settings.formats.iter().filter(|rule| !is_mapped(rule)).for_each(|rule| self.formats(rule));
    }

    fn registry(&mut self, registry: &RegistrySettings) {
        self.header("[registry]");
        self.value("urls", list(registry.urls.iter().map(Address::url)));
        self.string("user", &registry.user);
        self.optional_path("password_file", registry.password_file.as_ref());
        self.optional_path("ca_file", registry.ca_file.as_ref());
        self.span("timeout", registry.timeout);
        let ids: Vec<String> = registry.given_up_schemas.iter().map(u32::to_string).collect();
        self.value("given_up_schemas", format!("[{}]", ids.join(", ")));
    }

    fn formats(&mut self, rule: &FormatRule) {
        self.header("[[mappings]]");
        self.string("name", &rule.name);
        self.string("format", rule.format.name());
        self.value("topics", list(&rule.topics));
        self.value("files", list(&rule.files));
    }
}
