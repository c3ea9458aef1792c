// Reports in real Chromium: on a desk, on a telephone, and on paper. Called by tests/io/browser.rs:
//
//   node report.mjs MODULES CHROMIUM [SCREENSHOTS] NAME=FILE...
//
// FILE is a report as `paritywatch report --format html` writes it. With a folder for SCREENSHOTS it also takes pictures, and prints to PDF.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MOST_TABS, browser } from './browser.mjs';

const [modules, executablePath, screenshots, ...files] = process.argv.slice(2);
if (screenshots !== '-') mkdirSync(screenshots, { recursive: true });
const { open, visit, expect, hasNoViolation, namesItsTables, fitsWidths, finish, close } = browser(modules, executablePath);

const SEEN_AS = [['light', 1280], ['dark', 1280], ['light', 360], ['dark', 360]];
const WIDTHS = [320, 360, 768, 1280];
// Points of a page of paper: A4, upright and lying.
const A4 = [595, 842];

async function isAccessible(page, name) {
  await hasNoViolation(page, name, SEEN_AS);
  await page.emulateMedia({ colorScheme: 'light' });
  await namesItsTables(page, name);
  await fitsWidths(page, name, WIDTHS);
  const found = await page.evaluate(() => ({
    scripts: document.querySelectorAll('script').length,
    unnamed: [...document.querySelectorAll('svg[role=img]')].filter((drawing) => !drawing.getAttribute('aria-label') && !drawing.querySelector('title, desc')?.textContent).length,
    drawings: document.querySelectorAll('svg[role=img]').length,
    landmarks: ['header', 'nav', 'main', 'footer'].filter((name) => !document.querySelector(name)),
  }));
  expect(found.scripts === 0, `${name}: there is script`);
  expect(found.unnamed === 0, `${name}: ${found.unnamed} of ${found.drawings} drawings have no name`);
  expect(found.landmarks.length === 0, `${name}: no ${found.landmarks.join(', ')}`);
  return found.drawings;
}

// What can be used is reached by Tab, and shows that it is.
async function isReachedByKeyboard(page, name) {
  await page.setViewportSize({ width: 1280, height: 900 });
  const wanted = await page.evaluate(() => document.querySelectorAll('a[href], [tabindex="0"]').length);
  let seen = 0;
  for (; seen < Math.min(wanted, MOST_TABS); seen += 1) {
    await page.keyboard.press('Tab');
    const shows = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      return document.activeElement !== document.body && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    });
    if (!shows) break;
  }
  expect(seen === Math.min(wanted, MOST_TABS), `${name}: ${seen} of ${wanted} are reached by Tab and show it`);
}

// On paper: A4, the appendix lying, no page that is cut off. A table that goes on to another page has its head there.
async function prints(page, name) {
  await page.emulateMedia({ media: 'print', colorScheme: 'light' });
  const heads = await page.evaluate(() => [...document.querySelectorAll('thead')].every((head) => getComputedStyle(head).display === 'table-header-group'));
  const rows = await page.evaluate(() => [...document.querySelectorAll('tbody tr')].every((row) => getComputedStyle(row).breakInside === 'avoid'));
  expect(heads && rows, `${name}: heads of tables are not repeated, or rows are split`);
  const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true, tagged: true, outline: true });
  if (screenshots !== '-') writeFileSync(join(screenshots, `${name}.pdf`), pdf);
  const boxes = [...pdf.toString('latin1').matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].map((box) => [Number(box[1]), Number(box[2])]);
  const is = ([width, height], [w, h]) => Math.abs(width - w) < 2 && Math.abs(height - h) < 2;
  expect(boxes.length > 1, `${name}: ${boxes.length} pages`);
  expect(boxes.every((box) => is(box, A4) || is(box, [...A4].reverse())), `${name}: pages of ${JSON.stringify(boxes)}`);
  expect(is(boxes[0] ?? [], A4) && is(boxes[boxes.length - 1] ?? [], [...A4].reverse()), `${name}: the appendix does not lie`);
  await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
  return boxes.length;
}

async function shoot(page, name) {
  for (const [suffix, colorScheme, width, height] of [['light', 'light', 1280, 1600], ['dark', 'dark', 1280, 1600], ['phone', 'light', 360, 1400]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
    await page.screenshot({ path: join(screenshots, `${name}-${suffix}.png`) });
  }
}

let [drawings, pages] = [0, 0];
try {
  for (const [name, file] of files.map((pair) => pair.split(/=(.*)/s))) {
    const url = pathToFileURL(resolve(file)).href;
    expect(!/<script|\ssrc=|url\(|@import|<link/.test(readFileSync(file, 'utf8')), `${name}: it asks for something from elsewhere`);
    const context = await open({ viewport: { width: 1280, height: 900 } });
    const { page, requests } = await visit(context, url);
    drawings += await isAccessible(page, name);
    await isReachedByKeyboard(page, name);
    pages += await prints(page, name);
    if (screenshots !== '-') await shoot(page, name);
    expect(requests.every((request) => request === url), `${name}: requests to ${requests}`);
    await context.close();
  }
} finally {
  close();
}
finish(`${files.length} reports, ${drawings} drawings, ${pages} pages`);
