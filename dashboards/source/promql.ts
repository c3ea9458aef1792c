// PromQL that all dashboards share. Series of several instances of the same job are one: a standby that takes over goes on with the
// same counts, so the larger of two values is the newer or the same one.

import { VERDICTS } from './words';

/** Labels that name a finding, and those that name an alert. */
export const FINDING = 'rule, profile, channel, dimension, group, reference, indicator, window';
export const ALERT = 'rule, profile, channel, dimension, group, reference, severity';

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
