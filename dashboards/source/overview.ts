// All profiles on one page: what holds now, what changed, how fresh it is.

import * as common from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { bars, board, fixed, lines, lists, number, row, several, timeline, toProfile, verdictMappings, words, wordsFor } from './parts';
import { about, alerts, ALERT, FINDING, latest, OF_GROUPS, worstVerdict } from './promql';
import { COLOUR, UID, VERDICTS } from './words';

const FINDINGS = 'job=~"$job", profile=~"$profile"';
/** Those that compare groups. */
const COMPARISONS = `${FINDINGS}, ${OF_GROUPS}`;
/** Columns that name any finding, of a group or not. */
const NAMED = 'rule, profile, channel, about, window';

export function overview(): Dashboard {
  return board(
    UID.overview,
    'paritywatch: overview',
    'Every watched profile: the worst verdict, alerts, what changed, and how fresh all of it is.',
    'now-7d',
  )
    .withVariable(several('profile', 'Profile', 'Profiles to show.', 'paritywatch_verdict{job=~"$job"}').allValue('.+'))
    .withRow(row('What holds now'))
    .withPanel(firing('critical', COLOUR.vermilion))
    .withPanel(firing('warning', COLOUR.orange))
    .withPanel(pending())
    .withPanel(verdictCounts())
    .withPanel(worstByProfile())
    .withPanel(howToRead())
    .withPanel(alertTable())
    .withRow(row('What was done about it'))
    .withPanel(accepted())
    .withPanel(unanswered())
    .withPanel(measuresTaken())
    .withRow(row('What changed'))
    .withPanel(changed('day', '1d'))
    .withPanel(changed('week', '1w'))
    .withPanel(verdictsOverTime())
    .withPanel(alertsOverTime())
    .withRow(row('Findings'))
    .withPanel(findings())
    .withRow(row('Freshness: does anybody still look?'))
    .withPanel(answering())
    .withPanel(lastScrape())
    .withPanel(eventTimeAge())
    .withPanel(staleFindings())
    .withPanel(ageOverTime())
    .build();
}

function firing(severity: 'critical' | 'warning', colour: string) {
  return number({
    title: `Alerts firing: ${severity}`,
    description:
      `Alerts of severity ${severity} that fire now. An alert means that a group is treated differently beyond the threshold that was ` +
      'written down beforehand, or that a rule about another duty found something; it does not say why. 0 is shown only while the daemon answers and has judged; otherwise nothing is shown.',
    unit: 'none',
    width: 4,
    height: 6,
    queries: [{ expr: alerts('alert_firing', `${FINDINGS}, severity="${severity}"`), legend: severity }],
    alert: 'ParitywatchDisparity',
  })
    .mappings(wordsFor([0, '0', 'text']))
    .colorMode(common.BigValueColorMode.Value)
    .colorScheme(fixed(colour));
}

function accepted() {
  return number({
    title: 'Alerts accepted',
    description:
      'Alerts that fire and that somebody accepted: it is known, and the profile stays in use for now. Each goes on firing. The reason and the ' +
      'role are on the status page. The number is of all profiles.',
    unit: 'none',
    width: 4,
    height: 6,
    queries: [{ expr: 'max(paritywatch_accepted_alerts{job=~"$job"})', legend: 'accepted' }],
    alert: 'ParitywatchDisparity',
  });
}

function unanswered() {
  return number({
    title: 'Measures that answer no alert',
    description:
      'Measures about an alert, a rule or a group of which there is no alert. A name may be misspelt: the status page says which one it may ' +
      'mean. The number is of all profiles.',
    unit: 'none',
    width: 4,
    height: 6,
    queries: [{ expr: 'max(paritywatch_measures_unmatched{job=~"$job"})', legend: 'no alert' }],
    alert: 'ParitywatchDisparity',
  });
}

function measuresTaken() {
  return lines({
    title: 'Measures taken',
    description:
      'Measures that are kept, by what was done: a profile was suspended, adjusted or resumed, or a finding was accepted. Many acceptances and ' +
      'no other measure say that findings are lived with. The numbers are of all profiles.',
    unit: 'none',
    width: 16,
    height: 6,
    decimals: 0,
    noValue: 'No measure was ever recorded, or there is no data.',
    queries: [{ expr: 'max by (kind) (paritywatch_measures{job=~"$job"})', legend: '{{kind}}' }],
  }).min(0);
}

function pending() {
  return number({
    title: 'Alerts pending',
    description: 'Alerts whose condition holds, but not yet for as long as the rule asks (`for`). They become firing or go away.',
    unit: 'none',
    width: 4,
    height: 6,
    queries: [{ expr: alerts('alert_pending', FINDINGS), legend: 'pending' }],
    alert: 'ParitywatchDisparity',
  });
}

function worstByProfile() {
  return number({
    title: 'Worst verdict of each profile',
    description:
      'The worst verdict over all rules, groups and windows of a profile. "within" says that no threshold was crossed as far as the ' +
      'data can tell; it does not say that the profile is fair. Click for the profile.',
    unit: 'none',
    width: 14,
    height: 8,
    queries: [{ expr: worstVerdict(FINDINGS, 'profile'), legend: '{{profile}}' }],
    alert: 'ParitywatchDisparity',
  })
    .mappings(verdictMappings())
    .colorMode(common.BigValueColorMode.Value)
    .textMode(common.BigValueTextMode.ValueAndName)
    .withOverride({
      matcher: { id: 'byType', options: 'number' },
      properties: [{ id: 'links', value: [toProfile('__field.labels', 'profile')] }],
    });
}

function howToRead() {
  return words(
    'How to read this',
    'What the verdicts of this dashboard say, and what they do not say.',
    [
      ...VERDICTS.map(({ text, verdict }) => `- **${text}**: ${MEANING[verdict]}`),
      '',
      'Windows describe; evidence alarms. A number that is missing is unknown or withheld to protect persons. **No data is not fair.**',
    ].join('\n'),
    10,
    8,
  );
}

const MEANING: Record<(typeof VERDICTS)[number]['verdict'], string> = {
  within: 'no threshold is crossed, as far as the data can tell.',
  incomplete: 'no threshold is crossed by what was counted, but too many cases are missing.',
  insufficient_data: 'too few cases to judge.',
  stale: 'no event for too long: nothing is known of now.',
  warning: 'there is evidence, and the disparity is beyond the warning threshold.',
  critical: 'the same, beyond the critical threshold.',
};

function verdictCounts() {
  const panel = bars({
    title: 'Findings by verdict',
    description:
      'A finding is what one rule says of one profile and window: of a group, a subject or all cases. Many findings that are "not enough data" or "stale" are a ' +
      'finding too: there the watch is blind.',
    unit: 'none',
    width: 12,
    height: 6,
    queries: [{ expr: verdictsCounted(), legend: '{{verdict}}' }],
  });
  return panel.overrides(verdictOverrides());
}

function verdictsCounted(): string {
  return `sum by (verdict) (${latest('verdict', FINDINGS, `${FINDING}, verdict`)})`;
}

/** Series named by a verdict get its words and colour. */
function verdictOverrides() {
  return VERDICTS.map(({ verdict, text, colour }) => ({
    matcher: { id: 'byName', options: verdict },
    properties: [
      { id: 'displayName', value: text },
      { id: 'color', value: { mode: 'fixed', fixedColor: colour } },
    ],
  }));
}

function alertTable() {
  const all = (metric: string) => latest(metric, FINDINGS, ALERT);
  const since = `1000 * ${all('alert_active_timestamp_seconds')} and on (${ALERT}) (${all('alert_firing')} == 1)`;
  return lists({
    title: 'Alerts firing',
    description:
      'Each alert that fires, with the moment since when its condition holds. About: the group, or what else the rule watches, such as a ' +
      'criterion. Who must do what is in the runbook and in the rule (owner, action).',
    unit: 'none',
    width: 24,
    height: 7,
    noValue: 'No alert fires, or no data. No data is not fair: see Freshness below.',
    alert: 'ParitywatchDisparity',
    link: ['profile'],
    columns: [
      'severity',
      'profile',
      'rule',
      'about',
      'channel',
      { title: 'since', unit: 'dateTimeAsIso', expr: about(since, 'rule, profile, channel, about, severity') },
    ],
  });
}

function changed(name: string, back: string) {
  const now = worstVerdict(FINDINGS, FINDING);
  const then = worstVerdict(FINDINGS, FINDING, ` offset ${back}`);
  return lists({
    title: `Verdicts that differ from a ${name} ago`,
    description:
      `Findings whose verdict is not what it was exactly a ${name} before the end of the time range. A change there and back in between ` +
      'is not listed; see the verdicts over time.',
    unit: 'none',
    width: 12,
    noValue: `No verdict differs, or nothing was recorded a ${name} ago.`,
    link: ['profile'],
    columns: [
      'profile',
      'rule',
      'about',
      'window',
      { title: 'then', verdict: true, expr: about(`${then} and on (${FINDING}) (${now} != ${then})`, NAMED) },
      { title: 'now', verdict: true, expr: about(`${now} != ${then}`, NAMED) },
      'channel',
    ],
  });
}

function verdictsOverTime() {
  return lines({
    title: 'Verdicts over time',
    description: 'How many findings had each verdict. A gap is a time in which nobody looked.',
    unit: 'none',
    width: 12,
    decimals: 0,
    queries: [{ expr: verdictsCounted(), legend: '{{verdict}}' }],
  })
    .min(0)
    .drawStyle(common.GraphDrawStyle.Line)
    .fillOpacity(40)
    .lineWidth(1)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'))
    .overrides(verdictOverrides());
}

function alertsOverTime() {
  return timeline({
    title: 'Alerts over time',
    description: 'When each alert fired. An alert that ended stays listed for a day; then its line stops.',
    unit: 'none',
    width: 12,
    noValue: 'No alert in this time range, or no data. No data is not fair.',
    queries: [
      {
        expr: about(latest('alert_firing', FINDINGS, ALERT), 'rule, profile, channel, about, severity'),
        legend: '{{severity}}: {{profile}} {{rule}} {{about}}',
      },
    ],
  }).mappings(wordsFor([1, '▲ firing', COLOUR.vermilion], [0, '○ not firing', COLOUR.blue]));
}

function findings() {
  const now = (metric: string) => latest(metric, COMPARISONS, FINDING);
  return lists({
    title: 'All comparisons of groups',
    description:
      'One line for each comparison; what other rules found is on the dashboard of duties. Ratio: rate of the group over rate of the reference, with its interval; 1 is equal treatment. Empty ' +
      'cells are unknown, or withheld because a number is so small that it could point at persons. Needed: cases still missing for a ' +
      'judgement. Click a profile for its dashboard.',
    unit: 'none',
    width: 24,
    height: 14,
    alert: 'ParitywatchDisparity',
    link: ['profile', 'rule', 'channel', 'dimension', 'window'],
    columns: [
      { title: 'verdict', verdict: true, expr: worstVerdict(COMPARISONS, FINDING) },
      'profile',
      'rule',
      'group',
      'reference',
      { title: 'group rate', unit: 'percentunit', decimals: 2, expr: now('group_rate_ratio') },
      { title: 'reference rate', unit: 'percentunit', decimals: 2, expr: now('reference_rate_ratio') },
      { title: 'ratio', decimals: 3, expr: now('disparity_ratio') },
      { title: 'ratio, lower', decimals: 3, expr: now('disparity_ratio_lower') },
      { title: 'ratio, upper', decimals: 3, expr: now('disparity_ratio_upper') },
      { title: 'exposed', decimals: 0, expr: now('group_exposed') },
      { title: 'needed', decimals: 0, expr: now('needed_exposed') },
      'window',
      'indicator',
      'channel',
      'dimension',
    ],
  }).sortBy([new common.TableSortByFieldStateBuilder().displayName('verdict').desc(true)]);
}

function answering() {
  return number({
    title: 'Daemons that answer and have judged',
    description: 'How many daemons are ready: they have read what was there at their start, and evaluated. None, or nothing at all, is an incident.',
    unit: 'none',
    width: 6,
    queries: [{ expr: 'sum(paritywatch_ready{job=~"$job"})', legend: 'ready' }],
    alert: 'ParitywatchNotReady',
  });
}

function lastScrape() {
  return number({
    title: 'Since Prometheus last heard from it',
    description: 'Time since the last scrape within the last day. More than a minute or two: everything above is old.',
    unit: 's',
    width: 6,
    decimals: 0,
    noValue: 'Not heard from within a day',
    queries: [{ expr: 'time() - max(max_over_time(timestamp(paritywatch_ready{job=~"$job"})[1d:1m]))', legend: 'age' }],
    alert: 'ParitywatchDown',
  });
}

function eventTimeAge() {
  return number({
    title: 'Behind the present',
    description:
      'Age of the watermark: windows end there. It is the time that the slowest input has come to, so a stalled input shows here, even when ' +
      'all others go on.',
    unit: 's',
    width: 6,
    decimals: 0,
    queries: [{ expr: 'time() - min(paritywatch_watermark_timestamp_seconds{job=~"$job"})', legend: 'age' }],
    alert: 'ParitywatchWatermarkStalled',
  });
}

function staleFindings() {
  return number({
    title: 'Stale findings',
    description: 'Findings without an event for too long (`stale_after`). Their last verdict is not repeated: nothing is known of now.',
    unit: 'none',
    width: 6,
    queries: [{ expr: `sum(${latest('verdict', `${FINDINGS}, verdict="stale"`, FINDING)})`, legend: 'stale' }],
    alert: 'ParitywatchStaleVerdicts',
  });
}

function ageOverTime() {
  return lines({
    title: 'Behind the present, over time',
    description: 'Age of the watermark. A line that climbs evenly is an input that has stopped.',
    unit: 's',
    width: 24,
    queries: [
      {
        expr: 'time() - min by (job, instance) (paritywatch_watermark_timestamp_seconds{job=~"$job"})',
        legend: '{{job}} {{instance}}',
      },
    ],
    alert: 'ParitywatchWatermarkStalled',
  }).min(0);
}
