//! What a reload of the configuration can change while the daemon runs.

use std::path::PathBuf;
use std::time::Duration;

use crate::settings::{Alerting, Settings};

/// The file that is read again, and the settings that the daemon started with.
#[derive(Clone, Debug)]
pub struct Reload {
    /// The configuration file.
    pub file: PathBuf,
    /// The settings at the start.
    pub at_start: Settings,
}

impl Reload {
    /// Logs what has changed in the file and takes effect at the next start only.
    pub(super) fn warn_of_fixed(&self, now: &Settings) {
        let before = &self.at_start;
        let key = |settings: &Settings| settings.privacy.pseudonym_key_file.clone();
        let fixed = [
            ("[kafka]", before.kafka != now.kafka),
            ("[server]", before.server != now.server),
            ("[http_source]", before.http_source != now.http_source),
            ("[alerting] receivers", receivers(before) != receivers(now)),
            ("limits.outbox_messages", before.outbox_limit != now.outbox_limit),
            ("limits.threads", before.threads != now.threads),
            ("limits.message_bytes", before.plan.event.message_bytes != now.plan.event.message_bytes),
            ("state.dir", before.state.dir != now.state.dir),
            ("privacy.pseudonym_key_file", key(before) != key(now)),
            ("audit.key_file", before.audit != now.audit),
        ];
        for (name, _) in fixed.iter().filter(|(_, changed)| *changed) {
            tracing::warn!(name, "changed in the configuration; it takes effect at the next start");
        }
    }
}

/// The part of `[alerting]` that names receivers and how to reach them; the rest of it is about judgement and is reloaded.
fn receivers(settings: &Settings) -> impl PartialEq + use<'_> {
    let Alerting { alertmanagers, webhooks, webhook_secret_file, ca_file, authorization_file, resend_every, .. } =
        &settings.alerting;
    (alertmanagers, webhooks, [webhook_secret_file, ca_file, authorization_file], resend_every)
}

/// Time between two evaluations, at least one millisecond.
pub(super) fn evaluate_every(settings: &Settings) -> Duration {
    let millis = settings.plan.window.evaluate_every.0;
    Duration::from_millis(u64::try_from(millis).unwrap_or(1_000).max(1))
}
