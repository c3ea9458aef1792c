// The words, colours and addresses that all dashboards share.

/** Dashboards by their stable uid: links and bookmarks rest on it. */
export const UID = {
  overview: 'paritywatch-overview',
  profile: 'paritywatch-profile',
  duties: 'paritywatch-duties',
  operations: 'paritywatch-operations',
} as const;

/** Marks the dashboards of this product in Grafana's search. */
export const TAG = 'paritywatch';

/** Where deploy/runbooks/ is published, as in the alerts' rules, unless the variable `runbooks` of a dashboard says otherwise. */
export const RUNBOOKS = 'https://paritywatch.example.org/runbooks';

/** Shown where there is nothing: silence must never read as an all-clear. */
export const NO_DATA = 'No data. No data is not fair.';

/**
 * Colours of Okabe and Ito (2008), which people with any colour blindness can tell apart. They never stand alone: a word or a sign
 * is always with them. There is no green: nothing here says that all is well.
 */
export const COLOUR = {
  blue: '#0072B2',
  grey: '#999999',
  purple: '#CC79A7',
  orange: '#E69F00',
  vermilion: '#D55E00',
  sky: '#56B4E9',
} as const;

/**
 * The verdicts, mildest first, as the daemon orders them. `code` is the number that stands for a verdict where Grafana needs one: the
 * largest is the worst.
 */
export const VERDICTS = [
  { verdict: 'within', code: 1, text: '○ within', colour: COLOUR.blue },
  { verdict: 'incomplete', code: 2, text: '◐ incomplete', colour: COLOUR.sky },
  { verdict: 'insufficient_data', code: 3, text: '? not enough data', colour: COLOUR.grey },
  { verdict: 'stale', code: 4, text: '… stale', colour: COLOUR.purple },
  { verdict: 'warning', code: 5, text: '▲ warning', colour: COLOUR.orange },
  { verdict: 'critical', code: 6, text: '▲▲ critical', colour: COLOUR.vermilion },
] as const;
