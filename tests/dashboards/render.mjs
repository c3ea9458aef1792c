// The dashboards as the text of their files, from the compiled sources.

import { createRequire } from 'node:module';

const { DASHBOARDS } = createRequire(import.meta.url)('./built/index.js');

/** The folder of the committed files. */
export const FOLDER = new URL('../../dashboards/', import.meta.url);

/** Name of the file -> its text. */
export function render() {
  return new Map(Object.entries(DASHBOARDS).map(([name, build]) => [name, text(build())]));
}

function text(dashboard) {
  const panels = dashboard.panels.map((panel, index) => ({ ...panel, ...withoutFooter(panel), id: index + 1 }));
  const list = dashboard.templating.list.map(variable);
  return `${JSON.stringify({ ...dashboard, panels, templating: { list } }, null, 2)}\n`;
}

/** The library gives every variable what only an interval has. */
function variable({ auto, auto_min, auto_count, ...kept }) {
  return kept;
}

/** The library gives tables an option that Grafana has dropped. */
function withoutFooter({ type, options }) {
  if (type !== 'table') {
    return {};
  }
  const { footer, ...kept } = options;
  return { options: kept };
}
