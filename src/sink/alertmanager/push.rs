//! The requests to one Alertmanager.

use std::sync::Arc;

use super::alerts::{ApiAlert, MAX_ALERTS_PER_REQUEST, first_request, standing_alerts};
use crate::outbox::{Message, Refusal};
use crate::plan::{EventTime, Span};
use crate::settings::Address;
use crate::sink::http::{Client, Trouble};

/// An alert lives in Alertmanager at least this long without being sent again.
const SHORTEST_LIFE: Span = Span(15 * Span::MINUTE.0);
/// It also lives at least this many times as long as the time between two sends.
const LIFE_SHARE: i64 = 4;

/// One Alertmanager.
pub struct Alertmanager {
    client: Client,
    url: String,
    authorization: Option<String>,
    life: Span,
}

impl Alertmanager {
    /// The Alertmanager with this address. Firing alerts are sent again every `resend_every`.
    #[must_use]
    pub fn new(client: Client, address: &Address, authorization: Option<String>, resend_every: Span) -> Self {
        let url = format!("{}/api/v2/alerts", address.url().trim_end_matches('/'));
        let life = SHORTEST_LIFE.max(resend_every.times(LIFE_SHARE));
        Self { client, url, authorization, life }
    }

    /// Sends messages in order. Returns how many of them were taken: the first ones.
    ///
    /// # Errors
    /// [`Trouble`] of the request.
    pub fn send(&self, messages: &[Arc<Message>], now: EventTime) -> Result<usize, Trouble> {
        let (alerts, taken) = first_request(messages, now, self.life);
        self.post(&alerts)?;
        Ok(taken)
    }

    /// Sends again what stands, oldest first. Returns how many requests that took.
    ///
    /// # Errors
    /// [`Trouble`] of the first request that failed.
    pub fn resend(&self, standing: &[Arc<Message>], now: EventTime) -> Result<u64, Trouble> {
        let alerts = standing_alerts(standing, now, self.life);
        let requests = alerts.chunks(MAX_ALERTS_PER_REQUEST);
        requests.map(|alerts| self.post(alerts)).try_fold(0, |taken, request| request.map(|()| taken + 1))
    }

    fn post(&self, alerts: &[ApiAlert]) -> Result<(), Trouble> {
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(self.authorization.as_deref().map(|value| ("Authorization", value)));
        let body = serde_json::to_vec(alerts).map_err(|error| {
            let text = format!("the alerts could not be encoded: {error}");
            Trouble { refusal: Refusal::Lasting, text }
        })?;
        self.client.post(&self.url, &headers, &body)
    }
}
