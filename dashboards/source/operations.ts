// The daemon itself: does it read, judge, remember and deliver?

import * as common from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board, lines, lists, number, row, several, timeline, wordsFor } from './parts';
import { COLOUR, UID } from './words';

const DAEMON = 'job=~"$job", instance=~"$instance"';
const TOPIC = `${DAEMON}, topic=~"$topic"`;

export function operations(): Dashboard {
  return board(
    UID.operations,
    'paritywatch: operations',
    'The daemon itself: input, evaluation, state, checkpoints, audit log and history, delivery of alerts.',
    'now-6h',
  )
    .withVariable(several('instance', 'Instance', 'Daemons by their address.', 'paritywatch_ready{job=~"$job"}').allValue('.+'))
    .withVariable(several('topic', 'Topic', 'Kafka topics that are read.', `paritywatch_consumer_offset{${DAEMON}}`).allValue('.+'))
    .withRow(row('Is it there?'))
    .withPanel(readiness())
    .withPanel(reading())
    .withPanel(configurationAccepted())
    .withPanel(lastScrape())
    .withPanel(versions())
    .withRow(row('Input'))
    .withPanel(lag())
    .withPanel(watermarkAge())
    .withPanel(events())
    .withPanel(rejected())
    .withPanel(deadLetters())
    .withPanel(deadLettersPending())
    .withPanel(lateEvents())
    .withPanel(client())
    .withPanel(unsafe())
    .withPanel(settingsKnown())
    .withPanel(retention())
    .withRow(row('What is not counted'))
    .withPanel(missingByCause())
    .withPanel(setAside())
    .withPanel(onNoList())
    .withPanel(groupsMissing())
    .withPanel(released())
    .withPanel(limits())
    .withPanel(lateByPartition())
    .withPanel(lateByGroup())
    .withPanel(watermarkAhead())
    .withRow(row('Evaluation'))
    .withPanel(evaluationDuration())
    .withPanel(evaluations())
    .withRow(row('Checkpoints'))
    .withPanel(checkpointAge())
    .withPanel(checkpointTime())
    .withPanel(checkpointBytes())
    .withPanel(checkpoints())
    .withRow(row('What is kept'))
    .withPanel(auditEntries())
    .withPanel(auditLost())
    .withPanel(historySize())
    .withPanel(historyEntries())
    .withPanel(historyAge())
    .withPanel(keptTrouble())
    .withRow(row('State and limits'))
    .withPanel(cases())
    .withPanel(cells())
    .withRow(row('Delivery of alerts'))
    .withPanel(deliveryPending())
    .withPanel(deliveryOldest())
    .withPanel(deliveries())
    .withPanel(undelivered())
    .withRow(row('Changes'))
    .withPanel(reloads())
    .withPanel(clockSteps())
    .withPanel(gaps())
    .build();
}

/** Of each daemon. */
function each(metric: string): string {
  return `paritywatch_${metric}{${DAEMON}}`;
}

function perSecond(metric: string, by: string): string {
  return `sum by (${by}) (rate(paritywatch_${metric}{${DAEMON}}[$__rate_interval]))`;
}

const INSTANCE = '{{instance}}';

// ---- Is it there? ----

function readiness() {
  return timeline({
    title: 'Ready',
    description: 'Ready: what was there at the start has been read, every partition is read, and it has evaluated. Otherwise `/-/ready` says why not.',
    unit: 'none',
    width: 8,
    height: 5,
    queries: [{ expr: each('ready'), legend: INSTANCE }],
    alert: 'ParitywatchNotReady',
  }).mappings(wordsFor([1, '● ready', COLOUR.blue], [0, '✕ not ready', COLOUR.vermilion]));
}

function reading() {
  return timeline({
    title: 'Partitions are read',
    description:
      'A partition stops when its log has a gap or was made anew: nothing is skipped in silence. `paritywatch accept-gap` lets it go on, with a reason.',
    unit: 'none',
    width: 8,
    height: 5,
    queries: [{ expr: each('consumer_fault'), legend: INSTANCE }],
    alert: 'ParitywatchConsumerFault',
  }).mappings(wordsFor([1, '✕ a partition has stopped', COLOUR.vermilion], [0, '● all are read', COLOUR.blue]));
}

function configurationAccepted() {
  return timeline({
    title: 'Configuration in force is that of the file',
    description: 'No: the last reload was refused because the file is wrong, and the rules from before are in force.',
    unit: 'none',
    width: 8,
    height: 5,
    queries: [{ expr: each('config_last_reload_successful'), legend: INSTANCE }],
    alert: 'ParitywatchReloadFailed',
  }).mappings(wordsFor([1, '● yes', COLOUR.blue], [0, '✕ no, the reload was refused', COLOUR.vermilion]));
}

function lastScrape() {
  return number({
    title: 'Since Prometheus last heard from it',
    description: 'Time since the last scrape of each daemon that was scraped within the last day.',
    unit: 's',
    width: 8,
    decimals: 0,
    noValue: 'Not heard from within a day',
    queries: [
      {
        expr: `time() - max by (instance) (max_over_time(timestamp(${each('ready')})[1d:1m]))`,
        legend: INSTANCE,
      },
    ],
    alert: 'ParitywatchDown',
  });
}

function versions() {
  return lists({
    title: 'Version and configuration',
    description: 'Which version runs with which configuration. The hash is in every alert and report: it tells which thresholds were in force.',
    unit: 'none',
    width: 16,
    height: 4,
    link: [],
    columns: [
      'instance',
      'version',
      'hash',
      {
        title: 'running',
        decimals: 0,
        expr:
          `max by (instance, version, hash) (${each('build_info')} * on (job, instance) group_left (hash) ${each('config_info')})`,
      },
    ],
  });
}

// ---- Input ----

function lag() {
  return lines({
    title: 'Lag',
    description: 'Records that are in Kafka and not read yet, by partition. It must come back to 0 again and again.',
    unit: 'short',
    width: 12,
    decimals: 0,
    queries: [{ expr: `max by (topic, partition) (paritywatch_consumer_lag{${TOPIC}})`, legend: '{{topic}} {{partition}}' }],
    alert: 'ParitywatchConsumerLag',
  }).min(0);
}

function watermarkAge() {
  return lines({
    title: 'Watermark age',
    description:
      'How far the newest event time is behind the present: of each partition, and of the watermark, up to which all have come. The slowest ' +
      'partition that is not idle holds it back.',
    unit: 's',
    width: 12,
    queries: [
      { expr: `time() - max by (instance) (${each('watermark_timestamp_seconds')})`, legend: 'watermark {{instance}}' },
      {
        expr: `time() - max by (topic, partition) (paritywatch_partition_watermark_timestamp_seconds{${TOPIC}})`,
        legend: '{{topic}} {{partition}}',
      },
    ],
    alert: 'ParitywatchWatermarkStalled',
  });
}

function events() {
  return lines({
    title: 'Events by type and result',
    description: 'Records read per second, by event type and what became of them: accepted, duplicate, too late, rejected and so on.',
    unit: 'cps',
    width: 12,
    // What has never come has a series of 0, so that its first jump is seen.
    queries: [{ expr: perSecond('events_total', 'type, result'), legend: '{{type}}: {{result}}' }],
  })
    .min(0)
    .fillOpacity(30)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
}

function rejected() {
  return lines({
    title: 'Rejected events by reason',
    description:
      'Records that are not by the contract, since the start of the daemon (a rate would not show the first of a reason). Each goes to the ' +
      'dead-letter topic, as a pointer.',
    unit: 'short',
    width: 12,
    decimals: 0,
    queries: [{ expr: `sum by (reason) (${each('rejected_events_total')}) > 0`, legend: '{{reason}}' }],
    alert: 'ParitywatchDeadLetters',
  }).min(0);
}

function deadLetters() {
  return lines({
    title: 'Dead letters',
    description: 'Attempts per second to write to the dead-letter topic. Refused ones are tried again; until then no checkpoint is written.',
    unit: 'cps',
    width: 12,
    queries: [{ expr: perSecond('dead_letters_total', 'result'), legend: '{{result}}' }],
    alert: 'ParitywatchDeadLetters',
  }).min(0);
}

function deadLettersPending() {
  return lines({
    title: 'Dead letters on their way',
    description: 'Dead letters not delivered yet. A number that stays means that the topic cannot be written.',
    unit: 'none',
    width: 12,
    decimals: 0,
    queries: [{ expr: each('dead_letters_pending'), legend: INSTANCE }],
    alert: 'ParitywatchDeadLettersUndelivered',
  }).min(0);
}

function lateEvents() {
  return lines({
    title: 'Late events and late evidence',
    description:
      'Accepted events per second that came later than `allowed_lateness`, judged by their own partition; and cases that came too late for ' +
      'evidence, over all groups. Windows count both.',
    unit: 'cps',
    width: 12,
    queries: [
      { expr: perSecond('late_events_total', 'instance'), legend: 'late events {{instance}}' },
      { expr: perSecond('late_evidence_cases_total', 'instance'), legend: 'late for evidence {{instance}}' },
    ],
  }).min(0);
}

function client() {
  return lines({
    title: 'Kafka client: errors and reconnects',
    description: 'Errors that the client reported, and clients made anew because they stalled, per second.',
    unit: 'cps',
    width: 12,
    queries: [
      { expr: perSecond('consumer_errors_total', 'instance'), legend: 'errors {{instance}}' },
      { expr: perSecond('consumer_reconnects_total', 'instance'), legend: 'reconnects {{instance}}' },
    ],
    alert: 'ParitywatchConsumerFault',
  }).min(0);
}

function unsafe() {
  return timeline({
    title: 'Inputs that may lose records',
    description:
      'A topic that is compacted, or keeps records for too short a time, may lose what has not been read. The counts would then be wrong ' +
      'without anything being seen in them.',
    unit: 'none',
    width: 8,
    queries: [
      { expr: `max by (topic, reason) (paritywatch_input_unsafe{${TOPIC}})`, legend: '{{topic}}: {{reason}}' },
    ],
    alert: 'ParitywatchInputUnsafe',
  }).mappings(wordsFor([1, '✕ unsafe', COLOUR.vermilion], [0, '● safe', COLOUR.blue]));
}

function settingsKnown() {
  return timeline({
    title: "Topics' settings are known",
    description:
      'Whether the last look at the settings of a topic found them. Not: it was not permitted (`DESCRIBE_CONFIGS`) or failed, and nobody ' +
      'knows whether the topic may lose records.',
    unit: 'none',
    width: 8,
    queries: [{ expr: `max by (topic) (paritywatch_input_config_known{${TOPIC}})`, legend: '{{topic}}' }],
    alert: 'ParitywatchInputUnsafe',
  }).mappings(wordsFor([1, '● known', COLOUR.blue], [0, '✕ not known', COLOUR.vermilion]));
}

function retention() {
  return number({
    title: 'Retention of the inputs',
    description: 'How long each topic keeps its records. It must cover the longest standstill. Nothing is shown for a topic that keeps them for ever.',
    unit: 's',
    width: 8,
    height: 8,
    noValue: 'Kept for ever, or not known',
    queries: [{ expr: `min by (topic) (paritywatch_input_retention_seconds{${TOPIC}})`, legend: '{{topic}}' }],
    alert: 'ParitywatchInputUnsafe',
  });
}

// ---- What is not counted ----

function missingByCause() {
  const cases = each('missing_cases');
  const part = `${cases} / ignoring (cause) group_left () sum without (cause) (${cases})`;
  return lines({
    title: 'Missing share by cause',
    description:
      'The largest share of cases that a finding of a profile misses, on either side, by cause, and the largest share of events such as the ' +
      'selected. With either above `coverage.max_missing` a finding is "incomplete" where it would be "within". Nothing is shown for a cause ' +
      'that nothing is missing by.',
    unit: 'percentunit',
    width: 12,
    noValue: 'Nothing is missing, or no data.',
    queries: [
      {
        expr: `max by (profile, cause) (${part} * ignoring (cause) group_left () ${each('missing_share')})`,
        legend: '{{profile}}: {{cause}}',
      },
      {
        expr: `max by (profile) (${each('missing_event_share')})`,
        legend: '{{profile}}: of the events',
      },
    ],
    alert: 'ParitywatchIncompleteFindings',
  }).min(0);
}

function setAside() {
  const results = 'conflict|mismatched|rejected|too_late|unknown_profile|unknown_type';
  const selector = `${DAEMON}, result=~"${results}"`;
  return lines({
    title: 'Records set aside, within an hour',
    description:
      'Records that were read and do not count: what contradicts another event of its case (conflict), an identity that another event has (mismatched), ' +
      'broken, older than the history, of a profile or type that is on no list.',
    unit: 'short',
    width: 12,
    decimals: 0,
    queries: [{ expr: `sum by (result) (increase(paritywatch_events_total{${selector}}[1h]))`, legend: '{{result}}' }],
    alert: 'ParitywatchConflicts',
  }).min(0);
}

function onNoList() {
  return lines({
    title: 'Cases whose group is on no list',
    description:
      'Cases within the history: of a group that no list has (unlisted), and of one that differs from a listed group by its spelling only ' +
      '(look-alike; an alias resolves it). The status page and the evaluation name the values.',
    unit: 'short',
    width: 12,
    decimals: 0,
    queries: [{ expr: `max by (dimension, kind) (${each('unlisted_cases')})`, legend: '{{dimension}}: {{kind}}' }],
    alert: 'ParitywatchUnlistedGroups',
  }).min(0);
}

function released() {
  return lines({
    title: 'Cases let go before their group came',
    description:
      'Cases let go without a value in a dimension that a rule reads, over the life of the state: membership came too late or never ' +
      '(`limits.membership_horizon`).',
    unit: 'short',
    width: 12,
    decimals: 0,
    queries: [{ expr: `max by (dimension) (${each('cases_released_without_group_total')})`, legend: '{{dimension}}' }],
    alert: 'ParitywatchReleasedCases',
  }).min(0);
}

function lateByPartition() {
  const buckets = `sum by (le, topic, partition) (paritywatch_event_lateness_seconds_bucket{${TOPIC}})`;
  return lines({
    title: 'Lateness by partition',
    description:
      'How far all but one in twenty of the events of a partition were behind its watermark, at most, since the start of the daemon. What is ' +
      'later than `allowed_lateness` is missing from evidence.',
    unit: 's',
    width: 8,
    queries: [{ expr: `histogram_quantile(0.95, ${buckets}) >= 0`, legend: '{{topic}} {{partition}}' }],
    alert: 'ParitywatchFeedLate',
  }).min(0);
}

function lateByGroup() {
  return lines({
    title: 'Lateness by group',
    description:
      'The same by group, for those with at least 100 events. A group that is regularly later than `allowed_lateness` never alarms: its ' +
      'findings are "incomplete".',
    unit: 's',
    width: 8,
    queries: [
      { expr: `max by (dimension, group) (${each('group_lateness_seconds')})`, legend: '{{dimension}}: {{group}}' },
    ],
    alert: 'ParitywatchFeedLate',
  }).min(0);
}

function watermarkAhead() {
  return lines({
    title: 'Watermark ahead of the clock',
    description:
      'By how much the watermark is ahead of the present; 0 where it is behind, as it should be. Ahead, events that are on time are late for ' +
      'the evidence: a clock is wrong, of the machine or of most producers.',
    unit: 's',
    width: 8,
    queries: [
      { expr: `clamp_min(max by (instance) (${each('watermark_timestamp_seconds')}) - time(), 0)`, legend: INSTANCE },
    ],
    alert: 'ParitywatchWatermarkAhead',
  }).min(0);
}

// ---- Evaluation ----

function evaluationDuration() {
  return lines({
    title: 'Duration of the last evaluation',
    description: 'It must stay well below `evaluate_every`.',
    unit: 's',
    width: 12,
    queries: [{ expr: each('evaluation_duration_seconds'), legend: INSTANCE }],
    alert: 'ParitywatchEvaluationOverdue',
  }).min(0);
}

function evaluations() {
  return lines({
    title: 'Evaluations',
    description: 'Evaluations per second. None: verdicts are not looked at any more.',
    unit: 'cps',
    width: 12,
    queries: [{ expr: perSecond('evaluations_total', 'instance'), legend: INSTANCE }],
    alert: 'ParitywatchEvaluationOverdue',
  }).min(0);
}

// ---- Checkpoints ----

function checkpointAge() {
  return lines({
    title: 'Age of the checkpoint',
    description: 'Time since the state was last brought to the disk. After a crash, what came since is read again.',
    unit: 's',
    width: 6,
    queries: [{ expr: each('checkpoint_age_seconds'), legend: INSTANCE }],
    alert: 'ParitywatchCheckpointOld',
  }).min(0);
}

function checkpointTime() {
  return lines({
    title: 'Duration and stall of the last checkpoint',
    description: 'Duration: in the background. Stall: how long the stream stood still for it.',
    unit: 's',
    width: 6,
    queries: [
      { expr: each('checkpoint_duration_seconds'), legend: 'duration {{instance}}' },
      { expr: each('checkpoint_stall_seconds'), legend: 'stall {{instance}}' },
    ],
    alert: 'ParitywatchCheckpointOld',
  }).min(0);
}

function checkpointBytes() {
  return lines({
    title: 'Size of the last checkpoint',
    description: 'It grows with the open cases; the disk must hold two.',
    unit: 'bytes',
    width: 6,
    queries: [{ expr: each('checkpoint_bytes'), legend: INSTANCE }],
  }).min(0);
}

function checkpoints() {
  return lines({
    title: 'Checkpoints and transitions',
    description:
      'Checkpoints per second, written and failed; and changes of alerts, and messages about them, that went on although the disk did not ' +
      'take them.',
    unit: 'cps',
    width: 6,
    queries: [
      { expr: perSecond('checkpoints_total', 'result'), legend: '{{result}}' },
      { expr: perSecond('undurable_transitions_total', 'instance'), legend: 'transitions not on the disk {{instance}}' },
      { expr: perSecond('outbox_undurable_total', 'instance'), legend: 'messages not on the disk {{instance}}' },
    ],
    alert: 'ParitywatchCheckpointOld',
  }).min(0);
}

// ---- What is kept ----

function auditEntries() {
  return lines({
    title: 'Entries of the audit log',
    description: 'All entries, those that the checkpoint on the disk signs (a second later at most), and what waits for the disk.',
    unit: 'short',
    width: 8,
    queries: [
      { expr: each('audit_entries'), legend: 'entries {{instance}}' },
      { expr: each('audit_signed_entries'), legend: 'signed {{instance}}' },
      { expr: each('audit_waiting_entries'), legend: 'waiting {{instance}}' },
    ],
    alert: 'ParitywatchAuditLog',
  }).min(0);
}

function auditLost() {
  return lines({
    title: 'Audit log not written',
    description: 'Per second: attempts that the disk refused, which are tried again, and what will never be in the log, because too much waited.',
    unit: 'cps',
    width: 8,
    queries: [
      { expr: perSecond('audit_write_failures_total', 'instance'), legend: 'refused {{instance}}' },
      { expr: perSecond('audit_lost_entries_total', 'instance'), legend: 'lost {{instance}}' },
    ],
    alert: 'ParitywatchAuditLog',
  }).min(0);
}

function historySize() {
  return lines({
    title: 'Size of the history',
    description: 'Bytes on the disk. Beyond `history.max_bytes` the oldest days are removed.',
    unit: 'bytes',
    width: 8,
    queries: [{ expr: each('history_bytes'), legend: INSTANCE }],
    alert: 'ParitywatchHistory',
  }).min(0);
}

function historyEntries() {
  return lines({
    title: 'Entries of the history',
    description:
      'Per second, by what became of what the history was to take: written, failed, dropped (its queue was full), or earlier than its last entry, ' +
      'as after a crash.',
    unit: 'cps',
    width: 8,
    queries: [{ expr: perSecond('history_entries_total', 'result'), legend: '{{result}}' }],
    alert: 'ParitywatchHistory',
  }).min(0);
}

function historyAge() {
  return lines({
    title: 'Releases and days of the history',
    description: 'Releases that are kept, and days. Of older days (`history.full_resolution`) one release stays.',
    unit: 'short',
    width: 8,
    queries: [
      { expr: each('history_releases'), legend: 'releases {{instance}}' },
      { expr: each('history_dates'), legend: 'days {{instance}}' },
    ],
  }).min(0);
}

function keptTrouble() {
  return lines({
    title: 'Damage and trouble',
    description:
      '1 where an audit log is not as it was written, where it cannot be written, and where something is wrong with the history; files of the ' +
      'history that are damaged; notes of reports that cannot be read. `/api/v1/health` says what it is.',
    unit: 'none',
    width: 8,
    decimals: 0,
    queries: [
      { expr: each('audit_log_damaged'), legend: 'audit log damaged {{instance}}' },
      { expr: each('audit_log_unwritable'), legend: 'audit log not writable {{instance}}' },
      { expr: each('audit_unreadable_notes'), legend: 'notes of reports {{instance}}' },
      { expr: each('history_trouble'), legend: 'history {{instance}}' },
      { expr: each('history_damaged_files'), legend: 'damaged files of the history {{instance}}' },
    ],
    alert: 'ParitywatchAuditLog',
  }).min(0);
}

// ---- State and limits ----

function cases() {
  return lines({
    title: 'Cases and ids in memory',
    description:
      'Open cases (limit: `limits.open_cases`), cases with events that wait for their selection (`limits.waiting_events`), and event ids ' +
      'remembered apart (`limits.dedupe_horizon`). Memory follows the open cases.',
    unit: 'short',
    width: 12,
    queries: [
      { expr: each('open_cases'), legend: 'open cases {{instance}}' },
      { expr: each('waiting_cases'), legend: 'waiting cases {{instance}}' },
      { expr: each('remembered_ids'), legend: 'remembered ids {{instance}}' },
    ],
    alert: 'ParitywatchLimitReached',
  }).min(0);
}

function cells() {
  return lines({
    title: 'Cells, and series left out',
    description:
      'Cells of counts in memory; and series of findings that are not exported because of `limits.series`: those findings are on no dashboard.',
    unit: 'short',
    width: 12,
    queries: [
      { expr: each('cells'), legend: 'cells {{instance}}' },
      { expr: each('series_dropped'), legend: 'series left out {{instance}}' },
    ],
    alert: 'ParitywatchLimitReached',
  }).min(0);
}

function limits() {
  return lines({
    title: 'What limits cost',
    description:
      'Closed, forgotten or not counted per second because a limit was reached: open cases, cases that waited for a selection, probabilities, ' +
      'remembered event ids, cells. Anything above 0 means that counts are no longer right.',
    unit: 'cps',
    width: 12,
    queries: [
      { expr: perSecond('evicted_cases_total', 'instance'), legend: 'open cases {{instance}}' },
      { expr: perSecond('dropped_waiting_cases_total', 'instance'), legend: 'waiting cases {{instance}}' },
      { expr: perSecond('probabilities_dropped_total', 'instance'), legend: 'probabilities {{instance}}' },
      { expr: perSecond('evicted_ids_total', 'instance'), legend: 'remembered ids {{instance}}' },
      { expr: perSecond('refused_contributions_total', 'instance'), legend: 'cells {{instance}}' },
    ],
    alert: 'ParitywatchLimitReached',
  }).min(0);
}

function groupsMissing() {
  return lines({
    title: 'Cases whose group is not known',
    description: 'Cases without a value in a dimension, and those with probabilities only: a failing join shows here first.',
    unit: 'short',
    width: 12,
    queries: [
      { expr: `max by (dimension) (${each('cases_without_group')})`, legend: '{{dimension}}: no group' },
      { expr: `max by (dimension) (${each('cases_with_probabilistic_group')})`, legend: '{{dimension}}: probabilities only' },
    ],
    alert: 'ParitywatchGroupMissing',
  }).min(0);
}

// ---- Delivery of alerts ----

function deliveryPending() {
  return lines({
    title: 'Alerts on their way',
    description: 'Messages about alerts that a receiver (Alertmanager, webhook, Kafka topic) has not taken yet.',
    unit: 'none',
    width: 6,
    decimals: 0,
    noValue: 'No receiver is configured, or no data.',
    queries: [{ expr: `max by (receiver) (${each('delivery_pending')})`, legend: '{{receiver}}' }],
    alert: 'ParitywatchDeliveryFailing',
  }).min(0);
}

function deliveryOldest() {
  return lines({
    title: 'Longest wait for a receiver',
    description:
      'Since when the oldest message waits that a receiver has not taken yet: somebody is not being told. Where an Alertmanager is told again ' +
      'too late what fires, by how much: it then takes it for resolved. 0 where none waits.',
    unit: 's',
    width: 6,
    noValue: 'No receiver is configured, or no data.',
    queries: [
      { expr: `max by (receiver) (${each('delivery_oldest_pending_seconds')})`, legend: '{{receiver}}' },
      { expr: `max by (receiver) (${each('delivery_resend_overdue_seconds')})`, legend: '{{receiver}}: told again too late' },
    ],
    alert: 'ParitywatchDeliveryFailing',
  }).min(0);
}

function deliveries() {
  return lines({
    title: 'Deliveries by result',
    description: 'Requests per second to each receiver (records, for Kafka). What fires is sent to Alertmanagers again and again.',
    unit: 'cps',
    width: 6,
    noValue: 'No receiver is configured, or no data.',
    queries: [{ expr: perSecond('deliveries_total', 'receiver, result'), legend: '{{receiver}}: {{result}}' }],
    alert: 'ParitywatchDeliveryFailing',
  }).min(0);
}

function undelivered() {
  return number({
    title: 'Given up',
    description: 'Messages about alerts that a receiver will never get, because too many waited for it (`limits.outbox_messages`).',
    unit: 'none',
    width: 6,
    height: 8,
    noValue: 'No receiver is configured, or no data.',
    queries: [{ expr: `max by (receiver) (${each('delivery_dropped_total')})`, legend: '{{receiver}}' }],
    alert: 'ParitywatchDeliveryFailing',
  });
}

// ---- Changes ----

function reloads() {
  return lines({
    title: 'Reloads of the configuration',
    description: 'Reloads since the start of the daemon: accepted and refused.',
    unit: 'none',
    width: 8,
    decimals: 0,
    queries: [{ expr: `max by (instance, result) (${each('config_reloads_total')})`, legend: '{{result}} {{instance}}' }],
    alert: 'ParitywatchReloadFailed',
  }).min(0);
}

function clockSteps() {
  return lines({
    title: 'Steps of the wall clock',
    description: 'How often the wall clock was set since the start. Durations (idle, stale, `for`) go on evenly all the same.',
    unit: 'none',
    width: 8,
    decimals: 0,
    queries: [{ expr: each('clock_steps_total'), legend: INSTANCE }],
  }).min(0);
}

function gaps() {
  return number({
    title: 'Data gaps accepted',
    description: 'Gaps in the input that somebody accepted with a reason, over the life of the state. Counts lack what was in them.',
    unit: 'none',
    width: 8,
    height: 8,
    queries: [{ expr: each('accepted_gaps_total'), legend: INSTANCE }],
    alert: 'ParitywatchConsumerFault',
  });
}
