// PromQL that all dashboards share. Series of several instances of the same job are one: a standby that takes over goes on with the
// same counts, so the larger of two values is the newer or the same one.

import { VERDICTS } from './words';

/** Labels that name a finding, and those that name an alert. */
export const FINDING = 'rule, profile, channel, dimension, group, subject, reference, indicator, window';
export const ALERT = 'rule, profile, channel, dimension, group, subject, reference, severity';

/** Findings about a group of a dimension: those of kind `disparity`, and the ones of other kinds that compare groups. */
export const OF_GROUPS = 'subject="", group!=""';

/**
 * The same series by these labels, and by `about` among them: the subject, the dimension and the group that a finding or an alert has, else
 * "all cases". The metrics leave out what a finding does not have, and a column needs a word in every row.
 */
export function about(expr: string, by: string): string {
  const joined = `label_join(${expr}, "about", " ", "subject", "dimension", "group")`;
  return `max by (${by}) (label_replace(${joined}, "about", "all cases", "about", " *"))`;
}

/** Only what belongs to rules of other kinds than `disparity`: their findings have a reason. */
export function ofDuties(expr: string): string {
  return `(${expr} and on (rule) paritywatch_finding_reason{job=~"$job"})`;
}

/** The largest value over instances, by these labels. */
export function latest(metric: string, selector: string, by: string): string {
  return `max by (${by}) (paritywatch_${metric}{${selector}})`;
}

/** The code (see `VERDICTS`) of the worst verdict, by these labels; `offset` looks back, as in ` offset 1d`. */
export function worstVerdict(selector: string, by: string, offset = ''): string {
  const codes = VERDICTS.map(
    ({ verdict, code }) => `${code} * paritywatch_verdict{${selector}, verdict="${verdict}"}${offset}`,
  );
  return `max by (${by}) (${codes.join(' or ')})`;
}

/**
 * A count of alerts. It is 0 only where a daemon answers and has judged; where none does, there is no number, because nobody knows.
 */
export function alerts(metric: 'alert_firing' | 'alert_pending', selector: string): string {
  return `sum(${latest(metric, selector, ALERT)}) or 0 * (max(paritywatch_ready{job=~"$job"}) == 1)`;
}

/** One limit of the 95 % score interval (Wilson, 1927) of `events` out of `exposed`; z = 1.96. */
export function wilson(events: string, exposed: string, side: '+' | '-'): string {
  const rate = `${events} / ${exposed}`;
  const spread = `sqrt(${rate} * (1 - ${rate}) / ${exposed} + 0.9604 / ${exposed} ^ 2)`;
  return `(${rate} + 1.9208 / ${exposed} ${side} 1.96 * ${spread}) / (1 + 3.8416 / ${exposed})`;
}
