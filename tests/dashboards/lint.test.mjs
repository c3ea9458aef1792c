// The committed dashboards have what every dashboard must have; and the lint refuses what is wrong.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { problems } from './lint.mjs';
import { FOLDER } from './render.mjs';

/** Links and bookmarks rest on these; they never change. */
const UIDS = {
  'overview.json': 'paritywatch-overview',
  'profile.json': 'paritywatch-profile',
  'duties.json': 'paritywatch-duties',
  'operations.json': 'paritywatch-operations',
};

const DEPLOY = new URL('../../deploy/', import.meta.url);
const announced = JSON.parse(readFileSync(new URL('announced.json', import.meta.url), 'utf8'));
const metrics = [...readFileSync(new URL('metrics.md', DEPLOY), 'utf8').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
const runbooks = existsSync(new URL('runbooks', DEPLOY))
  ? readdirSync(new URL('runbooks', DEPLOY)).map((name) => name.replace(/(\.nl)?\.md$/, ''))
  : [];
const dashboards = new Map(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name, JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))]),
);
const facts = {
  uids: UIDS,
  variables: Object.fromEntries(
    [...dashboards.values()].map(({ uid, templating }) => [uid, templating.list.map(({ name }) => name)]),
  ),
  metrics: new Set([...metrics, ...announced.metrics]),
  runbooks: new Set([...runbooks, ...announced.runbooks]),
};

test('the dashboards are there', () => {
  assert.deepEqual([...dashboards.keys()].sort(), Object.keys(UIDS).sort());
  assert.ok(metrics.length > 50, `deploy/metrics.md has ${metrics.length} metrics`);
});

for (const [file, dashboard] of dashboards) {
  test(`${file} has what it must have`, () => {
    assert.deepEqual(problems(file, dashboard, facts), []);
  });
}

test('what was announced and has come is taken off announced.json', () => {
  assert.deepEqual(announced.metrics.filter((name) => metrics.includes(name)), []);
  assert.deepEqual(announced.runbooks.filter((name) => runbooks.includes(name)), []);
});

test('nothing is announced that no dashboard uses', () => {
  const all = JSON.stringify([...dashboards.values()]);
  const unused = [...announced.metrics, ...announced.runbooks].filter((name) => !all.includes(name));
  assert.deepEqual(unused, []);
});

/** A mistake in a dashboard, by what the lint says of it. `panel` is its first panel with a query. */
const MISTAKES = {
  'uid is': (dashboard) => (dashboard.uid = 'paritywatch-new'),
  'not in UTC': (dashboard) => (dashboard.timezone = 'browser'),
  'not refreshed': (dashboard) => (dashboard.refresh = '5m'),
  'schema version': (dashboard) => (dashboard.schemaVersion = 36),
  'not tagged': (dashboard) => (dashboard.tags = []),
  'an id of one Grafana': (dashboard) => (dashboard.id = 12),
  'id of several panels': (dashboard, panel) => (dashboard.panels[0].id = panel.id),
  'title of several panels': (dashboard, panel) => (dashboard.panels[0].title = panel.title),
  'variable nowhere is not defined': (_, panel) => (panel.targets[0].expr += ' or x{y="$nowhere"}'),
  'variable unused is not used': ({ templating }) => templating.list.push({ name: 'unused', type: 'constant' }),
  'is not within the grid': (_, panel) => (panel.gridPos.x = 23),
  'lies over': (dashboard, panel) => (dashboard.panels.at(-1).gridPos = panel.gridPos),
  'leads to no dashboard': (dashboard) => (dashboard.links[0].url = 'https://example.org'),
  'dashboard that is not there': (dashboard) => (dashboard.links[0].url = '/d/paritywatch-nowhere'),
  'which is no variable there': (dashboard) => (dashboard.links[0].url = '/d/paritywatch-profile?var-nobody=x'),
  'runbook that is neither there': (_, panel) => (panel.links = [{ url: '${runbooks}/ParitywatchNobody' }]),
  colours: (_, panel) => (panel.fieldConfig.defaults.color = { mode: 'fixed', fixedColor: 'semi-dark-green' }),
  'comes without a word': (_, panel) =>
    (panel.fieldConfig.defaults.mappings = [{ type: 'value', options: { 1: { color: '#D55E00' } } }]),
  'neither in deploy/metrics.md': (_, panel) => (panel.targets[0].expr = 'paritywatch_nothing'),
  'has no title': (_, panel) => (panel.title = ''),
  'no description': (_, panel) => (panel.description = 'Alerts.'),
  'no query': (_, panel) => (panel.targets = []),
  'query A does not use the data source': (_, panel) => (panel.targets[0].datasource.uid = 'prometheus-1'),
  '": does not use the data source': (_, panel) => (panel.datasource = { type: 'prometheus', uid: 'prometheus-1' }),
  'asks for no metric of ours': (_, panel) => (panel.targets[0].expr = 'vector(0)'),
  'has no legend': (_, panel) => (panel.targets[0].legendFormat = '__auto'),
  'neither of now': (_, panel) => (panel.targets[0].range = panel.targets[0].instant),
  'unit furlongs': (_, panel) => (panel.fieldConfig.defaults.unit = 'furlongs'),
  'where there is no value': (_, panel) => delete panel.fieldConfig.defaults.noValue,
  'an override for "nobody"': (_, panel) =>
    panel.fieldConfig.overrides.push({ matcher: { id: 'byName', options: 'nobody' }, properties: [] }),
};

for (const [said, mistake] of Object.entries(MISTAKES)) {
  test(`the lint refuses: ${said}`, () => {
    const dashboard = structuredClone(dashboards.get('overview.json'));
    mistake(dashboard, dashboard.panels.find(({ targets }) => targets));
    const found = problems('overview.json', dashboard, facts);
    assert.ok(found.some((problem) => problem.includes(said)), `said: ${found.join('\n')}`);
  });
}
