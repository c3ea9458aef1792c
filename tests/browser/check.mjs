// The status page in real Chromium. Called by tests/io/browser.rs:
//
//   node check.mjs MODULES CHROMIUM [SCREENSHOTS] NAME=URL...
//
// MODULES is the folder with node_modules. Prints what it saw; the exit code is 1 where something is wrong.

import { join } from 'node:path';
import { MOST_TABS, browser } from './browser.mjs';

const [modules, executablePath, screenshots, ...served] = process.argv.slice(2);
const { open, visit, expect, hasNoViolation, namesItsTables, fitsWidths, finish, close } = browser(modules, executablePath);

const LANGUAGES = ['en', 'nl'];
// Scheme and width: with both languages each is seen with each.
const SEEN_AS = { en: [['light', 1280], ['dark', 320]], nl: [['dark', 1280], ['light', 320]] };
const WIDTHS = [320, 390, 768, 1280];
const MOST_LOADS = 30;

const unfold = (page) => page.evaluate(() => document.querySelectorAll('details').forEach((folded) => { folded.open = true; }));

async function isAccessible(context, name, url) {
  for (const language of LANGUAGES) {
    const { page } = await visit(context, `${url}/?lang=${language}`);
    expect(await page.getAttribute('html', 'lang') === language, `${name}: the language is not ${language}`);
    await unfold(page);
    await hasNoViolation(page, `${name} ${language}`, SEEN_AS[language]);
    await namesItsTables(page, name);
    await fitsWidths(page, `${name} ${language}`, WIDTHS);
    await page.close();
  }
}

// Everything that can be used is reached by Tab, in order, and shows that it is.
async function isReachedByKeyboard(context, name, url) {
  const { page } = await visit(context, url);
  const wanted = await page.evaluate(() => {
    const all = [...document.querySelectorAll('a[href], summary, [tabindex="0"]')].filter((element) => !element.closest('details:not([open]) > :not(summary)'));
    all.forEach((element, index) => { element.dataset.wanted = index; });
    return all.length;
  });
  const seen = [];
  for (let tab = 0; tab < MOST_TABS; tab += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      return { wanted: element.dataset.wanted, outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        visible: box.width > 0 && box.right > 0 && box.left < innerWidth, html: element.outerHTML.slice(0, 100) };
    });
    if (!focused) break;
    if (seen.includes(focused.wanted)) break;
    expect(focused.outline, `${name}: focus cannot be seen on ${focused.html}`);
    expect(focused.visible, `${name}: what has the focus cannot be seen: ${focused.html}`);
    seen.push(focused.wanted);
  }
  expect(seen.length === wanted, `${name}: ${seen.length} of ${wanted} are reached by Tab`);
  expect(seen.every((value, index) => Number(value) === index), `${name}: Tab goes in another order than the page`);
  await page.goto(url);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement.id) === 'content', `${name}: the skip link does not lead to the content`);
  await page.close();
}

// The document of the evaluation that the page shows; the page is loaded again until there is one. Without an evaluation: no findings.
async function ofTheSameMoment(page, url) {
  for (let load = 0; load < MOST_LOADS; load += 1) {
    const response = await fetch(`${url}/api/v1/evaluation`);
    if (response.status === 503) return { findings: [] };
    const document_ = await response.json();
    const shown = await page.locator('.as_of time').first().getAttribute('datetime');
    if (Date.parse(shown) === Date.parse(document_.as_of)) return document_;
    await page.reload();
  }
  throw new Error(`${url}: page and document were never of the same moment`);
}

// Points and limits of the drawings, by the scale that stands above them, are the document's numbers.
async function drawsTheDocumentsNumbers(context, name, url) {
  const { page } = await visit(context, `${url}/?lang=en`);
  const document_ = await ofTheSameMoment(page, url);
  const rows = await page.evaluate(() => [...document.querySelectorAll('section[aria-labelledby="findings"] table.findings')].flatMap((table) => {
    const ticks = [...table.querySelectorAll('svg.axis text')].map((text) => [Number(text.textContent), Number(text.getAttribute('x'))]);
    return [...table.querySelectorAll('tbody tr')].map((row) => {
      const x = (selector, attribute) => { const element = row.querySelector(selector); return element && Number(element.getAttribute(attribute)); };
      return { id: row.id, ticks, point: x('.point', 'cx'),
        arrowLow: !!row.querySelector('.arrow-low'), arrowHigh: !!row.querySelector('.arrow-high'),
        capLow: x('.cap-low', 'x1'), capHigh: x('.cap-high', 'x1'), equality: x('.equality', 'x1'),
        title: row.querySelector('svg.interval title').textContent, text: row.textContent };
    });
  }));
  const escape = (text) => [...new TextEncoder().encode(text)]
    .map((byte) => (/[A-Za-z0-9_-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `~${byte.toString(16).toUpperCase().padStart(2, '0')}`)).join('');
  // Duties have rows without a drawing: each stands on the page under the names of the document.
  const places = await page.evaluate(() => [...document.querySelectorAll('section[aria-labelledby="duties"] tbody tr')].map((row) => row.id));
  for (const duty of document_.findings.filter((finding) => finding.kind !== 'disparity')) {
    const names = ['rule', 'profile', 'channel', 'dimension', 'group', 'window'].map((key) => escape(duty[key] ?? ''));
    const id = `finding.${names.concat(duty.subject === null ? [] : [escape(duty.subject)]).join('.')}`;
    expect(places.includes(id), `${name}: no row for ${id}`);
  }
  let compared = 0;
  for (const finding of document_.findings.filter((finding) => finding.kind === 'disparity')) {
    const id = `finding.${['rule', 'profile', 'channel', 'dimension', 'group', 'window'].map((key) => escape(finding[key])).join('.')}`;
    const row = rows.find((row) => row.id === id);
    expect(row, `${name}: no row for ${id}`);
    if (!row) continue;
    const [[r1, x1], [r2, x2]] = [row.ticks[0], row.ticks[row.ticks.length - 1]];
    const at = (ratio) => x1 + (Math.log(ratio / r1) / Math.log(r2 / r1)) * (x2 - x1);
    const near = (drawn, ratio) => Math.abs(drawn - at(ratio)) < 0.6;
    for (const [number, x] of row.ticks) expect(near(x, number), `${name} ${id}: the scale is not logarithmic at ${number}`);
    expect(near(row.equality, 1), `${name} ${id}: the line of equality is not at 1`);
    const ratio = finding.stratified?.ratio ?? finding.ratio;
    if (!ratio) { expect(row.point === null, `${name} ${id}: a point without a ratio`); continue; }
    compared += 1;
    if (ratio.value !== null && row.point !== null) expect(near(row.point, ratio.value), `${name} ${id}: the point is not at ${ratio.value}`);
    if (ratio.value > 0.05 && ratio.value < 20) expect(row.point !== null, `${name} ${id}: no point at ${ratio.value}`);
    // A limit within the scale has a cap at its place. One beyond it has an arrow, or belongs to an interval whose other limit has the arrow.
    for (const [which, limit, cap, arrow, other] of [
      ['lower', ratio.lower, row.capLow, row.arrowLow, row.arrowHigh], ['upper', ratio.upper, row.capHigh, row.arrowHigh, row.arrowLow],
    ]) {
      if (cap !== null) expect(near(cap, limit), `${name} ${id}: the ${which} limit is not at ${limit}`);
      else if (!arrow) expect(other && (limit < 0.05 || limit > 20), `${name} ${id}: no mark for the ${which} limit ${limit}`);
    }
    if (ratio.upper === null) expect(row.arrowHigh, `${name} ${id}: no arrow for an unknown limit`);
    if (ratio.value !== null) {
      expect(row.title.includes(ratio.value.toFixed(2).slice(0, 4)), `${name} ${id}: the title does not say ${ratio.value}: ${row.title}`);
      expect(row.text.includes(ratio.value.toFixed(2).slice(0, 4)), `${name} ${id}: the table does not say ${ratio.value}`);
    }
  }
  await page.close();
  return compared;
}

async function asksOnlyItsOrigin(context, name, url) {
  const { page, requests } = await visit(context, url);
  expect(requests.length >= 2, `${name}: nothing was asked`);
  for (const request of requests) expect(new URL(request).origin === new URL(url).origin, `${name}: a request to ${request}`);
  expect(await page.locator('script').count() === 0, `${name}: there is script`);
  await page.close();
}

// Without script and with a hostile configuration: the same text, nothing run.
async function worksWithoutScript(name, url) {
  const context = await open({ javaScriptEnabled: false });
  const { page } = await visit(context, url);
  expect((await page.title()).startsWith('paritywatch: '), `${name}: the title is ${await page.title()}`);
  for (const id of ['overview', 'alerts', 'findings', 'funnel', 'health']) {
    expect(await page.locator(`h2#${id}`).isVisible(), `${name}: section ${id} is not there`);
  }
  await page.close();
  await context.close();
}

async function shoot(context, name, url) {
  for (const [suffix, language, colorScheme, width, height] of [
    ['light', 'en', 'light', 1280, 1500], ['dark', 'nl', 'dark', 1280, 1500], ['phone', 'nl', 'light', 390, 1400],
  ]) {
    const { page } = await visit(context, `${url}/?lang=${language}`);
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: join(screenshots, `${name}-${suffix}.png`) });
    await page.screenshot({ path: join(screenshots, `${name}-${suffix}-full.png`), fullPage: true });
    await page.close();
  }
}

let compared = 0;
try {
  for (const [name, url] of served.map((pair) => pair.split(/=(.*)/s))) {
    const context = await open({ viewport: { width: 1280, height: 900 } });
    await asksOnlyItsOrigin(context, name, url);
    await isAccessible(context, name, url);
    await isReachedByKeyboard(context, name, url);
    compared += await drawsTheDocumentsNumbers(context, name, url);
    if (screenshots !== '-') await shoot(context, name, url);
    await context.close();
    await worksWithoutScript(name, url);
  }
  expect(compared > 10, `only ${compared} drawings were compared`);
} finally {
  close();
}
finish(`${served.length} states, ${compared} drawings compared`);
