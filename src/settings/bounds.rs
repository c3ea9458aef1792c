//! How many and how long the parts of a configuration may be.

use super::terms::Dimension;

/// Largest configuration file, in bytes. Each file of `conf.d` may be as large.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Most files in `conf.d`.
pub const MAX_EXTRA_FILES: usize = 100;
/// Most topics.
pub const MAX_TOPICS: usize = 100;
/// Most mappings.
pub const MAX_MAPPINGS: usize = 100;
/// Most Alertmanagers, and most webhooks.
pub const MAX_RECEIVERS: usize = 16;
/// Most connections to the HTTP server.
pub const MAX_CONNECTIONS: u32 = 100_000;
/// Most further names of the HTTP server.
pub const MAX_HOSTS: usize = 64;
/// Most entries of `kafka.properties`.
pub const MAX_PROPERTIES: usize = 200;
/// Most rolling windows.
pub const MAX_ROLLING: usize = 16;
/// Most threads that recognise events.
pub const MAX_THREADS: u32 = 64;
/// Longest history, in days.
pub const MAX_HISTORY_DAYS: i64 = 800;
/// Most profiles.
pub const MAX_PROFILES: usize = 1_000;
/// Most dimensions.
pub const MAX_DIMENSIONS: usize = 32;
/// Most groups of a dimension.
pub const MAX_GROUPS: usize = Dimension::MAX_GROUPS as usize;
/// Most dimensions that an intersection combines: of two groups each, more would have too many groups.
pub(super) const MAX_CROSSED: usize = 6;
/// Most high risk classes of one profile: a stratum names as many values.
pub(super) const MAX_HIGH_CLASSES: usize = 64;

/// Most grounds of complaints of one rule.
pub(super) const MAX_GROUNDS: usize = 16;

/// Most holidays of one rule.
pub(super) const MAX_HOLIDAYS: usize = 1_000;

/// Most criteria in one list.
pub const MAX_CRITERIA: usize = 1_000;
/// Other names of one dimension's groups.
pub const MAX_ALIASES: usize = 10_000;
/// Values of one dimension that stand for no value.
pub const MAX_MISSING_VALUES: usize = 100;
/// Most rules, those of all files together.
pub const MAX_RULES: usize = 1_000;
/// Longest text for people (title, owner, action, runbook, reason) and longest path, in bytes.
pub const MAX_TEXT_BYTES: usize = 4_096;
