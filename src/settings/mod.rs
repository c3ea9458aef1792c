//! The configuration: files and environment in, [`Settings`] out.
//!
//! The layers (the file, `conf.d/*.toml` beside it, the environment) are merged and read key by key. The result is
//! [`Settings`], or a [`SettingsError`] that lists every problem with file, line and key. What the core needs is in
//! [`Settings::plan`]; the rest is for the rooms below the I/O line.

mod access;
mod address;
mod allow_lists;
mod bounds;
mod checks;
mod crossed;
mod document;
mod duration;
mod environment;
mod files;
mod formats;
mod given;
mod kafka;
mod key;
mod kinds;
mod load;
mod mappings;
mod merge;
mod named_files;
mod number;
mod open;
mod path;
mod place;
mod print;
mod print_formats;
mod problem;
mod properties;
mod remarks;
mod report;
mod rules;
mod schema;
mod scope;
mod secret_file;
mod secrets;
mod sections;
mod series;
mod server;
mod suggestion;
mod table;
mod terms;
mod thresholds;
mod tree;
mod typed;
mod writer;

pub use address::Address;
pub use bounds::{
    MAX_CONNECTIONS, MAX_CRITERIA, MAX_DIMENSIONS, MAX_EXTRA_FILES, MAX_FILE_BYTES, MAX_GROUPS, MAX_HISTORY_DAYS,
    MAX_HOSTS, MAX_MAPPINGS, MAX_PROFILES, MAX_PROPERTIES, MAX_RECEIVERS, MAX_ROLLING, MAX_RULES, MAX_TEXT_BYTES,
    MAX_TOPICS,
};
pub use duration::MAX_DURATION_DAYS;
pub use environment::PREFIX;
pub use named_files::FileProblem;
pub use open::OPEN;
pub use path::{open_file, shown_path};
pub use problem::{MAX_PROBLEMS, Problem, SettingsError};
pub use schema::{
    Alerting, Audit, Criteria, FormatRule, HistoryLimits, HttpSource, Kafka, Logins, OAuth, Privacy, RegistrySettings,
    ReportSettings, SecurityProtocol, Server, Settings, State, TokenIssuer,
};
pub use secret_file::{SecretProblem, is_private, open_private, read_secret, read_secret_text};
pub use secrets::REDACTED;
