//! What the test of the dashboards is made of: dashboards as Grafana reads them, Prometheus, and a scenario.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

pub mod grafana;
pub mod prometheus;
pub mod scenario;
