//! From tables to settings: defaults, ranges, and what must hold between keys.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::address::{self, Address};
use super::allow_lists::{criteria, dimensions, profiles};
use super::bounds::{MAX_HISTORY_DAYS, MAX_RECEIVERS, MAX_ROLLING, MAX_TEXT_BYTES, MAX_THREADS};
use super::duration::{MAX_DURATION_DAYS, SHAPE, format_duration, parse_duration};
use super::formats::{apply, registry};
use super::given::Given;
use super::kafka::kafka;
use super::key::shown;
use super::mappings::{Known, mappings};
use super::print::config_hash;
use super::problem::Problems;
use super::report::report;
use super::rules::rules;
use super::schema::{Alerting, Audit, FormatRule, HistoryLimits, HttpSource, Kafka, Privacy, Settings, State};
use super::scope::{Surroundings, share};
use super::series::limit_series;
use super::server::{http_source, server};
use super::table::Table;
use super::terms::{
    Defences, Dimension, DisclosurePlan, EvidencePlan, LedgerPlan, Limits, Mapping, Plan, Profile, Span, WindowLength,
    WindowPlan,
};

/// The default of `coverage.max_missing`.
const MAX_MISSING: f64 = 0.05;

/// Reads every section. Where the problems say that something is wrong, the settings are of no use.
pub(super) fn settings(mut root: Table<'_>) -> Settings {
    let (mut kafka, window) = (root.optional_table("kafka").map(kafka), window(root.table("window")));
    let (privacy, rules_per_series) = privacy(root.table("privacy"));
    let (state, history) = (state(root.table("state")), history(root.table("history")));
    let LimitsTable { ledger, series_limit, outbox_limit, threads, event } =
        limits(root.table("limits"), window.history);
    let (server, alerting) = (server(root.table("server")), alerting(root.table("alerting")));
    let (profiles, dimensions) = (profiles(&mut root, event.string_bytes), dimensions(&mut root, event.string_bytes));
    let criteria = criteria(root.table("criteria"), event.string_bytes);
    let (max_missing, audit) = (coverage(root.table("coverage")), audit(root.table("audit")));
    let (periods, report) = report(root.table("report"));
    let surroundings = Surroundings {
        profiles: &profiles,
        dimensions: &dimensions,
        rolling: &window.rolling,
        cohort_max_age: window.cohort_max_age,
        string_bytes: event.string_bytes,
        history: window.history,
        max_missing,
        criteria: &criteria,
    };
    let rules = rules(&mut root, &surroundings);
    limit_series(&rules, (&profiles, &dimensions), (&privacy.disclosure, &rules_per_series), root.problems);
    let (mappings, formats, http_source) = foreign(&mut root, kafka.as_mut(), (&profiles, &dimensions));
    root.finish();
    let plan = Plan {
        config_hash: String::new(),
        profiles,
        dimensions,
        counts_everyone: rules.iter().any(|rule| rule.disparity().is_none()),
        rules,
        window,
        ledger,
        event,
        evidence: evidence(&alerting),
        disclosure: privacy.disclosure,
        periods,
    };
    let mut settings = Settings {
        kafka,
        mappings,
        formats,
        plan,
        privacy,
        max_missing,
        state,
        history,
        series_limit,
        outbox_limit,
        threads,
        server,
        http_source,
        alerting,
        criteria,
        audit,
        report,
    };
    settings.plan.config_hash = config_hash(&settings);
    settings
}

/// Reads what comes in otherwise: mappings, formats, and events by HTTP.
fn foreign(
    root: &mut Table<'_>,
    mut kafka: Option<&mut Kafka>,
    (profiles, dimensions): (&[Profile], &[Dimension]),
) -> (Vec<Mapping>, Vec<FormatRule>, Option<HttpSource>) {
    let registry = root.optional_table("registry").map(registry);
    let (mappings, written) = mappings(root, &Known::new(kafka.as_deref(), profiles, dimensions));
    let formats = apply(written, kafka.as_deref_mut(), registry, root.problems);
    let http_source = root.optional_table("http_source").map(|table| http_source(table, kafka.as_deref(), &mappings));
    (mappings, formats, http_source)
}

fn evidence(alerting: &Alerting) -> EvidencePlan {
    EvidencePlan {
        family_alpha: alerting.family_alpha,
        block_exposed: alerting.block_exposed,
        block_concluded: alerting.block_concluded,
        block_variation: alerting.block_variation,
        block_cap: alerting.block_cap,
        intersection_share: alerting.intersection_share,
    }
}

fn audit(mut table: Table<'_>) -> Audit {
    let key_file = table.optional_path("key_file").map(|file| file.value);
    table.finish();
    Audit { key_file }
}

/// Returns the share of either side's cases that may be missing where a rule does not say otherwise.
fn coverage(mut table: Table<'_>) -> f64 {
    let max_missing = share(&mut table, "max_missing", MAX_MISSING);
    table.finish();
    max_missing
}

fn window(mut table: Table<'_>) -> WindowPlan {
    let longest_history = Span::DAY.times(MAX_HISTORY_DAYS);
    let bucket = table.text("bucket", "1h");
    if parse_duration(&bucket) != Some(Span::HOUR) {
        let expected = "\"1h\" (no other resolution is in this version)";
        bucket.refuse(table.problems, expected, shown(&bucket));
    }
    let rolling = table.texts("rolling", &["24h", "7d", "30d", "90d"], 1..=MAX_ROLLING);
    let history = table.duration("history", Span::DAY.times(400), Span::HOUR..=longest_history);
    let rolling = rolling_windows(&rolling, *history, table.problems);
    let plan = WindowPlan {
        rolling,
        history: history.value,
        allowed_lateness: table.positive_duration("allowed_lateness", Span::HOUR.times(6)),
        idle_after: table.positive_duration("idle_after", Span::MINUTE.times(5)),
        max_ahead: Some(table.positive_duration("max_ahead", Span::MINUTE.times(10))),
        cohort_max_age: table.positive_duration("cohort_max_age", Span::DAY.times(45)),
        stale_after: Some(table.positive_duration("stale_after", Span::HOUR)),
        evaluate_every: table.positive_duration("evaluate_every", Span::SECOND.times(10)),
    };
    table.finish();
    plan
}

/// Returns the windows, shortest first.
fn rolling_windows(written: &[Given<String>], history: Span, problems: &mut Problems) -> Vec<WindowLength> {
    let mut windows: Vec<WindowLength> = Vec::with_capacity(written.len());
    for label in written {
        let allowed = |span: &Span| (Span::HOUR..=history).contains(span);
        let Some(length) = parse_duration(label).filter(allowed) else {
            let history = format_duration(history);
            let expected = format!("{SHAPE}, from 1h to window.history ({history})");
            label.refuse(problems, expected, shown(label));
            continue;
        };
        if let Some(earlier) = windows.iter().find(|window| window.length == length) {
            let found = format!("{}, as long as {}", shown(label), shown(&earlier.label));
            label.refuse(problems, "each length only once", found);
            continue;
        }
        windows.push(WindowLength { length, label: label.value.clone() });
    }
    windows.sort();
    windows
}

/// Returns the section, and the key that is held against the rules.
fn privacy(mut table: Table<'_>) -> (Privacy, Given<usize>) {
    let min_cell = table.integer("min_cell", 10, 0..=1_000);
    let reason = table.line("reason", "", MAX_TEXT_BYTES);
    let round_to = table.integer("round_to", DisclosurePlan::of(*min_cell).round_to, 1..=1_000);
    let release_every = table.duration("release_every", Span::HOUR, Span::SECOND..=Span::DAY);
    let rules_per_series = table.count("rules_per_series", 4, 1..=1_000);
    let pseudonym_key_file = table.optional_path("pseudonym_key_file");
    let has_reason = !reason.trim().is_empty();
    if *min_cell == 0 && !has_reason {
        let expected = "a number above 0, or a privacy.reason that says why everything may be published";
        min_cell.refuse(table.problems, expected, "0 without a reason");
    } else if *round_to == 1 && *min_cell > 1 && !has_reason {
        let expected = "a number above 1, or a privacy.reason that says why exact counts may be published";
        round_to.refuse(table.problems, expected, "1 without a reason");
    }
    if *min_cell > 0 && *round_to > *min_cell && (1..=1_000).contains(&*round_to) {
        let expected = format!("at most privacy.min_cell ({})", *min_cell);
        round_to.refuse(table.problems, expected, round_to.to_string());
    }
    table.finish();
    let privacy = Privacy {
        disclosure: DisclosurePlan {
            min_cell: min_cell.value,
            round_to: round_to.value,
            release_every: release_every.value,
            rules_per_series: rules_per_series.value,
            defences: Defences::default(),
        },
        reason: reason.value,
        pseudonym_key_file: pseudonym_key_file.map(|file| file.value),
    };
    (privacy, rules_per_series)
}

fn state(mut table: Table<'_>) -> State {
    let dir = table.line("dir", "./state", MAX_TEXT_BYTES);
    if dir.is_empty() {
        dir.refuse(table.problems, "the path of a folder", shown(""));
    }
    let checkpoint_every = table.positive_duration("checkpoint_every", Span::SECOND.times(10));
    table.finish();
    State { dir: PathBuf::from(dir.value), checkpoint_every }
}

fn history(mut table: Table<'_>) -> HistoryLimits {
    let days = Span::DAY..=Span::DAY.times(MAX_DURATION_DAYS);
    let limits = HistoryLimits {
        // Seven years.
        keep: table.duration("keep", Span::DAY.times(2_557), days.clone()).value,
        full_resolution: table.duration("full_resolution", Span::DAY.times(35), days).value,
        max_bytes: table.integer("max_bytes", 4 << 30, 1 << 20..=1 << 40).value,
    };
    table.finish();
    limits
}

/// The section `[limits]`.
struct LimitsTable {
    ledger: LedgerPlan,
    series_limit: usize,
    outbox_limit: u64,
    threads: Option<usize>,
    event: Limits,
}

fn limits(mut table: Table<'_>, history: Span) -> LimitsTable {
    let (not_selected, membership) = (Span::DAY.times(7).min(history), Span::DAY.times(45).min(history));
    let ledger = LedgerPlan {
        open_cases: table.count("open_cases", 20_000_000, 1..=1_000_000_000).value,
        waiting_events: table.count("waiting_events", 1_000_000, 1..=1_000_000_000).value,
        dedupe_horizon: table.positive_duration("dedupe_horizon", Span::DAY.times(7)),
        remembered_ids: table.count("remembered_ids", 50_000_000, 1..=1_000_000_000).value,
        // Kept longer than those selected, such cases alone would be known in full.
        not_selected_horizon: table.duration("not_selected_horizon", not_selected, Span::SECOND..=history).value,
        membership_horizon: table.duration("membership_horizon", membership, Span::SECOND..=history).value,
    };
    let series_limit = table.count("series", 20_000, 1..=10_000_000).value;
    let outbox_limit = table.integer("outbox_messages", 100_000, 1..=1_000_000).value;
    let threads = table.count("threads", 0, 0..=MAX_THREADS).value;
    let string_bytes = table.count("string_bytes", 256, 16..=65_536);
    let message_bytes = table.count("message_bytes", 65_536, 256..=16_777_216);
    if *message_bytes < *string_bytes {
        let expected = format!("at least limits.string_bytes ({})", *string_bytes);
        message_bytes.refuse(table.problems, expected, message_bytes.to_string());
    }
    table.finish();
    let event = Limits { string_bytes: string_bytes.value, message_bytes: message_bytes.value };
    LimitsTable { ledger, series_limit, outbox_limit, threads: Some(threads).filter(|threads| *threads > 0), event }
}

fn alerting(mut table: Table<'_>) -> Alerting {
    let alertmanagers = addresses(&mut table, "alertmanagers");
    let webhooks = addresses(&mut table, "webhooks");
    let path = |file: Option<Given<PathBuf>>| file.map(|file| file.value);
    let blocks: RangeInclusive<u64> = 1..=1_000_000_000;
    let alerting = Alerting {
        alertmanagers,
        webhooks,
        webhook_secret_file: path(table.optional_path("webhook_secret_file")),
        ca_file: path(table.optional_path("ca_file")),
        authorization_file: path(table.optional_path("authorization_file")),
        resend_every: table.positive_duration("resend_every", Span::MINUTE),
        family_alpha: table
            .number("family_alpha", 0.05, "a number above 0 and below 1", |alpha| alpha > 0.0 && alpha < 1.0),
        block_exposed: table.integer("block_exposed", 1_000, blocks.clone()).value,
        block_concluded: table.integer("block_concluded", 50, blocks).value,
        block_variation: table
            .number("block_variation", 0.3, "a number from 0 to 10", |variation| (0.0..=10.0).contains(&variation)),
        block_cap: table.number("block_cap", 5.0, "0, or a number above 1", |cap| cap == 0.0 || cap > 1.0),
        intersection_share: table
            .number("intersection_share", 0.1, "a number above 0 and below 1", |share| share > 0.0 && share < 1.0),
    };
    table.finish();
    alerting
}

/// Reads addresses. No problem repeats one: it may contain a secret.
fn addresses(table: &mut Table<'_>, key: &'static str) -> Vec<Address> {
    let mut addresses: Vec<Address> = Vec::new();
    for given in table.texts(key, &[], 0..=MAX_RECEIVERS) {
        match Address::parse(&given).filter(|_| given.len() <= MAX_TEXT_BYTES) {
            None => given.refuse(table.problems, address::SHAPE, "another text"),
            Some(address) if addresses.contains(&address) => {
                given.refuse(table.problems, "each receiver only once", "one that is listed before");
            }
            Some(address) => addresses.push(address),
        }
    }
    addresses
}
