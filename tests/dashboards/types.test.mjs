// The committed JSON against Grafana's own types (@grafana/schema), in the version of each Grafana that is supported.
//
// The types leave `options`, `custom` and queries open, because they depend on the panel's kind. Here each panel is put
// against the types of its kind, and a query against what Prometheus' query may have; so a misspelt word anywhere fails.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { FOLDER } from './render.mjs';

/** Where each version of the types keeps everything, the dashboard, and the panels. */
const VERSIONS = {
  11: ['dist/esm', 'dashboard_types.gen', (kind) => `${kind}PanelCfg_types.gen`],
  12: ['dist/types', 'types.gen', () => 'types.gen'],
  13: ['dist/types', 'types.gen', () => 'types.gen'],
};
/** Kinds of panels by the name that the types have for them; the kind itself is in lower case, `state-timeline` apart. */
const KINDS = ['BarGauge', 'Stat', 'StateTimeline', 'Table', 'Text', 'TimeSeries'];
/** Kinds whose fields have settings of their own. */
const WITH_FIELDS = ['StateTimeline', 'Table', 'TimeSeries'];

const TSC_LIMIT_MS = 120_000;

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const dashboards = new Map(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name.replace('.json', ''), readFileSync(new URL(name, FOLDER), 'utf8')]),
);

/** Mistakes of each depth, with what they are in place of. */
const MISTAKES = {
  kind: ['"timezone": "utc"', '"timezone": 0'],
  word: ['"showPoints": "never"', '"showPoints": "sometimes"'],
  panel: ['"gridPos": {', '"gridpos": {'],
  option: ['"graphMode": ', '"graphmode": '],
  query: ['"expr": ', '"expression": '],
  field: ['"unit": "none"', '"units": "none"'],
  override: ['"id": "custom.cellOptions"', '"id": "custom.cellOption"'],
  value: ['"type": "color-text"', '"type": "colour-text"'],
};

for (const version of Object.keys(VERSIONS)) {
  test(`the dashboards are of Grafana ${version}'s types`, () => {
    assert.ok(dashboards.size >= 3, 'the dashboards were not found');
    assert.equal(check(version, dashboards), '');
  });

  test(`Grafana ${version}'s types refuse mistakes`, () => {
    const right = dashboards.get('overview');
    const wrong = Object.entries(MISTAKES).map(([name, [text, mistake]]) => {
      assert.ok(right.includes(text), `the overview does not have ${text}`);
      return [name, right.replace(text, mistake)];
    });
    const said = check(version, new Map(wrong));
    for (const name of Object.keys(MISTAKES)) {
      assert.match(said, new RegExp(`${name}\\.ts\\(\\d+,\\d+\\): error TS(2322|2353|2561|2820|2741)`), said);
    }
  });
}

/** What the compiler says of these literals. */
function check(version, literals) {
  const folder = new URL(`built/types-${version}/`, import.meta.url);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const write = (name, text) => writeFileSync(new URL(name, folder), text);
  write('types.ts', types(version));
  for (const [name, literal] of literals) {
    write(`${name}.ts`, `import type { Dashboard } from './types';\nexport const dashboard: Dashboard = ${literal}`);
  }
  write('tsconfig.json', JSON.stringify({ compilerOptions: options(version) }));
  const { status, stdout } = spawnSync(process.execPath, [tsc, '--pretty', 'false', '--project', fileURLToPath(folder)], {
    cwd: fileURLToPath(folder),
    encoding: 'utf8',
    timeout: TSC_LIMIT_MS,
  });
  assert.equal(status === 0, stdout === '', `tsc ended with ${status}: ${stdout}`);
  return stdout;
}

function options(version) {
  const [folder] = VERSIONS[version];
  return {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: 'commonjs',
    moduleResolution: 'node10',
    types: [],
    // The types of panels name the package, and would find none or another version of it: their words would then be anything.
    paths: { '@grafana/schema': [`../../node_modules/grafana-schema-${version}/${folder}/index`] },
  };
}

function types(version) {
  const [folder, dashboard, file] = VERSIONS[version];
  const raw = `../../node_modules/grafana-schema-${version}/${folder}/raw`;
  const kinds = KINDS.map((kind) => {
    const type = kind === 'StateTimeline' ? 'state-timeline' : kind.toLowerCase();
    const custom = WITH_FIELDS.includes(kind) ? `Plain<${kind}.FieldConfig>` : 'Record<string, never>';
    return `Kind<'${type}', Plain<${kind}.Options>, ${custom}>`;
  });
  const imports = KINDS.map(
    (kind) => `import type * as ${kind} from '${raw}/composable/${kind.toLowerCase()}/panelcfg/x/${file(kind)}';\n`,
  );
  return `import type * as grafana from '${raw}/dashboard/x/${dashboard}';
${imports.join('')}
/** A type as JSON has it: words where TypeScript has enumerations. */
type Plain<T> = T extends string ? \`\${T}\` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;

/** What a query to Prometheus has. */
interface Query {
  refId: string;
  expr: string;
  datasource: grafana.DataSourceRef;
  format: 'table' | 'time_series';
  legendFormat: string;
  instant: boolean;
  range: boolean;
}

type Fields<Custom> = Omit<Plain<grafana.FieldConfig>, 'custom'> & { custom?: Custom };
/** What an override may set: a field's own settings, and those of its kind as \`custom.NAME\`. */
type Property<Custom> =
  | { [K in keyof Plain<grafana.FieldConfig>]-?: { id: K; value: Plain<grafana.FieldConfig>[K] } }[keyof grafana.FieldConfig]
  | { [K in keyof Custom & string]-?: { id: \`custom.\${K}\`; value: Custom[K] } }[keyof Custom & string];
interface Source<Custom> {
  defaults: Fields<Custom>;
  overrides: { matcher: { id: 'byName' | 'byType'; options: string }; properties: Property<Custom>[] }[];
}
type Kind<Type, Options, Custom> = Omit<Plain<grafana.Panel>, 'type' | 'options' | 'targets' | 'fieldConfig'> & {
  type: Type;
  options: Options;
  targets?: Query[];
  fieldConfig?: Source<Custom>;
};
type Panel = ${kinds.join(' | ')};
type Row = Omit<Plain<grafana.RowPanel>, 'panels'> & { panels: Panel[] };
export type Dashboard = Omit<Plain<grafana.Dashboard>, 'panels'> & { panels: (Panel | Row)[] };

`;
}
