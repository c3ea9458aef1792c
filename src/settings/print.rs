//! The effective configuration as TOML, without secrets, and its hash.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use super::address::Address;
use super::key::{key_path, quoted, toml_key};
use super::kinds::DAYS;
use super::schema::{Alerting, Criteria, Kafka, Logins, OAuth, Server, Settings, TokenIssuer};
use super::secrets::{redacted_properties, without_secrets};
use super::terms::{
    Benchmark, Calendar, Compare, ComplaintMeasure, Complaints, Criterion, Dimension, DisclosurePlan, Disparity, Drift,
    HandlingTerms, Plan, Reference, Rule, RuleKind, Silence, Span, Suitability, Topic, WindowLength,
};
use super::writer::{Toml, day, list, time_of_day};

/// This key must never change: the same configuration has the same hash on every machine, and in every version that knows
/// the same keys.
const HASH_KEY: (u64, u64) = (0x7061_7269_7479_7761, 0x7463_6820_636f_6e66);

impl Settings {
    /// Returns the whole effective configuration, defaults included, as TOML that [`Settings::load`] accepts. Secrets among
    /// `kafka.properties`, and every text that reads as one, read `<redacted>`. Files that hold secrets are named, not read.
    #[must_use]
    pub fn redacted_toml(&self) -> String {
        let mut toml = Toml::default();
        if let Some(kafka) = &self.kafka {
            toml.kafka(kafka);
        }
        toml.written(self);
        toml.judgement(self, Delivery::Shown);
        toml.operation(self);
        without_secrets(&toml.text)
    }
}

/// Returns 16 hex digits over everything that affects findings and alerts, so that `run` and `replay` with the same rules
/// have the same hash.
///
/// The sections `[kafka]`, `[state]` and `[server]` are left out, and so are the keys that say where alerts go and how many
/// may wait. The hash changes with every other effective value, and with the order of rules or of groups. It does not change
/// with comments, layout, the file that a key stands in, or a default that is written out.
pub(super) fn config_hash(settings: &Settings) -> String {
    let mut toml = Toml::default();
    toml.judgement(settings, Delivery::LeftOut);
    let mut hasher = SipHasher24::new_with_keys(HASH_KEY.0, HASH_KEY.1);
    hasher.write(toml.text.as_bytes());
    format!("{:016x}", hasher.finish())
}

/// Whether to write the keys that say where alerts go and how many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    Shown,
    LeftOut,
}

impl Toml {
    fn kafka(&mut self, kafka: &Kafka) {
        self.header("[kafka]");
        self.string("brokers", &kafka.brokers);
        self.value("topics", list(&kafka.topics));
        if let Some(topics) = &kafka.measure_topics {
            self.value("measure_topics", list(topics));
        }
        self.string("group", &kafka.group);
        self.string("security_protocol", kafka.security_protocol.name());
        self.string("dead_letter_topic", &kafka.dead_letter_topic);
        self.string("alert_topic", kafka.alert_topic.as_deref().unwrap_or_default());
        self.value("dead_letter_payload", kafka.dead_letter_payload);
        self.optional_path("sasl_password_file", kafka.sasl_password_file.as_ref());
        self.optional_path("ssl_key_password_file", kafka.ssl_key_password_file.as_ref());
        self.oauth(kafka.oauth.as_ref());
        self.string("insecure_reason", &kafka.insecure_reason);
        self.span("min_retention", kafka.min_retention);
        if !kafka.properties.is_empty() {
            self.header("[kafka.properties]");
        }
        for (name, value) in redacted_properties(&kafka.properties) {
            self.string(&toml_key(name), value);
        }
    }

    fn oauth(&mut self, oauth: Option<&OAuth>) {
        let (file, issuer) = match oauth {
            Some(OAuth::File(file)) => (Some(file), None),
            Some(OAuth::Issuer(issuer)) => (None, Some(issuer)),
            None => (None, None),
        };
        let text = |of: fn(&TokenIssuer) -> &str| issuer.map(of).unwrap_or_default();
        self.optional_path("oauth_token_file", file);
        self.string("oauth_token_url", text(|issuer| issuer.url.url()));
        self.string("oauth_client_id", text(|issuer| &issuer.client_id));
        let secret = issuer.map(|issuer| &issuer.client_secret_file);
        self.optional_path("oauth_client_secret_file", secret);
        self.string("oauth_scope", text(|issuer| &issuer.scope));
        self.optional_path("oauth_ca_file", issuer.and_then(|issuer| issuer.ca_file.as_ref()));
    }

    /// Writes what affects findings and alerts. The hash is over this, with delivery left out.
    fn judgement(&mut self, settings: &Settings, delivery: Delivery) {
        self.window(&settings.plan);
        self.privacy(settings, delivery);
        if delivery == Delivery::Shown {
            self.header("[coverage]");
            self.number("max_missing", settings.max_missing);
        }
        self.limits(settings, delivery);
        self.alerting(&settings.alerting, delivery);
        // Without intersections it decides nothing, and the hash is that of versions that knew none.
        if settings.plan.dimensions.iter().any(Dimension::is_crossed) {
            self.number("intersection_share", settings.alerting.intersection_share);
        }
        self.allow_lists(&settings.plan);
        self.criteria(&settings.criteria, delivery);
        settings.plan.rules.iter().for_each(|rule| self.rule(rule, &settings.plan, delivery));
        self.mappings(&settings.mappings);
    }

    /// Writes what depends on where the daemon runs. TOML allows tables after `[[rules]]`.
    fn operation(&mut self, settings: &Settings) {
        self.header("[state]");
        self.path("dir", &settings.state.dir);
        self.span("checkpoint_every", settings.state.checkpoint_every);
        self.header("[audit]");
        self.optional_path("key_file", settings.audit.key_file.as_ref());
        self.header("[history]");
        self.span("keep", settings.history.keep);
        self.span("full_resolution", settings.history.full_resolution);
        self.value("max_bytes", settings.history.max_bytes);
        self.header("[report]");
        self.optional_path("dir", settings.report.dir.as_ref());
        self.value("periods", list(settings.plan.periods.iter().map(|kind| kind.name())));
        self.header("[server]");
        self.listener(&settings.server);
        if let Some(source) = &settings.http_source {
            self.header("[http_source]");
            self.listener(&source.server);
            self.string("topic", &source.topic);
        }
    }

    fn listener(&mut self, server: &Server) {
        self.value("listen", quoted(&server.listen.to_string()));
        self.value("insecure_listen", server.insecure_listen);
        self.optional_path("web_config", server.web_config.as_ref());
        // The source of events shows no links.
        if server.logins == Logins::FromOthers {
            self.string("external_url", server.external_url.as_deref().unwrap_or_default());
        }
        self.value("hosts", list(&server.hosts));
        self.value("max_connections", server.max_connections);
    }

    fn window(&mut self, plan: &Plan) {
        let window = &plan.window;
        self.header("[window]");
        self.string("bucket", "1h");
        self.value("rolling", list(labels(&window.rolling)));
        self.span("history", window.history);
        self.span("allowed_lateness", window.allowed_lateness);
        self.span("idle_after", window.idle_after);
        // `replay` turns a limit off by `None`, after the hash was made. No key can say so.
        if let Some(max_ahead) = window.max_ahead {
            self.span("max_ahead", max_ahead);
        }
        self.span("cohort_max_age", window.cohort_max_age);
        if let Some(stale_after) = window.stale_after {
            self.span("stale_after", stale_after);
        }
        self.span("evaluate_every", window.evaluate_every);
    }

    fn privacy(&mut self, settings: &Settings, delivery: Delivery) {
        let privacy = &settings.privacy;
        let DisclosurePlan { min_cell, round_to, release_every, rules_per_series, .. } = privacy.disclosure;
        self.header("[privacy]");
        self.value("min_cell", min_cell);
        self.string("reason", &privacy.reason);
        let usual = DisclosurePlan::of(min_cell);
        if delivery == Delivery::Shown || round_to != usual.round_to {
            self.value("round_to", round_to);
        }
        if delivery == Delivery::Shown || release_every != usual.release_every {
            self.span("release_every", release_every);
        }
        if delivery == Delivery::Shown || rules_per_series != usual.rules_per_series {
            self.value("rules_per_series", rules_per_series);
        }
        self.optional_path("pseudonym_key_file", privacy.pseudonym_key_file.as_ref());
    }

    fn limits(&mut self, settings: &Settings, delivery: Delivery) {
        let (ledger, event) = (&settings.plan.ledger, &settings.plan.event);
        self.header("[limits]");
        self.value("open_cases", ledger.open_cases);
        self.value("waiting_events", ledger.waiting_events);
        self.span("dedupe_horizon", ledger.dedupe_horizon);
        self.value("remembered_ids", ledger.remembered_ids);
        self.span("not_selected_horizon", ledger.not_selected_horizon);
        // Where nobody waits longer, cases are those of versions that knew one horizon, and so is the hash.
        if delivery == Delivery::Shown || ledger.membership_horizon > ledger.not_selected_horizon {
            self.span("membership_horizon", ledger.membership_horizon);
        }
        self.value("series", settings.series_limit);
        if delivery == Delivery::Shown {
            self.value("outbox_messages", settings.outbox_limit);
            self.value("threads", settings.threads.unwrap_or_default());
        }
        self.value("string_bytes", event.string_bytes);
        self.value("message_bytes", event.message_bytes);
    }

    fn alerting(&mut self, alerting: &Alerting, delivery: Delivery) {
        self.header("[alerting]");
        let shown = |addresses: &[Address]| list(addresses.iter().map(Address::redacted));
        match delivery {
            Delivery::Shown => {
                self.value("alertmanagers", shown(&alerting.alertmanagers));
                self.value("webhooks", shown(&alerting.webhooks));
                self.optional_path("webhook_secret_file", alerting.webhook_secret_file.as_ref());
                self.optional_path("ca_file", alerting.ca_file.as_ref());
                self.optional_path("authorization_file", alerting.authorization_file.as_ref());
            }
            // These three lines keep the hashes of versions that knew no receivers.
            Delivery::LeftOut => {
                self.value("alertmanagers", shown(&[]));
                self.value("webhooks", shown(&[]));
                self.string("webhook_secret_file", "");
            }
        }
        self.span("resend_every", alerting.resend_every);
        self.number("family_alpha", alerting.family_alpha);
        self.value("block_exposed", alerting.block_exposed);
        self.value("block_concluded", alerting.block_concluded);
        self.number("block_variation", alerting.block_variation);
        // Without a cap, evidence is that of versions that knew none, and so is the hash.
        if delivery == Delivery::Shown || alerting.block_cap != 0.0 {
            self.number("block_cap", alerting.block_cap);
        }
    }

    fn allow_lists(&mut self, plan: &Plan) {
        for profile in &plan.profiles {
            self.header(&format!("[{}]", key_path("profiles", &profile.name)));
            self.string("title", &profile.title);
            if !profile.purpose.is_empty() {
                self.string("purpose", &profile.purpose);
            }
            self.string("exposure", profile.exposure.name());
            self.string("owner", &profile.owner);
            if !profile.high_classes.is_empty() {
                self.value("high_classes", list(&profile.high_classes));
            }
        }
        for dimension in &plan.dimensions {
            self.header(&format!("[{}]", key_path("dimensions", &dimension.name)));
            if dimension.is_crossed() {
                let parts = dimension.crosses.iter().filter_map(|part| plan.dimensions.get(usize::from(part.0)));
                self.value("crosses", list(parts.map(|part| &part.name)));
                continue;
            }
            self.string("ground", &dimension.ground);
            self.value("groups", list(&dimension.groups));
            // Only where they are given: the hashes of versions that did not know these keys stay.
            if !dimension.aliases.is_empty() {
                let aliases =
                    dimension.aliases.iter().map(|(alias, group)| format!("{} = {}", quoted(alias), quoted(group)));
                self.value("aliases", format!("{{ {} }}", aliases.collect::<Vec<_>>().join(", ")));
            }
            if dimension.missing_values != Dimension::MISSING_VALUES {
                self.value("missing_values", list(&dimension.missing_values));
            }
        }
    }

    fn criteria(&mut self, criteria: &Criteria, delivery: Delivery) {
        self.header("[criteria]");
        self.value("banned", list(&criteria.banned));
        self.value("restricted", list(&criteria.restricted));
        self.value("proxies", list(&criteria.proxies));
        // Where there are none, the hash is that of versions that did not know of them.
        if delivery == Delivery::Shown || !criteria.accepted.is_empty() {
            self.value("accepted", list(&criteria.accepted));
        }
    }

    fn rule(&mut self, rule: &Rule, plan: &Plan, delivery: Delivery) {
        // Every id of a rule is an index of its own plan.
        let profiles = rule.profiles.iter().filter_map(|id| plan.profiles.get(usize::from(id.0)));
        self.header("[[rules]]");
        self.string("name", &rule.name);
        self.string("kind", rule.kind.name());
        let profiles = list(profiles.map(|profile| &profile.name));
        match &rule.kind {
            RuleKind::Disparity(terms) => self.disparity(rule, terms, profiles, plan),
            kind => {
                self.value("profiles", profiles);
                self.duty(kind, rule, plan);
            }
        }
        self.number("confidence", rule.confidence.level());
        if let RuleKind::Disparity(_) | RuleKind::Complaints(_) = rule.kind {
            self.value("min_events", rule.min_events);
        }
        // Where all may be missing, verdicts are those of versions that did not ask, and so is the hash.
        if delivery == Delivery::Shown || rule.max_missing < 1.0 {
            self.number("max_missing", rule.max_missing);
        }
        if let Some(stratum) = rule.stratify_by() {
            self.string("stratify_by", stratum);
        }
        // Of kind `benchmark` the key names the rules that it serves.
        if !matches!(rule.kind, RuleKind::Benchmark(_)) {
            self.span("for", rule.hold_for);
        }
        self.span("keep_firing_for", rule.keep_firing_for);
        if let RuleKind::Disparity(terms) = &rule.kind
            && is_judged(terms)
        {
            self.number("clear", terms.clear);
        }
        self.string("owner", &rule.owner);
        self.string("action", &rule.action);
        self.string("runbook", &rule.runbook);
    }

    fn disparity(&mut self, rule: &Rule, terms: &Disparity, profiles: String, plan: &Plan) {
        self.string("indicator", terms.indicator.name());
        self.value("profiles", profiles);
        self.value("channels", list(rule.channels.iter().map(|channel| channel.name())));
        self.value("dimensions", list(dimension_names(rule, plan)));
        self.string("measure", terms.measure.name());
        self.string("reference", terms.reference.name());
        self.value("windows", list(labels(&rule.windows)));
        if is_judged(terms) {
            self.number("warning", terms.warning);
            self.number("critical", terms.critical);
        }
        self.string("evidence", terms.evidence.name());
        self.handling(terms);
    }

    fn handling(&mut self, terms: &Disparity) {
        let HandlingTerms { quantiles: [usual, harsh], strict_kinds, block_variation } = &terms.handling;
        if terms.indicator.compares_values() {
            self.value("quantiles", format!("[{usual:?}, {harsh:?}]"));
        }
        if let Some(variation) = block_variation {
            self.number("block_variation", *variation);
        }
        if !strict_kinds.is_empty() {
            self.value("strict_kinds", list(strict_kinds.iter()));
        }
    }

    fn silence(&mut self, terms: &Silence) {
        for (topic, longest) in &terms.topics {
            self.span(topic.name(), longest.length);
        }
        if terms.topics.iter().any(|(topic, _)| *topic == Topic::Report) {
            self.string("report_period", terms.report_period.name());
        }
        let Calendar { days, from, to, holidays, offset } = &terms.calendar;
        self.string("severity", if terms.is_critical { "critical" } else { "warning" });
        let worked = DAYS.iter().zip(days).filter(|(_, is_worked)| **is_worked);
        self.value("days", list(worked.map(|(word, _)| *word)));
        self.string("hours", &format!("{}-{}", time_of_day(*from), time_of_day(*to)));
        let sign = if offset.0 < 0 { '-' } else { '+' };
        self.string("utc_offset", &format!("{sign}{}", time_of_day(Span(offset.0.abs()))));
        self.value("holidays", list(holidays.iter().map(|holiday| day(*holiday))));
    }

    fn complaints(&mut self, terms: &Complaints) {
        self.string("measure", terms.measure.name());
        self.number("warning", terms.warning);
        if let Some(critical) = terms.critical {
            self.number("critical", critical);
        }
        self.number("block_variation", terms.block_variation);
        if terms.measure == ComplaintMeasure::Rise {
            self.value("reference_days", terms.reference_days);
            return;
        }
        self.span("exposure_window", terms.exposure_window);
        self.value("block_complaints", terms.block_complaints);
        if terms.measure == ComplaintMeasure::Skew {
            self.value("grounds", list(&terms.grounds));
        }
    }

    fn drift(&mut self, terms: &Drift, rule: &Rule, plan: &Plan) {
        self.string("compare", terms.compare.name());
        match terms.compare {
            Compare::Version(indicator) => {
                self.string("indicator", indicator.name());
                self.value("channels", list(rule.channels.iter().map(|channel| channel.name())));
                self.value("dimensions", list(dimension_names(rule, plan)));
                self.number("warning", terms.warning);
                self.number("critical", terms.critical);
                rule.windows.iter().for_each(|window| self.span("within", window.length));
            }
            Compare::Period(days) => {
                self.value("reference_days", days);
                self.value("channels", list(rule.channels.iter().map(|channel| channel.name())));
                self.value("dimensions", list(dimension_names(rule, plan)));
                self.number("warning", terms.warning);
            }
            // Channels, dimensions and window are those of the watched rule.
            Compare::Change(of) => {
                let watched = plan.rules.get(of).map(|rule| rule.name.as_str());
                self.string("of", watched.unwrap_or_default());
            }
        }
    }

    /// Writes the keys of another kind.
    fn duty(&mut self, kind: &RuleKind, rule: &Rule, plan: &Plan) {
        match kind {
            RuleKind::Benchmark(terms) => return self.benchmark(terms, rule, plan),
            RuleKind::Suitability(terms) => self.suitability(terms),
            RuleKind::Coverage(terms) => {
                self.number("warning", terms.warning);
                self.number("critical", terms.critical);
                self.number("unequal_warning", terms.unequal_warning);
                self.number("unequal_critical", terms.unequal_critical);
                self.number("min_difference", terms.min_difference);
            }
            RuleKind::Automation(terms) => {
                self.value("max_automated", terms.max_automated);
                self.number("max_follow_through", terms.max_follow_through);
                self.value("block_selected", terms.block_selected);
            }
            RuleKind::Criterion(terms) => {
                self.string("restricted_is", if terms.restricted_is_critical { "critical" } else { "warning" });
                let two = |[watched, flagged]: [f64; 2]| format!("[{watched:?}, {flagged:?}]");
                self.value("association", two(terms.association));
                self.value("difference", two(terms.difference));
                self.number("block_variation", terms.block_variation);
            }
            RuleKind::Complaints(terms) => self.complaints(terms),
            RuleKind::Drift(terms) => return self.drift(terms, rule, plan),
            RuleKind::Silence(terms) => {
                self.silence(terms);
                return self.dimensions(rule, plan);
            }
            RuleKind::Disparity(_) => {}
        }
        if !matches!(kind, RuleKind::Suitability(_) | RuleKind::Criterion(Criterion { channels_named: false, .. })) {
            self.value("channels", list(rule.channels.iter().map(|channel| channel.name())));
        }
        self.dimensions(rule, plan);
        // Months have no windows.
        if !matches!(kind, RuleKind::Complaints(terms) if terms.measure == ComplaintMeasure::Rise) {
            self.value("windows", list(labels(&rule.windows)));
        }
    }

    fn dimensions(&mut self, rule: &Rule, plan: &Plan) {
        if !rule.dimensions.is_empty() {
            self.value("dimensions", list(dimension_names(rule, plan)));
        }
    }

    fn benchmark(&mut self, terms: &Benchmark, rule: &Rule, plan: &Plan) {
        let served = terms.serves.iter().filter_map(|index| plan.rules.get(*index));
        let served: Vec<&String> = served.map(|rule| &rule.name).collect();
        if !served.is_empty() {
            self.value("for", list(served));
        }
        rule.windows.iter().for_each(|window| self.span("within", window.length));
        self.number("base_rate", terms.base_rate);
    }

    fn suitability(&mut self, terms: &Suitability) {
        self.number("ratio", terms.ratio);
        self.number("power", terms.power);
        self.number("margin", terms.margin);
        self.number("show_level", terms.show_level);
        self.span("shown_for", terms.shown_for);
        self.value("block_random", terms.block_random);
        self.span("block_max", terms.block_max);
    }
}

/// A rule that is never judged has no thresholds, and none may be given.
fn is_judged(terms: &Disparity) -> bool {
    terms.reference != Reference::Overall
}

/// Every id of a rule is an index of its own plan.
fn dimension_names<'p>(rule: &Rule, plan: &'p Plan) -> impl Iterator<Item = &'p String> {
    let dimensions = rule.dimensions.iter().filter_map(|id| plan.dimensions.get(usize::from(id.0)));
    dimensions.map(|dimension| &dimension.name)
}

fn labels(windows: &[WindowLength]) -> impl Iterator<Item = &str> {
    windows.iter().map(|window| window.label.as_str())
}
