// What every dashboard must have, beyond its types. `problems` says what is wrong in words.

import { createRequire } from 'node:module';

const UNITS = new Set(Object.values(createRequire(import.meta.url)('@grafana/grafana-foundation-sdk/units')));
/** What Grafana itself puts in. */
const BUILT_IN = ['__all', '__rate_interval', '__url_time_range', '__data', '__field'];
/** Columns of Grafana's grid. */
const COLUMNS = 24;
/** A description that is shorter explains nothing. */
const DESCRIPTION_CHARACTERS_MIN = 40;
const METRIC = /paritywatch_[a-z_]*[a-z]/g;

/**
 * Everything that is wrong with a dashboard.
 *
 * `facts` has `uids` (file -> uid), `variables` (uid -> names), `metrics` and `runbooks` (what there is, or is announced).
 */
export function problems(file, dashboard, facts) {
  const found = [];
  const check = (right, problem) => right || found.push(`${file}: ${problem}`);
  checkBoard(file, dashboard, facts, check);
  checkVariables(dashboard, check);
  checkGrid(dashboard, check);
  checkLinks(dashboard, facts, check);
  checkColours(dashboard, check);
  for (const name of new Set(JSON.stringify(dashboard).match(METRIC))) {
    // A histogram is three metrics to a query.
    const known = facts.metrics.has(name) || facts.metrics.has(name.replace(/_(?:bucket|count|sum)$/, ''));
    check(known, `${name} is neither in deploy/metrics.md nor announced`);
  }
  for (const panel of dashboard.panels) {
    const about = (right, problem) => check(right, `panel ${panel.id} "${panel.title}": ${problem}`);
    check(Boolean(panel.title), `panel ${panel.id} has no title`);
    if (panel.type !== 'row') {
      checkPanel(panel, about);
    }
    if (!['row', 'text'].includes(panel.type)) {
      checkQueries(panel, about);
      checkFields(panel, about);
    }
  }
  return found;
}

function checkBoard(file, dashboard, facts, check) {
  check(dashboard.uid === facts.uids[file], `uid is ${dashboard.uid}, links and bookmarks rest on ${facts.uids[file]}`);
  check(dashboard.timezone === 'utc', 'not in UTC');
  check(dashboard.refresh === '30s', 'not refreshed each 30 s');
  check(dashboard.schemaVersion === 42, `schema version ${dashboard.schemaVersion}`);
  check(dashboard.tags.includes('paritywatch'), 'not tagged');
  check(Boolean(dashboard.title) && Boolean(dashboard.description), 'without title or description');
  check(!('id' in dashboard), 'has an id of one Grafana');
  for (const [what, values] of [
    ['id', dashboard.panels.map(({ id }) => id)],
    ['title', dashboard.panels.map(({ title }) => title)],
  ]) {
    const twice = values.filter((value, index) => values.indexOf(value) !== index);
    check(twice.length === 0, `${what} of several panels: ${twice}`);
  }
}

/** Every `$name` is defined, and every variable is used. */
function checkVariables(dashboard, check) {
  const defined = dashboard.templating.list.map(({ name }) => name);
  const used = new Set(variablesIn(JSON.stringify(dashboard)));
  for (const name of used) {
    check(defined.includes(name) || BUILT_IN.includes(name), `variable ${name} is not defined`);
  }
  for (const variable of dashboard.templating.list) {
    check(used.has(variable.name), `variable ${variable.name} is not used`);
    check(Boolean(variable.description), `variable ${variable.name} has no description`);
    check(
      variable.type !== 'query' || variable.datasource.uid === '${datasource}',
      `variable ${variable.name} does not use the data source that was chosen`,
    );
  }
  for (const panel of dashboard.panels.filter(({ repeat }) => repeat)) {
    const by = dashboard.templating.list.find(({ name }) => name === panel.repeat);
    check(by?.multi, `panel ${panel.id} is repeated by ${panel.repeat}, which has not several values`);
  }
}

function variablesIn(text) {
  return [...text.matchAll(/\$(?:\{(\w+)|(\w+))/g)].map(([, braced, plain]) => braced ?? plain);
}

/** Nothing overlaps, and nothing sticks out. */
function checkGrid(dashboard, check) {
  const taken = new Map();
  for (const { title, gridPos } of dashboard.panels) {
    const { x, y, w, h } = gridPos;
    check(w > 0 && h > 0 && x >= 0 && x + w <= COLUMNS, `panel "${title}" is not within the grid`);
    for (let column = x; column < x + w; column += 1) {
      for (let line = y; line < y + h; line += 1) {
        const place = `${column},${line}`;
        check(!taken.has(place), `panel "${title}" lies over "${taken.get(place)}" at ${place}`);
        taken.set(place, title);
      }
    }
  }
}

/** Links lead to dashboards with the variables that they set, or to runbooks. */
function checkLinks(dashboard, facts, check) {
  for (const url of urlsIn(dashboard)) {
    const [, uid, query] = /^\/d\/([\w-]+)(?:\?(.*))?$/.exec(url) ?? [];
    const [, runbook] = /^\$\{runbooks\}\/(\w+)(?:\.nl)?$/.exec(url) ?? [];
    check(uid || runbook, `${url} leads to no dashboard and no runbook`);
    check(!uid || uid in facts.variables, `${url} leads to a dashboard that is not there`);
    check(!runbook || facts.runbooks.has(runbook), `${url} leads to a runbook that is neither there nor announced`);
    for (const [, name] of (query ?? '').matchAll(/var-(\w+)=/g)) {
      check(facts.variables[uid]?.includes(name), `${url} sets ${name}, which is no variable there`);
    }
  }
}

function urlsIn(value) {
  if (Array.isArray(value)) {
    return value.flatMap(urlsIn);
  }
  if (value === null || typeof value !== 'object') {
    return [];
  }
  return Object.entries(value).flatMap(([key, inner]) => (key === 'url' ? [inner] : urlsIn(inner)));
}

/** No green, no red: not all can tell them apart, and nothing here says that all is well. Colours of values come with words. */
function checkColours(dashboard, check) {
  const named = JSON.stringify(dashboard).match(/"(?:[a-z-]+-)?(?:green|red)"/g) ?? [];
  check(named.length === 0, `colours ${[...new Set(named)]}`);
  const results = dashboard.panels.flatMap((panel) => [
    ...(panel.fieldConfig?.defaults.mappings ?? []),
    ...(panel.fieldConfig?.overrides ?? []).flatMap(({ properties }) =>
      properties.filter(({ id }) => id === 'mappings').flatMap(({ value }) => value),
    ),
  ]);
  for (const result of results.flatMap(({ options }) => Object.values(options))) {
    check(Boolean(result.text), `the colour ${result.color} comes without a word`);
  }
}

function checkPanel(panel, about) {
  about((panel.description ?? '').length >= DESCRIPTION_CHARACTERS_MIN, 'no description that explains');
}

function checkQueries(panel, about) {
  about(panel.targets?.length > 0, 'no query');
  about(panel.datasource?.uid === '${datasource}', 'does not use the data source that was chosen');
  const ids = new Set();
  for (const target of panel.targets ?? []) {
    about(target.datasource?.uid === '${datasource}', `query ${target.refId} does not use the data source that was chosen`);
    about(!ids.has(target.refId), `query ${target.refId} is there twice`);
    about(/paritywatch_/.test(target.expr), `query ${target.refId} asks for no metric of ours`);
    about(panel.type === 'table' || target.legendFormat !== '__auto', `query ${target.refId} has no legend`);
    about(Boolean(target.instant) !== Boolean(target.range), `query ${target.refId} is neither of now nor over time`);
    ids.add(target.refId);
  }
}

function checkFields(panel, about) {
  const { defaults, overrides } = panel.fieldConfig;
  about(UNITS.has(defaults.unit), `unit ${defaults.unit}`);
  about(Boolean(defaults.noValue), 'says nothing where there is no value');
  const names = fieldNames(panel);
  for (const { matcher, properties } of overrides) {
    about(matcher.id !== 'byName' || names.has(matcher.options), `an override for "${matcher.options}", which is not there`);
    for (const { id, value } of properties) {
      about(id !== 'unit' || UNITS.has(value), `unit ${value}`);
      about(id !== 'custom.fillBelowTo' || names.has(value), `filled down to "${value}", which is not there`);
    }
  }
}

/** Names of series and columns. A legend of one label may be any verdict. */
function fieldNames(panel) {
  const legends = panel.targets.map(({ legendFormat }) => legendFormat);
  const verdicts = legends.includes('{{verdict}}') ? ['within', 'incomplete', 'insufficient_data', 'stale', 'warning', 'critical'] : [];
  const columns = (panel.transformations ?? []).flatMap(({ options }) => [
    ...Object.keys(options.indexByName ?? {}),
    ...Object.values(options.renameByName ?? {}),
  ]);
  return new Set([...legends, ...verdicts, ...columns]);
}
