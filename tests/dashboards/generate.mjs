// Writes the dashboards: `npm run generate`.

import { writeFileSync } from 'node:fs';
import { FOLDER, render } from './render.mjs';

for (const [name, text] of render()) {
  writeFileSync(new URL(name, FOLDER), text);
  console.log(`dashboards/${name}`);
}
