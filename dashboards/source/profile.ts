// One profile: how each group fares under one rule, on what evidence, and where in the funnel it begins.

import * as common from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { band, bars, board, choice, limit, line, lines, lists, mark, number, row, several, timeline, verdictMappings } from './parts';
import { about, alerts, FINDING, latest, OF_GROUPS, wilson, worstVerdict } from './promql';
import { COLOUR, UID } from './words';

const PROFILE = 'job=~"$job", profile="$profile"';
/** Stage counts are of a dimension's groups; no rule is in them. */
const STAGES = `${PROFILE}, channel="$channel", dimension="$dimension", window="$window", group=~"$group"`;
/** Evidence is of all windows together. */
const SERIES = `${PROFILE}, rule="$rule", channel="$channel", dimension="$dimension", group=~"$group", subject=""`;
const CHOSEN = `${SERIES}, window="$window"`;

/** Why a panel may rightly be empty. */
const WITHIN_STRATA = 'This rule compares without strata (no `stratify_by`), or the numbers are withheld.';
const NO_VALUES = 'This rule compares no values (intensity, duration, amounts of sanctions), or they are withheld, or there are too few.';
const NO_KINDS = 'This rule compares no kinds of control or sanction, or some kind has so few cases that none is told.';
const NO_PROBABILITIES = 'No case of this window has its group known only as probabilities, or the numbers are withheld.';

export function profile(): Dashboard {
  // Rules that compare groups; the others are on the dashboard of duties.
  const of = (selector: string) => `{__name__=~"paritywatch_(verdict|group_rate_ratio)", job=~"$job", ${OF_GROUPS}${selector}}`;
  const within = (...names: string[]) => of(names.map((name) => `, ${name}="$${name}"`).join(''));
  return board(
    UID.profile,
    'paritywatch: one profile',
    'One profile under one rule: rates, ratio, evidence, stages and coverage, for each group.',
    'now-7d',
  )
    .withVariable(choice('profile', 'Profile', 'The risk profile.', of('')))
    .withVariable(choice('rule', 'Rule', 'The rule: what is compared, with what, and beyond which thresholds.', within('profile')))
    .withVariable(
      choice('channel', 'Channel', 'How the cases came up: by the profile, at random, by a signal, by hand.', within('profile', 'rule')),
    )
    .withVariable(
      choice('dimension', 'Dimension', 'The protected ground, or a proxy of one.', within('profile', 'rule', 'channel')),
    )
    .withVariable(
      choice('window', 'Window', 'The rolling span of cases, by the time of their selection.', within('profile', 'rule', 'channel', 'dimension')),
    )
    .withVariable(
      several('group', 'Groups', 'The groups to show; each has a row of its own.', within('profile', 'rule', 'channel', 'dimension')),
    )
    .withRow(row('The profile, under all its rules'))
    .withPanel(worst())
    .withPanel(firing())
    .withPanel(behind())
    .withPanel(verdictTimeline())
    .withRow(row('Rule $rule: $dimension, over $window'))
    .withPanel(groups())
    .withPanel(evidenceShare())
    .withPanel(needed())
    .withPanel(evidenceInNumbers())
    .withRow(row('Group: $group').repeat('group'))
    .withPanel(rates())
    .withPanel(ratio())
    .withPanel(evidence())
    .withPanel(difference())
    .withPanel(strata())
    .withPanel(probabilities())
    .withRow(row('How strictly cases are handled'))
    .withPanel(values())
    .withPanel(kinds())
    .withRow(row('From assessment to hit: where does it arise?'))
    .withPanel(stages())
    .withPanel(passedOn())
    .withRow(row('Coverage: what the numbers do not know'))
    .withPanel(concluded())
    .withPanel(late())
    .withPanel(withoutGroup())
    .withPanel(effective())
    .build();
}

// ---- The profile, under all its rules ----

function worst() {
  return number({
    title: 'Worst verdict',
    description:
      'The worst verdict of this profile over all rules, groups and windows. "within" says that no threshold was crossed as far as the ' +
      'data can tell; it does not say that the profile is fair.',
    unit: 'none',
    width: 6,
    queries: [{ expr: worstVerdict(PROFILE, 'profile'), legend: '{{profile}}' }],
    alert: 'ParitywatchDisparity',
  })
    .mappings(verdictMappings())
    .colorMode(common.BigValueColorMode.Value);
}

function firing() {
  return number({
    title: 'Alerts firing',
    description: 'Alerts of this profile that fire now, of any rule. 0 is shown only while the daemon answers and has judged.',
    unit: 'none',
    width: 6,
    queries: [{ expr: alerts('alert_firing', PROFILE), legend: 'firing' }],
    alert: 'ParitywatchDisparity',
  });
}

function behind() {
  return number({
    title: 'Behind the present',
    description: 'Age of the watermark: the windows end there. What happened later is not in any number here.',
    unit: 's',
    width: 12,
    decimals: 0,
    queries: [{ expr: 'time() - min(paritywatch_watermark_timestamp_seconds{job=~"$job"})', legend: 'age' }],
    alert: 'ParitywatchWatermarkStalled',
  });
}

function verdictTimeline() {
  return timeline({
    title: 'Verdicts of all rules over time',
    description:
      'What was the verdict when, for each rule and what it is about (the worst of its windows)? A gap is a time in which nobody looked.',
    unit: 'none',
    width: 24,
    height: 10,
    queries: [
      {
        expr: about(worstVerdict(PROFILE, 'rule, channel, dimension, group, subject'), 'rule, channel, about'),
        legend: '{{rule}}: {{about}} ({{channel}})',
      },
    ],
    alert: 'ParitywatchStaleVerdicts',
  }).mappings(verdictMappings());
}

// ---- One rule ----

function groups() {
  const now = (metric: string) => latest(metric, CHOSEN, FINDING);
  return lists({
    title: 'Groups in numbers',
    description:
      'Every group under this rule. Rate: events of those exposed. Ratio: rate of the group over rate of the reference; 1 is equal ' +
      'treatment. Empty cells are unknown, or withheld because a number is so small that it could point at persons.',
    unit: 'none',
    width: 24,
    height: 7,
    alert: 'ParitywatchDisparity',
    link: ['profile', 'rule', 'channel', 'dimension', 'window'],
    columns: [
      'group',
      { title: 'verdict', verdict: true, expr: worstVerdict(CHOSEN, FINDING) },
      { title: 'exposed', decimals: 0, expr: now('group_exposed') },
      { title: 'events', decimals: 0, expr: now('group_events') },
      { title: 'rate', unit: 'percentunit', decimals: 2, expr: now('group_rate_ratio') },
      'reference',
      { title: 'reference exposed', decimals: 0, expr: now('reference_exposed') },
      { title: 'reference events', decimals: 0, expr: now('reference_events') },
      { title: 'reference rate', unit: 'percentunit', decimals: 2, expr: now('reference_rate_ratio') },
      { title: 'ratio', decimals: 3, expr: now('disparity_ratio') },
      { title: 'lower', decimals: 3, expr: now('disparity_ratio_lower') },
      { title: 'upper', decimals: 3, expr: now('disparity_ratio_upper') },
      { title: 'needed', decimals: 0, expr: now('needed_exposed') },
      'indicator',
      'window',
      'channel',
      'dimension',
      'profile',
      'rule',
    ],
  });
}

function evidenceShare() {
  const level = latest('evidence_alarm_log', SERIES, 'group');
  return bars({
    title: 'How far the evidence has come',
    description:
      'Evidence of a disparity, as a share of what an alarm takes (on the logarithmic scale on which evidence adds up). At 100 % it has ' +
      'alarmed. Empty: none yet. Below 0 means that the data speak against a disparity so far; it is shown as 0.',
    unit: 'percentunit',
    width: 12,
    height: 6,
    decimals: 0,
    noValue: 'This rule does not use sequential evidence, or it is withheld.',
    queries: [{ expr: `clamp_min(${latest('evidence_log', `${SERIES}, null="disparity"`, 'group')} / ${level}, 0)`, legend: '{{group}}' }],
    alert: 'ParitywatchDisparity',
  }).max(1);
}

function needed() {
  return bars({
    title: 'Cases still needed for a judgement',
    description:
      'Exposed cases, of group and reference together, that are still missing before this rule can judge with a power of 80 %. Shown for ' +
      'groups with "not enough data". Not enough data is not fair.',
    unit: 'none',
    width: 12,
    height: 6,
    decimals: 0,
    noValue: 'No group of this rule and window waits for more cases, or the numbers are withheld.',
    queries: [{ expr: latest('needed_exposed', CHOSEN, 'group'), legend: '{{group}}' }],
  });
}

function evidenceInNumbers() {
  const by = 'group, reference, indicator, channel, dimension, profile, rule';
  const now = (metric: string) => latest(metric, SERIES, by);
  const log = (hypothesis: string) => latest('evidence_log', `${SERIES}, null="${hypothesis}"`, by);
  return lists({
    title: 'Evidence in numbers',
    description:
      'Evidence of a disparity, and that it is beyond the critical threshold, with the level of an alarm (natural logarithms); a detector of ' +
      'changes; on how many blocks of cases it rests; by how much the last block was tempered because blocks vary (1: not); and whether the ' +
      'series is on the watch list, which deserves a look and never pages.',
    unit: 'none',
    width: 24,
    height: 6,
    noValue: 'This rule does not use sequential evidence, or it is withheld.',
    alert: 'ParitywatchDisparity',
    link: ['profile', 'rule', 'channel', 'dimension'],
    columns: [
      'group',
      'reference',
      { title: 'evidence', decimals: 2, expr: log('disparity') },
      { title: 'beyond critical', decimals: 2, expr: log('material') },
      { title: 'alarm level', decimals: 2, expr: now('evidence_alarm_log') },
      { title: 'change', decimals: 2, expr: now('evidence_change_log') },
      { title: 'blocks', decimals: 0, expr: now('evidence_blocks') },
      { title: 'tempered by', decimals: 2, expr: now('evidence_dispersion') },
      { title: 'on the watch list', unit: 'bool_yes_no', expr: now('evidence_watched') },
      'indicator',
      'channel',
      'dimension',
      'profile',
      'rule',
    ],
  });
}

// ---- One group under the rule ----

function rates() {
  const side = (name: 'group' | 'reference') => {
    const [events, exposed] = [latest(`${name}_events`, CHOSEN, 'group'), latest(`${name}_exposed`, CHOSEN, 'group')];
    return [
      { expr: latest(`${name}_rate_ratio`, CHOSEN, 'group'), legend: name },
      { expr: wilson(events, exposed, '-'), legend: `${name}, lower` },
      { expr: wilson(events, exposed, '+'), legend: `${name}, upper` },
    ];
  };
  return lines({
    title: 'Rate of the group and of its reference',
    description:
      'Rate of this group and rate of what it is compared with, over time. Shaded: 95 % interval of each rate by itself (Wilson), from the ' +
      'counts. Overlapping shades do not prove equality; the ratio beside has the interval of the comparison.',
    unit: 'percentunit',
    width: 8,
    queries: [...side('group'), ...side('reference')],
  })
    .min(0)
    .overrideByName('group', line(COLOUR.vermilion, 'line'))
    .overrideByName('group, upper', band(COLOUR.vermilion, 'group, lower'))
    .overrideByName('group, lower', limit(COLOUR.vermilion))
    .overrideByName('reference', line(COLOUR.blue, 'line'))
    .overrideByName('reference, upper', band(COLOUR.blue, 'reference, lower'))
    .overrideByName('reference, lower', limit(COLOUR.blue));
}

/** The rule's thresholds, where they are in this measure. */
function thresholds(measure: 'ratio' | 'difference') {
  return (['warning', 'critical'] as const).map((severity) => ({
    expr: latest('threshold', `job=~"$job", rule="$rule", measure="${measure}", severity="${severity}"`, 'rule'),
    legend: `${severity} threshold`,
  }));
}

/** An estimate with its interval against the rule's thresholds. */
function against(panel: ReturnType<typeof lines>, name: string) {
  return panel
    .overrideByName(name, line(COLOUR.vermilion, 'line'))
    .overrideByName('upper', band(COLOUR.vermilion, 'lower'))
    .overrideByName('lower', limit(COLOUR.vermilion))
    .overrideByName('warning threshold', line(COLOUR.orange, 'dash'))
    .overrideByName('critical threshold', line(COLOUR.purple, 'dash'));
}

function ratio() {
  return against(
    mark(
      lines({
        title: 'Ratio against the thresholds',
        description:
          'How many times the rate of the reference this group has. 1 (dashed) is equal treatment. Shaded: the interval of the ratio at the ' +
          "rule's confidence; no shade where a limit is infinite. Thresholds are shown where the rule states them as a ratio. That the " +
          'shade is beyond a threshold is no alarm by itself: whoever looks often will see that by chance.',
        unit: 'none',
        width: 8,
        decimals: 2,
        queries: [
          { expr: latest('disparity_ratio', CHOSEN, 'group'), legend: 'ratio' },
          { expr: latest('disparity_ratio_lower', CHOSEN, 'group'), legend: 'lower' },
          { expr: latest('disparity_ratio_upper', CHOSEN, 'group'), legend: 'upper' },
          ...thresholds('ratio'),
        ],
        alert: 'ParitywatchDisparity',
      }),
      1,
    ).axisSoftMin(0.5).axisSoftMax(1.5),
    'ratio',
  );
}

function evidence() {
  const log = (hypothesis: string) => latest('evidence_log', `${SERIES}, null="${hypothesis}"`, 'group');
  return lines({
    title: 'Evidence against the alarm level',
    description:
      'Evidence grows only while case after case goes against "this group is not treated worse"; where that is true, it reaches the alarm ' +
      'level with a small chance only (`family_alpha`, shared over all series), however long and often anybody looks. Natural logarithms. ' +
      '"beyond critical" is the evidence that the ratio is beyond the critical threshold.',
    unit: 'none',
    width: 8,
    decimals: 1,
    noValue: 'This rule does not use sequential evidence, or it is withheld.',
    queries: [
      { expr: log('disparity'), legend: 'evidence' },
      { expr: log('material'), legend: 'beyond critical' },
      { expr: latest('evidence_alarm_log', SERIES, 'group'), legend: 'alarm level' },
    ],
    alert: 'ParitywatchDisparity',
  })
    .overrideByName('evidence', line(COLOUR.vermilion, 'line'))
    .overrideByName('beyond critical', line(COLOUR.purple, 'line'))
    .overrideByName('alarm level', line(COLOUR.orange, 'dash'));
}

function difference() {
  return against(
    mark(
      lines({
        title: 'Difference against the thresholds',
        description:
          'Rate of the group minus rate of the reference, in percentage points: how many of a hundred are treated otherwise. 0 (dashed) is ' +
          'equal treatment. Thresholds are shown where the rule states them as a difference.',
        unit: 'percentunit',
        width: 8,
        decimals: 2,
        queries: [
          { expr: latest('disparity_difference', CHOSEN, 'group'), legend: 'difference' },
          { expr: latest('disparity_difference_lower', CHOSEN, 'group'), legend: 'lower' },
          { expr: latest('disparity_difference_upper', CHOSEN, 'group'), legend: 'upper' },
          ...thresholds('difference'),
        ],
        alert: 'ParitywatchDisparity',
      }),
      0,
    ),
    'difference',
  );
}

function strata() {
  const all = latest('disparity_ratio', CHOSEN, 'group');
  const within = latest('stratified_disparity_ratio', CHOSEN, 'group');
  return mark(
    lines({
      title: 'Crude ratio beside the ratio within strata',
      description:
        'Crude: all cases together. Within strata: like is compared with like (Mantel-Haenszel), by what `stratify_by` names. Where the two ' +
        'lie on opposite sides of 1, the crude ratio misleads; the verdict then rests on the one within strata.',
      unit: 'none',
      width: 8,
      decimals: 2,
      noValue: WITHIN_STRATA,
      queries: [
        { expr: `${all} and on (group) ${within}`, legend: 'crude' },
        { expr: within, legend: 'within strata' },
      ],
      alert: 'ParitywatchDisparity',
    }),
    1,
  )
    .overrideByName('crude', line(COLOUR.grey, 'line'))
    .overrideByName('within strata', line(COLOUR.vermilion, 'line'));
}

function probabilities() {
  const estimate = (estimator: string) => latest('probabilistic_disparity_ratio', `${CHOSEN}, estimator="${estimator}"`, 'group');
  return mark(
    lines({
      title: 'Ratio among cases known only as probabilities',
      description:
        'Two estimates from the cases whose group is known only as probabilities; none of them is in any other number. Weighted understates ' +
        'where membership itself drives the decision; regression overstates where the decision follows what the probabilities were made ' +
        'from. The truth is likely between; neither ever raises an alert.',
      unit: 'none',
      width: 8,
      decimals: 2,
      noValue: NO_PROBABILITIES,
      queries: [
        { expr: estimate('weighted'), legend: 'weighted' },
        { expr: estimate('regression'), legend: 'regression' },
      ],
    }),
    1,
  )
    .overrideByName('weighted', line(COLOUR.blue, 'line'))
    .overrideByName('regression', line(COLOUR.orange, 'line'));
}

// ---- From assessment to hit ----

function stage(name: string): string {
  return latest('stage_cases', `${STAGES}, stage="${name}"`, 'group');
}

function stages() {
  return bars({
    title: 'Cases at each stage',
    description:
      'How many cases of each group were assessed, selected, controlled, concluded, and a hit, in the window. Small numbers are withheld.',
    unit: 'none',
    width: 12,
    height: 10,
    decimals: 0,
    queries: ['assessed', 'selected', 'controlled', 'concluded', 'hit'].map((name) => ({
      expr: stage(name),
      legend: `{{group}}: ${name}`,
    })),
  });
}

function passedOn() {
  const step = (from: string, to: string) => ({ expr: `${stage(to)} / ${stage(from)}`, legend: `{{group}}: ${from} → ${to}` });
  return bars({
    title: 'Share that goes on to the next stage',
    description:
      'Of the cases at one stage, the share that came to the next. The stage where groups differ is where the disparity arises: in the ' +
      'risk score and its threshold, in the choice by hand after it, or in what is found.',
    unit: 'percentunit',
    width: 12,
    height: 10,
    decimals: 1,
    queries: [
      step('assessed', 'selected'),
      step('selected', 'controlled'),
      step('controlled', 'concluded'),
      step('concluded', 'hit'),
    ],
  }).max(1);
}

// ---- Coverage ----

function concluded() {
  return lines({
    title: 'Controls with an outcome',
    description:
      'Share of the controls that have a conclusion (violation or none). Where it is low, or differs between groups, the hit rate is biased.',
    unit: 'percentunit',
    width: 8,
    queries: [{ expr: `${stage('concluded')} / ${stage('controlled')}`, legend: '{{group}}' }],
    alert: 'ParitywatchJoinCoverage',
  })
    .min(0)
    .max(1);
}

function late() {
  return lines({
    title: 'Cases too late for evidence',
    description:
      'Cases whose facts came after their block of evidence was closed. Windows count them; evidence does not. Many of them in one group ' +
      'mean that its evidence lags.',
    unit: 'none',
    width: 8,
    decimals: 0,
    noValue: 'None, or so few that they are withheld; or no data.',
    queries: [
      {
        expr: latest('late_evidence_cases_total', `${PROFILE}, channel="$channel", dimension="$dimension", group=~"$group"`, 'group'),
        legend: '{{group}}',
      },
    ],
  }).min(0);
}

function withoutGroup() {
  const of = (metric: string) => latest(metric, 'job=~"$job", dimension="$dimension"', 'dimension');
  return lines({
    title: 'Cases whose group is not known',
    description:
      'Cases of all profiles together that have no value in this dimension, and those with probabilities only. They are in no group, so a ' +
      'disparity among them cannot be seen.',
    unit: 'none',
    width: 8,
    decimals: 0,
    queries: [
      { expr: of('cases_without_group'), legend: 'no group' },
      { expr: of('cases_with_probabilistic_group'), legend: 'probabilities only' },
    ],
    alert: 'ParitywatchJoinCoverage',
  }).min(0);
}

function effective() {
  const by = 'group, reference, window, channel, dimension, profile, rule';
  const sides = (side: string) => latest('probabilistic_effective_cases', `${CHOSEN}, side="${side}"`, by);
  const rate = (side: string, estimator: string) => ({
    title: `${side} rate, ${estimator}`,
    unit: 'percentunit',
    decimals: 2,
    expr: latest(`probabilistic_${side}_rate_ratio`, `${CHOSEN}, estimator="${estimator}"`, by),
  });
  return lists({
    title: 'Known only as probabilities, in numbers',
    description:
      'Cases of the window whose group is known only as probabilities; how many known members would tell as much, of the group and of its ' +
      'reference; and the rates by both estimates. They are in no other number.',
    unit: 'none',
    width: 24,
    height: 6,
    noValue: NO_PROBABILITIES,
    link: ['profile', 'rule', 'channel', 'dimension', 'window'],
    columns: [
      'group',
      'reference',
      { title: 'cases', decimals: 0, expr: latest('probabilistic_cases', CHOSEN, by) },
      { title: 'worth, group', decimals: 0, expr: sides('group') },
      { title: 'worth, reference', decimals: 0, expr: sides('reference') },
      rate('group', 'weighted'),
      rate('reference', 'weighted'),
      rate('group', 'regression'),
      rate('reference', 'regression'),
      'window',
      'channel',
      'dimension',
      'profile',
      'rule',
    ],
  });
}

// ---- How strictly ----

function values() {
  return lines({
    title: 'Values of each group and of its reference',
    description:
      'Of the values that the rule compares (intensity, minutes, amounts) the usual case, the harsh tenth and the harshest hundredth of each ' +
      'side (quantiles). A group may be treated more strictly without being checked more often. A quantile near the end is withheld where few cases lie beyond it.',
    unit: 'none',
    width: 12,
    decimals: 1,
    noValue: NO_VALUES,
    queries: [
      {
        expr: latest('value_quantile', CHOSEN, 'dimension, group, side, quantile'),
        legend: '{{group}}, {{side}}: quantile {{quantile}}',
      },
    ],
    alert: 'ParitywatchDisparity',
  }).min(0);
}

function kinds() {
  return bars({
    title: 'Kinds of controls or sanctions',
    description:
      'Cases of each group and of its reference by the kinds of their controls, or sanctions. The mix is shown and never judged: it has no ' +
      'direction of harm. Sides differ in size, so compare the shares of kinds within a side.',
    unit: 'none',
    width: 12,
    decimals: 0,
    noValue: NO_KINDS,
    queries: [
      {
        expr: latest('handled_cases', CHOSEN, 'dimension, group, side, kind'),
        legend: '{{group}}, {{side}}: {{kind}}',
      },
    ],
    alert: 'ParitywatchDisparity',
  });
}
