// The committed dashboards are those that the sources generate.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { FOLDER, render } from './render.mjs';

test('the committed dashboards are what the sources generate: otherwise `npm run generate`', () => {
  const generated = render();
  const committed = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  assert.deepEqual(committed.sort(), [...generated.keys()].sort());
  for (const [name, text] of generated) {
    assert.ok(readFileSync(new URL(name, FOLDER), 'utf8') === text, `dashboards/${name} is not what dashboards/source generates`);
  }
});
