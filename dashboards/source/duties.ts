// What the rules of other kinds than `disparity` found: each rule, what it is about, and the numbers that it rests on.

import * as common from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { bars, board, lines, lists, mark, number, row, several, timeline, verdictMappings, words } from './parts';
import { about, ALERT, FINDING, latest, ofDuties, worstVerdict } from './promql';
import { UID } from './words';

const FINDINGS = 'job=~"$job", profile=~"$profile", rule=~"$rule"';
/** What a rule of kind `benchmark` says of a rule that it serves. */
const SERVED = `${FINDINGS}, subject!="", reference="random"`;
/** Of all cases, and of risk classes. */
const FOLLOWED = `${FINDINGS}, group="", indicator="follow_through"`;
const HITS = `${FINDINGS}, group="", subject="", reference="random", indicator="hit_rate"`;
const OUTCOMES = `${FINDINGS}, indicator="outcome_coverage"`;
/** Criteria are counted by no indicator. */
const CRITERIA = `${FINDINGS}, indicator="", subject!="", subject!="decided_by"`;
/** Complaints, or overturned hits, of groups and of months. Decided complaints (`upheld`) are judged by nothing. */
const COMPLAINTS = `${FINDINGS}, indicator=~"complaint_rate|overturn_rate"`;
/** Versions and periods against the ones before. */
const COMPARED = `${FINDINGS}, reference=~"baseline|reference_period", indicator!="complaint_rate"`;
/** Changes of a disparity: compared with nothing but itself. */
const CHANGES = `${FINDINGS}, reference="", group!="", indicator!="", indicator!="follow_through"`;
/** What names a finding in tables and legends. */
const NAMED = 'rule, profile, channel, about, window';
const LEGEND = '{{profile}} {{rule}}: {{about}} ({{window}})';

/** Why a panel may rightly be empty. */
const WITHHELD = 'No such rule, or the numbers are withheld because they are small, or no data. No data is not fair.';

export function duties(): Dashboard {
  const of = (selector: string) => `paritywatch_finding_reason{job=~"$job"${selector}}`;
  return board(
    UID.duties,
    'paritywatch: duties',
    'What rules of other kinds than disparity found: criteria, human decisions, the random sample, suitability, outcomes, complaints, drift, silence.',
    'now-7d',
  )
    .withVariable(several('profile', 'Profile', 'Profiles to show.', of('')).allValue('.+'))
    .withVariable(several('rule', 'Rule', 'Rules to show.', of(', profile=~"$profile"')).allValue('.+'))
    .withRow(row('What holds now'))
    .withPanel(firing())
    .withPanel(worst())
    .withPanel(howToRead())
    .withPanel(verdicts())
    .withPanel(inNumbers())
    .withPanel(overTime())
    .withRow(row('Evidence'))
    .withPanel(evidenceShare())
    .withPanel(needed())
    .withRow(row('Criteria and decisions: what a selection rests on'))
    .withPanel(criteria())
    .withPanel(decisions())
    .withPanel(followThrough())
    .withRow(row('The random sample, and what the profile finds beyond it'))
    .withPanel(randomSize())
    .withPanel(randomNeeded())
    .withPanel(hitRates())
    .withPanel(advantage())
    .withRow(row('Outcomes of controls'))
    .withPanel(coverage())
    .withPanel(unequal())
    .withRow(row('Complaints and overturned hits'))
    .withPanel(complaints())
    .withPanel(complaintRatio())
    .withRow(row('Association: what a criterion stands for'))
    .withPanel(association())
    .withPanel(associationDifference())
    .withPanel(carried())
    .withRow(row('Drift: new versions, changes, and what feeds itself'))
    .withPanel(drift())
    .withPanel(driftLimits())
    .withPanel(change())
    .withRow(row('Silence: what is no longer heard of'))
    .withPanel(silence())
    .withPanel(silent())
    .build();
}

// ---- What holds now ----

function firing() {
  const counted = `sum(${ofDuties(latest('alert_firing', FINDINGS, ALERT))})`;
  return number({
    title: 'Alerts of duties firing',
    description:
      'Alerts of these rules that fire now. Each is evidence that compliance must look at, and no legal judgement. 0 is shown only while the ' +
      'daemon answers and has judged; otherwise nothing is shown.',
    unit: 'none',
    width: 4,
    height: 8,
    queries: [{ expr: `${counted} or 0 * (max(paritywatch_ready{job=~"$job"}) == 1)`, legend: 'firing' }],
    alert: 'ParitywatchDuty',
  });
}

function worst() {
  return number({
    title: 'Worst verdict of each rule',
    description:
      'The worst verdict of each rule over all profiles, subjects, groups and windows. "within" says that the rule found nothing of what it ' +
      'watches for; it does not say that the duty is met.',
    unit: 'none',
    width: 10,
    height: 8,
    queries: [{ expr: `max by (rule) ${ofDuties(worstVerdict(FINDINGS, 'rule'))}`, legend: '{{rule}}' }],
    alert: 'ParitywatchDuty',
  })
    .mappings(verdictMappings())
    .colorMode(common.BigValueColorMode.Value)
    .textMode(common.BigValueTextMode.ValueAndName);
}

function howToRead() {
  return words(
    'How to read this',
    'What the rules of duties say, and what they do not say.',
    [
      'These rules give **evidence, not a legal judgement**. The reason beside each verdict says in a word what was found.',
      '',
      '- A count (criteria, decisions, the size of the random sample) holds at once. What rests on evidence alarms late and stands long.',
      '- **A higher hit rate in a group that is checked more often justifies nothing.** It compares average cases, not those at the threshold.',
      '- Where there is nothing to compare with, the verdict is never "within".',
      '- Small numbers are withheld; verdict and reason never are. **No data is not fair.**',
    ].join('\n'),
    10,
    8,
  );
}

/** One reason for each finding, also where a standby has not judged alike yet. */
function reasons(): string {
  return `topk by (${FINDING}) (1, ${latest('finding_reason', FINDINGS, `${FINDING}, reason`)})`;
}

function verdicts() {
  const reasoned = `${worstVerdict(FINDINGS, FINDING)} * on (${FINDING}) group_left (reason) ${reasons()}`;
  return lists({
    title: 'Verdict and reason of each rule and subject',
    description:
      'One line for each finding: what the rule says of a criterion, of who decides, of a group, of the rule that needs a random sample, or of ' +
      'all cases. Each reason is explained in docs/rules.md.',
    unit: 'none',
    width: 24,
    height: 10,
    alert: 'ParitywatchDuty',
    link: ['profile'],
    columns: [
      { title: 'verdict', verdict: true, expr: about(reasoned, `${NAMED}, reason`) },
      'reason',
      'rule',
      'about',
      'profile',
      'channel',
      'window',
    ],
  }).sortBy([new common.TableSortByFieldStateBuilder().displayName('verdict').desc(true)]);
}

function inNumbers() {
  const now = (metric: string) => about(ofDuties(latest(metric, FINDINGS, FINDING)), NAMED);
  return lists({
    title: 'Findings in numbers',
    description:
      'What each finding counts: of a criterion the cases with it, of decisions those by automation, of outcomes those that are known, of ' +
      'suitability hits of the profile against those of the random sample. Empty cells are unknown or withheld.',
    unit: 'none',
    width: 24,
    height: 10,
    alert: 'ParitywatchDuty',
    link: ['profile'],
    columns: [
      'rule',
      'about',
      { title: 'found', unit: 'percentunit', decimals: 2, expr: now('group_rate_ratio') },
      { title: 'events', decimals: 0, expr: now('group_events') },
      { title: 'of', decimals: 0, expr: now('group_exposed') },
      { title: 'compared with', unit: 'percentunit', decimals: 2, expr: now('reference_rate_ratio') },
      { title: 'compared, of', decimals: 0, expr: now('reference_exposed') },
      { title: 'needed', decimals: 0, expr: now('needed_exposed') },
      'window',
      'channel',
      'profile',
    ],
  });
}

function overTime() {
  const all = ofDuties(worstVerdict(FINDINGS, 'rule, profile, channel, dimension, group, subject'));
  return timeline({
    title: 'Verdicts of duties over time',
    description:
      'What was the verdict when, for each rule and what it is about (the worst of its windows)? A gap is a time in which nobody looked.',
    unit: 'none',
    width: 24,
    height: 12,
    queries: [{ expr: about(all, 'rule, profile, channel, about'), legend: '{{profile}} {{rule}}: {{about}} ({{channel}})' }],
    alert: 'ParitywatchDuty',
  }).mappings(verdictMappings());
}

// ---- Evidence ----

function evidenceShare() {
  const by = 'rule, profile, channel, dimension, group, subject';
  const share = `${latest('evidence_log', `${FINDINGS}, null="disparity"`, by)} / ${latest('evidence_alarm_log', FINDINGS, by)}`;
  return bars({
    title: 'How far the evidence of duties has come',
    description:
      'Evidence for what the rule watches for, as a share of what an alarm takes (on the logarithmic scale on which evidence adds up). At ' +
      '100 % it has alarmed. Below 0 the data speak against it; it is shown as 0. Counts have no evidence.',
    unit: 'percentunit',
    width: 12,
    height: 8,
    decimals: 0,
    noValue: 'No rule with evidence (automation, suitability, coverage), or it is withheld.',
    queries: [
      { expr: `clamp_min(${about(ofDuties(`(${share})`), 'rule, profile, channel, about')}, 0)`, legend: '{{profile}} {{rule}}: {{about}}' },
    ],
    alert: 'ParitywatchDuty',
  }).max(1);
}

function needed() {
  const all = latest('needed_exposed', FINDINGS, FINDING);
  const served = latest('needed_exposed', SERVED, FINDING);
  return bars({
    title: 'Cases still needed by duties',
    description:
      'Cases that are still missing before a rule can say anything: selections, controls, or concluded controls of both channels together. ' +
      'What the random sample lacks is below. Not enough data is not fair.',
    unit: 'none',
    width: 12,
    height: 8,
    decimals: 0,
    noValue: 'No finding waits for more cases, or the numbers are withheld.',
    queries: [{ expr: about(ofDuties(`(${all} unless on (${FINDING}) ${served})`), NAMED), legend: LEGEND }],
  });
}

// ---- Criteria and decisions ----

function criteria() {
  return bars({
    title: 'Cases by criterion',
    description:
      'Assessed cases of the window to which a listed criterion applied, and those with a criterion on no list (criteria:unlisted). Few cases ' +
      'are withheld; the verdict of a banned criterion is critical from the first one on.',
    unit: 'none',
    width: 8,
    decimals: 0,
    noValue: WITHHELD,
    queries: [{ expr: about(latest('group_events', CRITERIA, FINDING), NAMED), legend: LEGEND }],
    alert: 'ParitywatchDuty',
  });
}

function decisions() {
  return lines({
    title: 'Selections without a human, or without saying so',
    description:
      'Selected cases of the window that were decided by automation; where the reason is decider_unknown, those of which nobody said who ' +
      'decided. Few cases are withheld.',
    unit: 'none',
    width: 8,
    decimals: 0,
    noValue: WITHHELD,
    queries: [{ expr: about(latest('group_events', `${FINDINGS}, subject="decided_by"`, FINDING), NAMED), legend: LEGEND }],
    alert: 'ParitywatchDuty',
  }).min(0);
}

function followThrough() {
  return lines({
    title: 'Selections that are controlled',
    description:
      'Share of the selections that a control followed, of all and of each risk class. Near 100 % whoever decides never says no: the human ' +
      'step changes nothing. Lower does not prove that it is meaningful.',
    unit: 'percentunit',
    width: 8,
    decimals: 1,
    noValue: WITHHELD,
    queries: [{ expr: about(latest('group_rate_ratio', FOLLOWED, FINDING), NAMED), legend: LEGEND }],
    alert: 'ParitywatchDuty',
  }).max(1);
}

// ---- The random sample ----

function randomSize() {
  return lines({
    title: 'Size of the random sample',
    description:
      'Random controls (where shares are compared: random picks) that each rule served can compare with, over the span that its plan counts. ' +
      'None at all shows no line: the verdict is then critical or "not enough data".',
    unit: 'none',
    width: 12,
    decimals: 0,
    noValue: WITHHELD,
    queries: [{ expr: about(latest('reference_exposed', SERVED, FINDING), NAMED), legend: LEGEND }],
    alert: 'ParitywatchDuty',
  }).min(0);
}

function randomNeeded() {
  return bars({
    title: 'What the random sample lacks',
    description:
      'Random controls or picks that are still needed for a rule to find the ratio that it is about. As long as any are, "no finding" of ' +
      'that rule says nothing.',
    unit: 'none',
    width: 12,
    decimals: 0,
    noValue: 'Nothing is lacking, or there is no such rule, or the numbers are withheld.',
    queries: [{ expr: about(latest('needed_exposed', SERVED, FINDING), NAMED), legend: LEGEND }],
    alert: 'ParitywatchDuty',
  });
}

function hitRates() {
  const rate = (side: 'group' | 'reference', name: string) => ({
    expr: latest(`${side}_rate_ratio`, HITS, 'rule, profile, window'),
    legend: `{{profile}} {{rule}}: ${name} ({{window}})`,
  });
  return lines({
    title: 'Hit rate of the profile and of the random sample',
    description:
      'Share of the concluded controls that found a violation, of cohorts that are complete. A profile that finds no more than the random ' +
      'sample picks people for nothing. Outcomes that are missing bias both.',
    unit: 'percentunit',
    width: 12,
    decimals: 1,
    noValue: WITHHELD,
    queries: [rate('group', 'profile'), rate('reference', 'random')],
    alert: 'ParitywatchDuty',
  }).min(0);
}

function advantage() {
  const value = (metric: string, name: string) => ({
    expr: latest(metric, HITS, 'rule, profile, window'),
    legend: `{{profile}} {{rule}}: ${name} ({{window}})`,
  });
  return mark(
    lines({
      title: 'Advantage of the profile over chance',
      description:
        'Hit rate of the profile over that of the random sample, with its interval. 1 (dashed) is no advantage. An advantage says nothing of ' +
        'whether any group is rightly checked more often.',
      unit: 'none',
      width: 12,
      decimals: 2,
      noValue: WITHHELD,
      queries: [value('disparity_ratio', 'ratio'), value('disparity_ratio_lower', 'lower'), value('disparity_ratio_upper', 'upper')],
      alert: 'ParitywatchDuty',
    }),
    1,
  );
}

// ---- Outcomes ----

function coverage() {
  return lines({
    title: 'Controls whose outcome is known',
    description:
      'Share of the controls of old enough cohorts that have an outcome, of all cases and of each group. Where it is low, or differs between ' +
      'groups, every hit rate is biased.',
    unit: 'percentunit',
    width: 12,
    decimals: 1,
    noValue: WITHHELD,
    queries: [{ expr: about(ofDuties(latest('group_rate_ratio', OUTCOMES, FINDING)), NAMED), legend: LEGEND }],
    alert: 'ParitywatchDuty',
  }).max(1);
}

function unequal() {
  return mark(
    lines({
      title: 'Missing outcomes of a group against the rest',
      description:
        'Share of missing outcomes of a group over that of all other groups. 1 (dashed) is equal; 2 is twice as often, 0.5 half as often. Both ' +
        'bias the hit rate of the group.',
      unit: 'none',
      width: 12,
      decimals: 2,
      noValue: WITHHELD,
      queries: [{ expr: about(ofDuties(latest('disparity_ratio', OUTCOMES, FINDING)), NAMED), legend: LEGEND }],
      alert: 'ParitywatchDuty',
    }),
    1,
  );
}

// ---- Complaints ----

function complaints() {
  const rate = (side: 'group' | 'reference', name: string) => ({
    expr: about(ofDuties(latest(`${side}_rate_ratio`, COMPLAINTS, FINDING)), NAMED),
    legend: `{{profile}} {{rule}}: {{about}}, ${name} ({{window}})`,
  });
  return lines({
    title: 'Complaints for each control',
    description:
      'Complaints for each control (of measure overturned: overturned hits for each hit) of a group and of all others; of measure rise of this ' +
      'period and of the reference. A control may draw several complaints. Few complaints are no sign of fairness: not everybody complains.',
    unit: 'none',
    width: 12,
    decimals: 3,
    noValue: WITHHELD,
    queries: [rate('group', 'own'), rate('reference', 'compared with')],
    alert: 'ParitywatchDuty',
  }).min(0);
}

function complaintRatio() {
  return mark(
    lines({
      title: 'Complaints of a group against the rest',
      description:
        'Complaints for each control of a group over those of all others; of measure rise over those of the reference. 1 (dashed) is equal. A ' +
        'group whose controls grow fast reads low for a while, as complaints come later.',
      unit: 'none',
      width: 12,
      decimals: 2,
      noValue: WITHHELD,
      queries: [{ expr: about(ofDuties(latest('disparity_ratio', COMPLAINTS, FINDING)), NAMED), legend: LEGEND }],
      alert: 'ParitywatchDuty',
    }),
    1,
  );
}

// ---- Association ----

function association() {
  const value = (metric: string, name: string) => ({
    expr: about(latest(metric, FINDINGS, FINDING), NAMED),
    legend: `{{profile}} {{rule}}: {{about}}, ${name} ({{window}})`,
  });
  return lines({
    title: 'How strongly a criterion goes together with a dimension',
    description:
      "Cramér's V of each criterion and dimension with its interval: 0 where all groups have it equally often, 1 where it tells the groups apart. " +
      'Small groups keep it low, so look at the difference, too. It does not say why they go together.',
    unit: 'none',
    width: 8,
    decimals: 2,
    noValue: WITHHELD,
    queries: [value('association_v', 'V'), value('association_v_lower', 'lower'), value('association_v_upper', 'upper')],
    alert: 'ParitywatchDuty',
  })
    .min(0)
    .max(1);
}

function associationDifference() {
  return bars({
    title: 'Largest difference in the use of a criterion',
    description:
      'The largest difference between the share of a group and that of the rest in which a value of the criterion is used. Above 0 the group ' +
      'has it more often than the rest, below 0 less often.',
    unit: 'percentunit',
    width: 8,
    decimals: 1,
    noValue: WITHHELD,
    queries: [{ expr: about(latest('association_difference', FINDINGS, FINDING), NAMED), legend: LEGEND }],
    alert: 'ParitywatchDuty',
  });
}

function carried() {
  return mark(
    lines({
      title: 'Disparity that a criterion would make alone',
      description:
        'The largest ratio of selections, group to rest, that would be left if this criterion alone decided. 1 (dashed) is none. It does not ' +
        'say that the criterion is unjustified.',
      unit: 'none',
      width: 8,
      decimals: 2,
      noValue: WITHHELD,
      queries: [{ expr: about(latest('association_carried_ratio', FINDINGS, FINDING), NAMED), legend: LEGEND }],
      alert: 'ParitywatchDuty',
    }),
    1,
  );
}

// ---- Drift ----

function drift() {
  return mark(
    lines({
      title: 'A group under a new version, or in a later period',
      description:
        'How many times the ratio of the group to the rest (of hit rates: the hit rate) has become what it was under the version before, or in ' +
        'the reference period. 1 (dashed) is no change. A version that is as bad as the one before is at 1.',
      unit: 'none',
      width: 8,
      decimals: 2,
      noValue: WITHHELD,
      queries: [{ expr: about(ofDuties(latest('disparity_ratio', COMPARED, FINDING)), NAMED), legend: LEGEND }],
      alert: 'ParitywatchDuty',
    }),
    1,
  );
}

function driftLimits() {
  const limit = (side: 'lower' | 'upper') => ({
    title: side,
    decimals: 2,
    expr: about(ofDuties(latest(`disparity_ratio_${side}`, COMPARED, FINDING)), NAMED),
  });
  return lists({
    title: 'Drift in numbers',
    description:
      'The rise of each comparison with its interval, and what the evidence has come to (natural logarithm). Evidence alone alarms; a new ' +
      'version is rarely the only thing that changes.',
    unit: 'none',
    width: 8,
    height: 8,
    alert: 'ParitywatchDuty',
    link: ['profile'],
    columns: [
      'rule',
      'about',
      { title: 'rise', decimals: 2, expr: about(ofDuties(latest('disparity_ratio', COMPARED, FINDING)), NAMED) },
      limit('lower'),
      limit('upper'),
      'window',
      'channel',
      'profile',
    ],
  });
}

function change() {
  const by = 'rule, profile, channel, dimension, group, subject';
  return mark(
    lines({
      title: 'Change of a disparity',
      description:
        'Natural logarithm of the change detector of a disparity. From 9.9 (dashed) on it is changing, or was lately: on average once in 20,000 ' +
        'blocks by chance. It falls when the change is over.',
      unit: 'none',
      width: 8,
      decimals: 1,
      noValue: 'No rule looks for changes, or there is no block of evidence yet. No data is not fair.',
      queries: [
        {
          expr: about(ofDuties(latest('evidence_change_log', CHANGES, by)), 'rule, profile, channel, about'),
          legend: '{{profile}} {{rule}}: {{about}}',
        },
      ],
      alert: 'ParitywatchDuty',
    }),
    9.9,
  );
}

// ---- Silence ----

function silence() {
  const last = latest('last_heard_timestamp_seconds', FINDINGS, FINDING);
  return lines({
    title: 'Time since each topic was last heard of',
    description:
      'Hours and days since the last event of each topic, and of each group that is watched, whether working time or not. A line that rises ' +
      'without falling back is silence. What was never heard of has no line: see the table beside.',
    unit: 's',
    width: 12,
    noValue: 'No rule watches for silence, or nothing was ever heard of. Silence is not compliance.',
    queries: [{ expr: about(`(time() - ${last})`, NAMED), legend: LEGEND }],
    alert: 'ParitywatchDuty',
  }).min(0);
}

function silent() {
  const reasoned = latest('finding_reason', `${FINDINGS}, reason=~"heard|silent|never_heard"`, `${FINDING}, reason`);
  const last = latest('last_heard_timestamp_seconds', FINDINGS, FINDING);
  return lists({
    title: 'What is heard of, and what is silent',
    description:
      'Each topic, and each group that is watched, with the longest working time that it may be silent (window) and when it was last heard ' +
      'of. An empty time: never.',
    unit: 'none',
    width: 12,
    alert: 'ParitywatchDuty',
    link: ['profile'],
    columns: [
      'rule',
      'about',
      { title: 'watched', expr: about(reasoned, `${NAMED}, reason`) },
      'reason',
      { title: 'last heard of', unit: 'dateTimeAsIso', expr: `1000 * ${about(last, NAMED)}` },
      'window',
      'profile',
    ],
  });
}
