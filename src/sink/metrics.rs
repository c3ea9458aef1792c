//! Prometheus metrics: a view as text. A value that is unknown or withheld has no sample.

use std::collections::BTreeMap;

use prometheus::core::Collector;
use prometheus::{Encoder, GaugeVec, Opts, Registry, TextEncoder};

use crate::alert::{AlertState, Severity};
use crate::disclosure::{
    Measured, PublishedAlert, PublishedBracket, PublishedFinding, PublishedFunnel, PublishedLate, PublishedRates,
};
use crate::evidence::SeriesEvidence;
use crate::judge::{Stage, Verdict};
use crate::plan::EventTime;
use crate::status::{CheckpointHealth, DeliveryHealth, InputHealth, Operation, Unsafe, View};

/// Labels of a finding's series.
const FINDING: [&str; 8] = ["rule", "profile", "channel", "dimension", "group", "reference", "indicator", "window"];
const SERIES: [&str; 7] = ["rule", "profile", "channel", "dimension", "group", "reference", "indicator"];

/// Series that one finding can have: rates, counts, three ratios, three differences, a stratified ratio, what is needed, verdicts,
/// evidence (two hypotheses, alarm level, change, dispersion, blocks, watch list), membership known only as probabilities (two rates and a
/// ratio by two estimators, two effective numbers, cases).
const SERIES_PER_FINDING: usize = 2 + 4 + 3 + 3 + 1 + 1 + Verdict::ALL.len() + 7 + 3 * 2 + 2 + 1;

/// Most ended alerts that are shown as not firing, the newest.
const MAX_ENDED_SHOWN: usize = 1_000;

/// The view in Prometheus' text format. Findings that would take more than `series_limit` series are left out, last ones first, then
/// groups of the funnel; both are counted.
#[must_use]
pub fn render(view: &View, series_limit: usize) -> String {
    let mut page = Page::default();
    let shown = view.published.findings().len().min(series_limit / SERIES_PER_FINDING);
    let (findings, left_out) = view.published.findings().split_at(shown);
    page.findings(findings);
    page.thresholds(findings);
    let funnel = view.published.funnel();
    let rows = funnel.len().min((series_limit - shown * SERIES_PER_FINDING) / Stage::ALL.len());
    let (funnel, beyond) = funnel.split_at(rows);
    page.funnel(funnel);
    page.late(view.published.late());
    page.alerts(view.published.alerts());
    page.input(view);
    page.state(view);
    page.plain(
        "series_dropped",
        "Series of findings and of the funnel left out because of limits.",
        (left_out.len() * SERIES_PER_FINDING + (beyond.len() + view.published.funnel_left_out()) * Stage::ALL.len())
            as u64,
    );
    page.text()
}

/// The metrics of one scrape.
#[derive(Default)]
struct Page {
    registry: Registry,
}

/// One sample: label values and value.
type Sample<'a> = (Vec<&'a str>, f64);

impl Page {
    fn findings(&mut self, findings: &[PublishedFinding]) {
        let each = |value: fn(&PublishedFinding) -> Option<f64>| -> Vec<Sample<'_>> {
            findings.iter().filter_map(|finding| Some((labels(finding), value(finding)?))).collect()
        };
        self.gauge(
            "group_rate_ratio",
            "Rate of the monitored group, 0 to 1.",
            &FINDING,
            each(|finding| finding.group_rate),
        );
        self.gauge(
            "reference_rate_ratio",
            "Rate of the reference, 0 to 1.",
            &FINDING,
            each(|finding| finding.reference_rate),
        );
        self.gauge(
            "group_exposed",
            "Exposed of the monitored group in the window.",
            &FINDING,
            each(|finding| Some(count(finding.group_counts?.exposed))),
        );
        self.gauge(
            "group_events",
            "Events of the monitored group in the window.",
            &FINDING,
            each(|finding| Some(count(finding.group_counts?.events))),
        );
        self.gauge(
            "reference_exposed",
            "Exposed of the reference in the window.",
            &FINDING,
            each(|finding| Some(count(finding.reference_counts?.exposed))),
        );
        self.gauge(
            "reference_events",
            "Events of the reference in the window.",
            &FINDING,
            each(|finding| Some(count(finding.reference_counts?.events))),
        );
        self.gauge(
            "disparity_ratio",
            "Rate of the group over rate of the reference.",
            &FINDING,
            each(|finding| finding.ratio?.value),
        );
        self.gauge(
            "disparity_ratio_lower",
            "Lower limit of the ratio.",
            &FINDING,
            each(|finding| finding.ratio?.lower),
        );
        self.gauge(
            "disparity_ratio_upper",
            "Upper limit of the ratio; none where it is infinite.",
            &FINDING,
            each(|finding| finding.ratio?.upper),
        );
        self.gauge(
            "disparity_difference",
            "Rate of the group minus rate of the reference.",
            &FINDING,
            each(|finding| finding.difference?.value),
        );
        self.gauge(
            "disparity_difference_lower",
            "Lower limit of the difference.",
            &FINDING,
            each(|finding| finding.difference?.lower),
        );
        self.gauge(
            "disparity_difference_upper",
            "Upper limit of the difference.",
            &FINDING,
            each(|finding| finding.difference?.upper),
        );
        self.gauge(
            "stratified_disparity_ratio",
            "Mantel-Haenszel ratio within the rule's strata.",
            &FINDING,
            each(|finding| stratified(finding)?.value),
        );
        self.gauge(
            "needed_exposed",
            "Exposed still needed for a verdict.",
            &FINDING,
            each(|finding| finding.needed.map(count)),
        );
        self.probabilistic(findings);
        self.verdicts(findings);
        self.evidence(findings);
    }

    /// What cases say whose group is known only as probabilities.
    fn probabilistic(&mut self, findings: &[PublishedFinding]) {
        let rows: Vec<(&PublishedFinding, PublishedBracket)> =
            findings.iter().filter_map(|finding| Some((finding, finding.probabilistic?))).collect();
        let with = |finding, word: &'static str| labels(finding).into_iter().chain([word]).collect::<Vec<&str>>();
        let names = |name: &'static str| FINDING.iter().copied().chain([name]).collect::<Vec<&str>>();
        let by_estimator = |value: fn(PublishedRates) -> Option<f64>| -> Vec<Sample<'_>> {
            let estimates = rows.iter().flat_map(|(finding, bracket)| {
                [("weighted", bracket.weighted), ("regression", bracket.regression)]
                    .map(|(estimator, rates)| (finding, estimator, rates))
            });
            estimates
                .filter_map(|(finding, estimator, rates)| Some((with(finding, estimator), value(rates?)?)))
                .collect()
        };
        self.gauge(
            "probabilistic_disparity_ratio",
            "Rate of the group over rate of the reference among cases whose group is known only as probabilities.",
            &names("estimator"),
            by_estimator(|rates| rates.ratio),
        );
        self.gauge(
            "probabilistic_group_rate_ratio",
            "Rate of the monitored group among cases whose group is known only as probabilities, 0 to 1.",
            &names("estimator"),
            by_estimator(|rates| Some(rates.group_rate)),
        );
        self.gauge(
            "probabilistic_reference_rate_ratio",
            "Rate of the reference among cases whose group is known only as probabilities, 0 to 1.",
            &names("estimator"),
            by_estimator(|rates| Some(rates.reference_rate)),
        );
        let sides = rows.iter().flat_map(|(finding, bracket)| {
            [("group", bracket.group_effective_n), ("reference", bracket.reference_effective_n)]
                .map(|(side, number)| Some((with(finding, side), number?)))
        });
        self.gauge(
            "probabilistic_effective_cases",
            "Known members that would tell as much as the cases whose group is known only as probabilities.",
            &names("side"),
            sides.flatten().collect(),
        );
        let cases = rows.iter().filter_map(|(finding, bracket)| Some((labels(finding), count(bracket.cases?))));
        self.gauge(
            "probabilistic_cases",
            "Exposed cases in the window whose group is known only as probabilities.",
            &FINDING,
            cases.collect(),
        );
    }

    /// One set for each series: windows share it.
    fn evidence(&mut self, findings: &[PublishedFinding]) {
        let mut rows: Vec<(Vec<&str>, SeriesEvidence)> =
            findings.iter().filter_map(|finding| Some((series_labels(finding), finding.evidence?))).collect();
        rows.dedup_by(|one, other| one.0 == other.0);
        let hypotheses = rows.iter().flat_map(|(labels, evidence)| {
            let with = |null: &'static str| labels.iter().copied().chain([null]).collect();
            let disparity: Sample<'_> = (with("disparity"), evidence.log_e);
            let material = evidence.log_e_material.map(|log_e| (with("material"), log_e));
            [Some(disparity), material].into_iter().flatten()
        });
        let names: Vec<&str> = SERIES.iter().copied().chain(["null"]).collect();
        self.gauge(
            "evidence_log",
            "Natural logarithm of the e-value against ratio 1 (disparity) or the critical threshold (material).",
            &names,
            hypotheses.collect(),
        );
        let each = |value: fn(&SeriesEvidence) -> Option<f64>| -> Vec<Sample<'_>> {
            rows.iter().filter_map(|(labels, evidence)| Some((labels.clone(), value(evidence)?))).collect()
        };
        self.gauge(
            "evidence_alarm_log",
            "Natural logarithm of the level at which evidence_log alarms.",
            &SERIES,
            each(|evidence| Some(evidence.alarm_at)),
        );
        self.gauge(
            "evidence_change_log",
            "Natural logarithm of the change detector against ratio 1.",
            &SERIES,
            each(|evidence| evidence.log_sr),
        );
        self.gauge(
            "evidence_dispersion",
            "How much the last block's evidence was tempered for variation between blocks; 1: not.",
            &SERIES,
            each(|evidence| Some(evidence.dispersion)),
        );
        self.gauge(
            "evidence_blocks",
            "Blocks that the evidence rests on.",
            &SERIES,
            each(|evidence| Some(count(evidence.blocks))),
        );
        self.gauge(
            "evidence_watched",
            "1 for a series on the watch list, which never pages by itself.",
            &SERIES,
            each(|evidence| Some(f64::from(u8::from(evidence.watched)))),
        );
    }

    fn funnel(&mut self, funnel: &[PublishedFunnel]) {
        let names = ["profile", "channel", "dimension", "group", "window", "stage"];
        let samples = funnel.iter().flat_map(|row| {
            let labels = |stage: Stage| -> Vec<&str> {
                vec![&row.profile, row.channel, &row.dimension, &row.group, &row.window, stage.name()]
            };
            let stages = Stage::ALL.into_iter().zip(row.stages);
            stages.filter_map(move |(stage, cases)| Some((labels(stage), count(cases?))))
        });
        self.gauge("stage_cases", "Cases in the window that have reached a stage.", &names, samples.collect());
    }

    fn late(&mut self, late: &[PublishedLate]) {
        let labels = |late: &'_ PublishedLate| -> Vec<String> {
            vec![late.profile.clone(), late.channel.to_owned(), late.dimension.clone(), late.group.clone()]
        };
        let rows: Vec<(Vec<String>, u64)> = late.iter().map(|late| (labels(late), late.cases)).collect();
        let samples =
            rows.iter().map(|(labels, cases)| (labels.iter().map(String::as_str).collect(), *cases)).collect();
        self.counter(
            "late_evidence_cases_total",
            "Cases whose facts came too late for evidence: windows count them, closed blocks do not.",
            &["profile", "channel", "dimension", "group"],
            samples,
        );
    }

    /// A state set: for every judged finding one series per verdict, 1 for the one that holds.
    fn verdicts(&mut self, findings: &[PublishedFinding]) {
        let mut names = FINDING.to_vec();
        names.push("verdict");
        let judged = findings.iter().filter_map(|finding| finding.verdict.map(|verdict| (finding, verdict)));
        let samples = judged.flat_map(|(finding, verdict)| {
            Verdict::ALL.map(|word| {
                let mut values = labels(finding);
                values.push(word.name());
                (values, f64::from(u8::from(word == verdict)))
            })
        });
        self.gauge("verdict", "1 for the verdict that holds, 0 for the others.", &names, samples.collect());
    }

    fn thresholds(&mut self, findings: &[PublishedFinding]) {
        let mut rules: Vec<&PublishedFinding> = findings.iter().collect();
        rules.dedup_by(|one, other| one.rule == other.rule);
        let samples = rules.into_iter().flat_map(|finding| {
            [("warning", finding.warning), ("critical", finding.critical), ("clear", finding.clear)]
                .map(|(severity, value)| (vec![finding.rule.as_str(), finding.measure.name(), severity], value))
        });
        self.gauge(
            "threshold",
            "Thresholds of a rule, in its measure.",
            &["rule", "measure", "severity"],
            samples.collect(),
        );
    }

    fn alerts(&mut self, alerts: &[PublishedAlert]) {
        let names = ["rule", "profile", "channel", "dimension", "group", "reference", "severity"];
        self.gauge(
            "alert_firing",
            "1 for an alert that fires, 0 for its other severity and after its end.",
            &names,
            firing(alerts),
        );
        let pending = alerts.iter().filter(|alert| alert.state == AlertState::Pending);
        let pending = pending.map(|alert| (alert_labels(alert, alert.severity), 1.0)).collect();
        self.gauge("alert_pending", "1 for an alert that has not held for long enough.", &names, pending);
        let open = alerts.iter().filter(|alert| alert.state.is_open());
        let since = open.map(|alert| (alert_labels(alert, alert.severity), seconds(alert.active_at))).collect();
        self.gauge("alert_active_timestamp_seconds", "Since when an alert's condition holds.", &names, since);
    }

    fn input(&mut self, view: &View) {
        let health = &view.health;
        let by_type = health.by_type.iter().map(|(kind, result, events)| (vec![*kind, *result], *events)).collect();
        self.counter(
            "events_total",
            "Records read, by event type and what became of them.",
            &["type", "result"],
            by_type,
        );
        let reasons = health.rejections.iter().map(|(reason, events)| (vec![*reason], *events)).collect();
        self.counter("rejected_events_total", "Records rejected, by reason.", &["reason"], reasons);
        self.counter(
            "late_events_total",
            "Accepted events later than the allowed lateness.",
            &[],
            vec![(vec![], health.late)],
        );
        let letters = &view.dead_letters;
        let results = vec![(vec!["delivered"], letters.delivered), (vec!["refused"], letters.refused)];
        self.counter("dead_letters_total", "Attempts to deliver dead letters.", &["result"], results);
        self.plain("dead_letters_pending", "Dead letters on their way.", letters.pending);
        let source = &view.source;
        let numbers: Vec<String> = source.partitions.iter().map(|partition| partition.partition.to_string()).collect();
        let partitions = || {
            source
                .partitions
                .iter()
                .zip(&numbers)
                .map(|(state, number)| (vec![state.topic.as_str(), number.as_str()], state))
        };
        let names = ["topic", "partition"];
        let lag = partitions().map(|(labels, state)| (labels, offset(state.lag))).collect();
        self.gauge("consumer_lag", "Records of a partition not read yet.", &names, lag);
        let next = partitions().map(|(labels, state)| (labels, offset(state.next_offset))).collect();
        self.gauge("consumer_offset", "Offset read next.", &names, next);
        let watermarks = partitions().filter_map(|(labels, state)| {
            let (_, watermark, _) = health.partitions.iter().find(|(index, ..)| *index == state.index)?;
            Some((labels, seconds((*watermark)?)))
        });
        self.gauge(
            "partition_watermark_timestamp_seconds",
            "Largest event time of a partition.",
            &names,
            watermarks.collect(),
        );
        self.counter(
            "consumer_errors_total",
            "Errors that the Kafka client reported.",
            &[],
            vec![(vec![], source.errors)],
        );
        self.counter(
            "consumer_reconnects_total",
            "Clients made anew because they stalled.",
            &[],
            vec![(vec![], source.reconnects)],
        );
        self.topics(&view.inputs);
        self.checkpoint(&view.checkpoint);
        self.delivery(&view.delivery);
        self.operation(view.operation);
        self.plain("consumer_fault", "1 where a partition is no longer read.", u64::from(source.fault.is_some()));
    }

    fn topics(&mut self, inputs: &InputHealth) {
        let reasons = Unsafe::ALL.into_iter().flat_map(|reason| {
            inputs.topics.iter().filter_map(move |(topic, health)| {
                Some((vec![topic.as_str(), reason.name()], f64::from(u8::from(inputs.is(reason, health)?))))
            })
        });
        self.gauge(
            "input_unsafe",
            "1 where an input topic can lose records before they are read, or overwhelm memory, by reason.",
            &["topic", "reason"],
            reasons.collect(),
        );
        let retention = inputs.topics.iter().filter_map(|(topic, health)| {
            Some((vec![topic.as_str()], offset(health.config.as_ref()?.retention?.0) / 1_000.0))
        });
        self.gauge(
            "input_retention_seconds",
            "How long an input topic keeps records; none where it keeps them for ever.",
            &["topic"],
            retention.collect(),
        );
        let known = inputs.topics.iter().filter(|(_, health)| health.config.is_some() || health.problem.is_some());
        let known = known.map(|(topic, health)| (vec![topic.as_str()], f64::from(u8::from(health.problem.is_none()))));
        self.gauge(
            "input_config_known",
            "1 where the last look at an input topic's configuration found it, 0 where it was not permitted or failed.",
            &["topic"],
            known.collect(),
        );
    }

    fn state(&mut self, view: &View) {
        let health = &view.health;
        let watermark = health.watermark.map(|watermark| (vec![], seconds(watermark))).into_iter().collect();
        self.gauge("watermark_timestamp_seconds", "Event time up to which all partitions have come.", &[], watermark);
        self.plain("open_cases", "Cases open.", health.open_cases);
        self.plain("waiting_cases", "Cases with events that wait for their selection.", health.waiting_cases);
        self.plain("remembered_ids", "Event ids remembered apart from open cases.", health.remembered_ids);
        self.plain("cells", "Cells in memory.", health.cells);
        self.counter(
            "evicted_cases_total",
            "Cases closed because limits.open_cases was reached.",
            &[],
            vec![(vec![], health.evicted_cases)],
        );
        self.counter(
            "dropped_waiting_cases_total",
            "Waiting cases closed without a selection.",
            &[],
            vec![(vec![], health.dropped_waiting)],
        );
        self.counter(
            "evicted_ids_total",
            "Event ids forgotten early because limits.remembered_ids was reached: a second delivery of theirs counts again.",
            &[],
            vec![(vec![], health.evicted_ids)],
        );
        self.counter(
            "refused_contributions_total",
            "What cases count for that was not counted because there were too many cells.",
            &[],
            vec![(vec![], health.refused_contributions)],
        );
        self.counter("evaluations_total", "Evaluations.", &[], vec![(vec![], health.evaluations)]);
        let took = vec![(vec![], view.evaluation_took.as_secs_f64())];
        self.gauge("evaluation_duration_seconds", "Duration of the last evaluation.", &[], took);
        let by_dimension = |counts: &'_ [(String, u64)]| -> Vec<(Vec<String>, f64)> {
            counts.iter().map(|(dimension, cases)| (vec![dimension.clone()], count(*cases))).collect()
        };
        for (name, help, counts) in [
            ("cases_without_group", "Cases without a group in a dimension.", &health.without_group),
            (
                "cases_with_probabilistic_group",
                "Cases whose group is known only as probabilities.",
                &health.probabilistic,
            ),
        ] {
            let rows = by_dimension(counts);
            let samples =
                rows.iter().map(|(labels, value)| (labels.iter().map(String::as_str).collect(), *value)).collect();
            self.gauge(name, help, &["dimension"], samples);
        }
        self.counter(
            "probabilities_dropped_total",
            "Probabilities of membership not kept because too many distinct ones were in use.",
            &[],
            vec![(vec![], health.probabilities_dropped)],
        );
        self.plain("ready", "1 when the daemon has caught up and evaluated.", u64::from(view.ready().is_ok()));
        self.gauge(
            "build_info",
            "1; the version is a label.",
            &["version"],
            vec![(vec![env!("CARGO_PKG_VERSION")], 1.0)],
        );
        self.gauge(
            "config_info",
            "1; the configuration's hash is a label.",
            &["hash"],
            vec![(vec![view.published.config_hash()], 1.0)],
        );
    }

    fn plain(&mut self, name: &str, help: &str, value: u64) {
        self.gauge(name, help, &[], vec![(vec![], count(value))]);
    }

    fn gauge(&mut self, name: &str, help: &str, labels: &[&str], samples: Vec<Sample<'_>>) {
        let Ok(family) = GaugeVec::new(options(name, help), labels) else { return };
        for (values, value) in samples.iter().filter(|(_, value)| value.is_finite()) {
            family.with_label_values(values).set(*value);
        }
        self.register(Box::new(family));
    }

    fn operation(&mut self, operation: Operation) {
        let steps = vec![(vec![], operation.clock_steps)];
        self.counter("clock_steps_total", "How often the wall clock was set.", &[], steps);
        let gaps = vec![(vec![], operation.accepted_gaps)];
        self.counter("accepted_gaps_total", "Data gaps that were accepted, over the life of the state.", &[], gaps);
        let reloads = vec![(vec!["accepted"], operation.reloads), (vec!["refused"], operation.refused_reloads)];
        self.counter("config_reloads_total", "Reloads of the configuration.", &["result"], reloads);
        let help = "0 where the last reload was refused: what is in force is not what is in the file.";
        self.plain("config_last_reload_successful", help, u64::from(!operation.refused));
    }

    fn checkpoint(&mut self, health: &CheckpointHealth) {
        let one = |seconds: f64| vec![(vec![], seconds)];
        self.gauge(
            "checkpoint_age_seconds",
            "Since the state was last brought to the disk.",
            &[],
            one(health.last.elapsed().as_secs_f64()),
        );
        self.gauge("checkpoint_bytes", "Size of the last checkpoint.", &[], one(count(health.bytes)));
        self.gauge(
            "checkpoint_duration_seconds",
            "How long the last checkpoint took, in the background.",
            &[],
            one(health.took.as_secs_f64()),
        );
        self.gauge(
            "checkpoint_stall_seconds",
            "How long the stream stood still for the last checkpoint.",
            &[],
            one(health.stall.as_secs_f64()),
        );
        let results = vec![(vec!["written"], health.written), (vec!["failed"], health.failed)];
        self.counter("checkpoints_total", "Checkpoints by what became of them.", &["result"], results);
        let unwritten = vec![(vec![], health.unwritten_transitions)];
        self.counter(
            "undurable_transitions_total",
            "Alert transitions that were told although the disk did not take them.",
            &[],
            unwritten,
        );
    }

    fn delivery(&mut self, health: &DeliveryHealth) {
        let now = EventTime(jiff::Timestamp::now().as_millisecond());
        let receivers = || health.receivers.iter().map(|receiver| (vec![receiver.name.as_str()], receiver));
        let pending = receivers().map(|(labels, receiver)| (labels, count(receiver.pending))).collect();
        self.gauge("delivery_pending", "Messages about alerts that wait for a receiver.", &["receiver"], pending);
        let age = receivers().map(|(labels, receiver)| {
            (labels, receiver.oldest.map_or(0.0, |oldest| (seconds(now) - seconds(oldest)).max(0.0)))
        });
        self.gauge(
            "delivery_oldest_pending_seconds",
            "Since what the oldest of them tells happened; 0 where none waits.",
            &["receiver"],
            age.collect(),
        );
        let overdue = receivers().filter_map(|(labels, receiver)| {
            receiver
                .overdue
                .map(|overdue| (labels, std::time::Duration::from_millis(overdue.0.unsigned_abs()).as_secs_f64()))
        });
        self.gauge(
            "delivery_resend_overdue_seconds",
            "For how long a receiver should have been told again what fires and was not; 0 where that is on time, or nothing fires.",
            &["receiver"],
            overdue.collect(),
        );
        let attempts = receivers().flat_map(|(labels, receiver)| {
            [("delivered", receiver.delivered), ("failed", receiver.failed)]
                .map(|(result, attempts)| ([labels.clone(), vec![result]].concat(), attempts))
        });
        self.counter(
            "deliveries_total",
            "Requests to a receiver (records, for kafka) by what became of them.",
            &["receiver", "result"],
            attempts.collect(),
        );
        let dropped = receivers().map(|(labels, receiver)| (labels, receiver.dropped)).collect();
        self.counter(
            "delivery_dropped_total",
            "Messages about alerts that a receiver will never get, because more than limits.outbox_messages waited for it.",
            &["receiver"],
            dropped,
        );
        self.counter(
            "outbox_undurable_total",
            "Messages about alerts, or positions of receivers, that the disk did not take at once.",
            &[],
            vec![(vec![], health.undurable)],
        );
    }

    fn counter(&mut self, name: &str, help: &str, labels: &[&str], samples: Vec<(Vec<&str>, u64)>) {
        let Ok(family) = prometheus::IntCounterVec::new(options(name, help), labels) else { return };
        for (values, value) in &samples {
            family.with_label_values(values).inc_by(*value);
        }
        self.register(Box::new(family));
    }

    fn register(&mut self, family: Box<dyn Collector>) {
        // Names are constants of this file and differ from one another, which its test holds.
        let _ = self.registry.register(family);
    }

    fn text(&self) -> String {
        let mut bytes = Vec::new();
        // Writing to memory cannot fail, and the text is UTF-8.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut bytes);
        String::from_utf8(bytes).unwrap_or_default()
    }
}

fn options(name: &str, help: &str) -> Opts {
    Opts::new(format!("paritywatch_{name}"), help)
}

fn labels(finding: &PublishedFinding) -> Vec<&str> {
    vec![
        &finding.rule,
        &finding.profile,
        finding.channel,
        &finding.dimension,
        &finding.group,
        &finding.reference,
        finding.indicator.name(),
        &finding.window,
    ]
}

/// The labels of a series: all of a finding but the window.
fn series_labels(finding: &PublishedFinding) -> Vec<&str> {
    let mut labels = labels(finding);
    labels.pop();
    labels
}

/// What fires, and a 0 for what no longer does: a series that vanished could not be told from a scrape that was missed, and rules look
/// back over those (`deploy/prometheus`).
fn firing(alerts: &[PublishedAlert]) -> Vec<Sample<'_>> {
    let fired = || alerts.iter().rev().filter(|alert| alert.fired_at.is_some());
    let ended = fired().filter(|alert| alert.state != AlertState::Firing).take(MAX_ENDED_SHOWN);
    let mut samples = BTreeMap::new();
    for alert in fired().filter(|alert| alert.state == AlertState::Firing).chain(ended) {
        for severity in [Severity::Warning, Severity::Critical] {
            let fires = alert.state == AlertState::Firing && alert.severity == severity;
            let value = samples.entry(alert_labels(alert, severity)).or_insert(0.0);
            *value = f64::from(u8::from(fires)).max(*value);
        }
    }
    samples.into_iter().collect()
}

fn alert_labels(alert: &PublishedAlert, severity: Severity) -> Vec<&str> {
    let finding = &alert.evidence;
    vec![
        &finding.rule,
        &finding.profile,
        finding.channel,
        &finding.dimension,
        &finding.group,
        &finding.reference,
        severity.name(),
    ]
}

fn stratified(finding: &PublishedFinding) -> Option<Measured> {
    finding.stratified.as_ref().map(|(_, ratio, _)| *ratio)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn count(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "offsets are far below 2^53")]
const fn offset(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this century are far below 2^53")]
fn seconds(time: EventTime) -> f64 {
    time.0 as f64 / 1_000.0
}
