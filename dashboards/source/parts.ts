// Panels, variables and links in the one form that all dashboards use.

import { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as text from '@grafana/grafana-foundation-sdk/text';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { COLOUR, NO_DATA, RUNBOOKS, TAG, UID, VERDICTS } from './words';

/** The data source that the viewer chose. */
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

// ---- The dashboard ----

/** A dashboard without panels: UTC, refreshed, with links to the other ones and to the runbooks. */
export function board(uid: string, title: string, description: string, from: string): dashboard.DashboardBuilder {
  const others = Object.entries({ Overview: UID.overview, Profile: UID.profile, Duties: UID.duties, Operations: UID.operations });
  const builder = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .timezone('utc')
    .refresh('30s')
    .time({ from, to: 'now' })
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .editable()
    .withVariable(
      new dashboard.DatasourceVariableBuilder('datasource')
        .label('Data source')
        .description('The Prometheus that scrapes paritywatch.')
        .type('prometheus'),
    )
    .withVariable(runbooksAddress())
    .withVariable(
      several('job', 'Job', 'Scrape jobs of paritywatch: for instance production and acceptance.', 'paritywatch_ready')
        // Also what has gone by now, so that a dead daemon keeps its history.
        .allValue('.+'),
    );
  for (const [name, other] of others.filter(([, other]) => other !== uid)) {
    builder.link(link(name, `/d/${other}`, { icon: 'dashboard', includeVars: true, keepTime: true }));
  }
  return builder;
}

/** A variable whose options are the values of the label of its name, in series of this metric. One must be chosen. */
export function choice(name: string, label: string, description: string, series: string): dashboard.QueryVariableBuilder {
  const query = `label_values(${series}, ${name})`;
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(DATASOURCE)
    .query({ query, refId: `variable-${name}`, qryType: 1 })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
    .multi(false)
    .includeAll(false);
}

/** The same, but any number of them, and all of them at first. */
export function several(name: string, label: string, description: string, series: string): dashboard.QueryVariableBuilder {
  return choice(name, label, description, series)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

/** A constant, which only an editor of the dashboard sees. */
function runbooksAddress(): Builder<dashboard.VariableModel> {
  const constant = new dashboard.ConstantVariableBuilder('runbooks')
    .description('Where the runbooks of deploy/runbooks are published, without a slash at the end.')
    .value(RUNBOOKS)
    .build();
  return { build: () => ({ ...constant, hide: dashboard.VariableHide.HideVariable }) };
}

/** A heading, open. */
export function row(title: string): dashboard.RowBuilder {
  return new dashboard.RowBuilder(title);
}

// ---- Links ----

/** The runbook of an alert, as a link of a panel. */
export function runbook(alert: string): Builder<dashboard.DashboardLink>[] {
  const to = (title: string, file: string) => link(title, `\${runbooks}/${file}`, { icon: 'doc', targetBlank: true });
  return [to(`Runbook: ${alert}`, alert), to(`Draaiboek: ${alert}`, `${alert}.nl`)];
}

/** The library's builder of links always hides them in a menu, so this is one by hand. */
function link(title: string, url: string, how: Partial<dashboard.DashboardLink>): Builder<dashboard.DashboardLink> {
  const plain = { asDropdown: false, includeVars: false, keepTime: false, tags: [], targetBlank: false };
  const type = dashboard.DashboardLinkType.Link;
  return { build: () => ({ ...plain, icon: '', tooltip: title, ...how, title, url, type }) };
}

/** The profile dashboard with variables set: to `${__data.fields.NAME}` or `${__field.labels.NAME}` of what was clicked. */
export function toProfile(from: '__data.fields' | '__field.labels', ...names: string[]): { title: string; url: string } {
  const set = names.map((name) => `var-${name}=\${${from}.${name}}`);
  const kept = ['${datasource:queryparam}', '${job:queryparam}', '${__url_time_range}'];
  return { title: 'Look at this profile', url: `/d/${UID.profile}?${[...kept, ...set].join('&')}` };
}

// ---- Queries ----

/** A query: over time, or only as of the end of the time range (`now`). */
interface Query {
  expr: string;
  legend?: string;
}

function targets(queries: Query[], when: 'over time' | 'now', format: prometheus.PromQueryFormat): Builder<Dataquery>[] {
  return queries.map(({ expr, legend }, index) => {
    const query = new prometheus.DataqueryBuilder().refId(refId(index)).expr(expr).datasource(DATASOURCE).format(format);
    query.legendFormat(legend ?? '__auto');
    return when === 'now' ? query.instant() : query.range();
  });
}

function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

// ---- Panels ----

/** What every panel says of itself. */
interface About {
  title: string;
  /** For readers who are no engineers: what is shown, and what it does not say. */
  description: string;
  unit: string;
  queries: Query[];
  /** Of 24. */
  width: number;
  height?: number;
  decimals?: number;
  noValue?: string;
  /** The alert whose runbook belongs here. */
  alert?: string;
}

const MULTI_TOOLTIP = new common.VizTooltipOptionsBuilder()
  .mode(common.TooltipDisplayMode.Multi)
  .sort(common.SortOrder.Descending);

/** A panel of any kind with what all have in common. */
type AnyPanel =
  | stat.PanelBuilder
  | timeseries.PanelBuilder
  | table.PanelBuilder
  | statetimeline.PanelBuilder
  | bargauge.PanelBuilder;

function describe<P extends AnyPanel>(panel: P, about: About, height: number): P {
  panel
    .title(about.title)
    .description(about.description)
    .datasource(DATASOURCE)
    .unit(about.unit)
    .noValue(about.noValue ?? NO_DATA)
    .span(about.width)
    .height(about.height ?? height);
  if (about.decimals !== undefined) {
    panel.decimals(about.decimals);
  }
  if (about.alert !== undefined) {
    panel.links(runbook(about.alert));
  }
  return panel;
}

/** One number, or one of each series: as of now. */
export function number(about: About): stat.PanelBuilder {
  return describe(new stat.PanelBuilder(), about, 4)
    .targets(targets(about.queries, 'now', prometheus.PromQueryFormat.TimeSeries))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false))
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(common.BigValueColorMode.None)
    .colorScheme(fixed('text'));
}

/** Lines over time. */
export function lines(about: About): timeseries.PanelBuilder {
  return describe(new timeseries.PanelBuilder(), about, 8)
    .targets(targets(about.queries, 'over time', prometheus.PromQueryFormat.TimeSeries))
    .tooltip(MULTI_TOOLTIP)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .calcs([]),
    )
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassicByName))
    .lineWidth(2)
    .fillOpacity(0)
    .showPoints(common.VisibilityMode.Never)
    .spanNulls(false);
}

/** Bars with names: as of now. */
export function bars(about: About): bargauge.PanelBuilder {
  return describe(new bargauge.PanelBuilder(), about, 8)
    .targets(targets(about.queries, 'now', prometheus.PromQueryFormat.TimeSeries))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false))
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .min(0)
    .colorScheme(fixed(COLOUR.sky));
}

/** States over time. */
export function timeline(about: About): statetimeline.PanelBuilder {
  return describe(new statetimeline.PanelBuilder(), about, 8)
    .targets(targets(about.queries, 'over time', prometheus.PromQueryFormat.TimeSeries))
    .showValue(common.VisibilityMode.Auto)
    .mergeValues(true)
    .tooltip(MULTI_TOOLTIP)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .calcs([]),
    )
    .lineWidth(0)
    .fillOpacity(80);
}

/** A column of a table: a label, under its own name so that links can name it, or the value of a query. */
export type Column = string | ValueColumn;

interface ValueColumn {
  expr: string;
  title: string;
  unit?: string;
  decimals?: number;
  verdict?: true;
}

/** A table as of now: a line for each set of labels, columns in the order given. `link` leads to the profile, with these labels set. */
export function lists(about: Omit<About, 'queries'> & { columns: Column[]; link: string[] }): table.PanelBuilder {
  const values = about.columns.filter((column) => typeof column !== 'string');
  const queries = values.map(({ expr }) => ({ expr }));
  const panel = describe(new table.PanelBuilder(), { ...about, queries }, 10)
    .targets(targets(queries, 'now', prometheus.PromQueryFormat.Table))
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({ id: 'organize', options: organised(about.columns, values) })
    .cellHeight(common.TableCellHeight.Sm)
    .filterable(true)
    .cellOptions({ type: common.TableCellDisplayMode.Auto })
    .colorScheme(fixed('text'));
  if (about.link.length > 0) {
    panel.overrideByName('profile', [{ id: 'links', value: [toProfile('__data.fields', ...about.link)] }]);
  }
  values.forEach((column) => panel.overrideByName(column.title, cellProperties(column)));
  return panel;
}

/** Grafana names values `Value #A` and so on, or `Value` where only one query has a result. */
function organised(columns: Column[], values: ValueColumn[]): object {
  const field = (column: Column) => (typeof column === 'string' ? column : `Value #${refId(values.indexOf(column))}`);
  const indexByName = Object.fromEntries(columns.map((column, index) => [field(column), index]));
  const renamed = values.map((column) => [field(column), column.title]);
  const renameByName = Object.fromEntries([...renamed, ['Value', values[0]?.title]]);
  return { excludeByName: { Time: true }, includeByName: {}, indexByName, renameByName };
}

function cellProperties(column: ValueColumn): dashboard.DynamicConfigValue[] {
  if (column.verdict) {
    return [
      { id: 'mappings', value: verdictMappings() },
      { id: 'custom.cellOptions', value: { type: 'color-text' } },
    ];
  }
  const unit = { id: 'unit', value: column.unit ?? 'none' };
  return column.decimals === undefined ? [unit] : [unit, { id: 'decimals', value: column.decimals }];
}

/** Plain text in Markdown. */
export function words(title: string, description: string, content: string, width: number, height: number): text.PanelBuilder {
  return new text.PanelBuilder()
    .title(title)
    .description(description)
    .mode(text.TextMode.Markdown)
    .content(content)
    .span(width)
    .height(height);
}

// ---- Looks ----

/** One colour for everything. */
export function fixed(colour: string): dashboard.FieldColorBuilder {
  return new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Fixed).fixedColor(colour);
}

/** Values as words, with colours: value, text, colour. */
export function wordsFor(...values: [value: number, text: string, colour: string][]): dashboard.ValueMapping[] {
  const options = Object.fromEntries(values.map(([value, text, color], index) => [String(value), { text, color, index }]));
  return [{ type: dashboard.MappingType.ValueToText, options }];
}

/** Verdict codes as words with their colours. */
export function verdictMappings(): dashboard.ValueMapping[] {
  return wordsFor(...VERDICTS.map(({ code, text, colour }): [number, string, string] => [code, text, colour]));
}

/** How the line of this name looks. */
export function line(colour: string, style: 'line' | 'dash', width = 2): dashboard.DynamicConfigValue[] {
  const dash = style === 'dash' ? [{ id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } }] : [];
  return [
    { id: 'color', value: { mode: 'fixed', fixedColor: colour } },
    { id: 'custom.lineWidth', value: width },
    ...dash,
  ];
}

/** A limit of an interval: no line and no place in the legend, but a value under the pointer. */
export function limit(colour: string): dashboard.DynamicConfigValue[] {
  return [...line(colour, 'line', 0), { id: 'custom.hideFrom', value: { legend: true, tooltip: false, viz: false } }];
}

/** The upper limit of an interval, shaded down to the lower one. */
export function band(colour: string, lower: string): dashboard.DynamicConfigValue[] {
  return [...limit(colour), { id: 'custom.fillBelowTo', value: lower }, { id: 'custom.fillOpacity', value: 20 }];
}

/** A dashed line at one value, through a panel of lines. */
export function mark(panel: timeseries.PanelBuilder, value: number): timeseries.PanelBuilder {
  return panel
    .thresholds(
      new dashboard.ThresholdsConfigBuilder()
        .mode(dashboard.ThresholdsMode.Absolute)
        .steps([{ value: null, color: 'transparent' }, { value, color: 'text' }]),
    )
    .thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed));
}
