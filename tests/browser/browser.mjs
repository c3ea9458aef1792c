// What the checks in a browser share: the browser, pages whose every request is noted, and what holds of every page.

import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const MOST_TABS = 400;
const MOST_SHOWN = 40;
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

// MODULES is the folder with node_modules; the other one is the browser.
export function browser(modules, executablePath) {
  const require = createRequire(join(modules, 'package.json'));
  const { chromium } = require('playwright-core');
  const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  const problems = [];
  const expect = (holds, what) => { if (!holds) problems.push(what); };
  const profile = mkdtempSync(join(tmpdir(), 'paritywatch-browser-'));
  const open = (options) => chromium.launchPersistentContext(profile, {
    executablePath, args: FLAGS, ignoreDefaultArgs: ['--enable-unsafe-swiftshader'], ...options,
  });

  // A page whose every request is noted.
  async function visit(context, url) {
    const page = await context.newPage();
    const requests = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('dialog', (dialog) => { problems.push(`${url}: a dialog opened: ${dialog.message()}`); dialog.dismiss(); });
    page.on('pageerror', (error) => problems.push(`${url}: ${error}`));
    page.on('console', (message) => { if (message.type() === 'error') problems.push(`${url}: ${message.text()}`); });
    await page.goto(url);
    return { page, requests };
  }

  // Looks at a page with each scheme and width. The page may forbid script: the checker comes in by the debugger's door.
  async function hasNoViolation(page, name, seenAs) {
    await page.evaluate(axe);
    for (const [colorScheme, width] of seenAs) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      const result = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags }), AXE_TAGS);
      for (const violation of result.violations) {
        const nodes = violation.nodes.slice(0, 3).map((node) => `${node.target}: ${node.failureSummary}`).join(' | ');
        problems.push(`${name} ${colorScheme} ${width}: ${violation.id}: ${violation.help}: ${nodes}`);
      }
      expect(result.passes.length > 15, `${name}: axe looked at nothing`);
    }
  }

  // What a table is about is said by its caption, and what a number is about by its heads.
  async function namesItsTables(page, name) {
    const wrong = await page.evaluate(() => [...document.querySelectorAll('table')].flatMap((table) => [
      ...(table.caption?.textContent.trim() ? [] : [`no caption: ${table.outerHTML.slice(0, 80)}`]),
      ...[...table.querySelectorAll('th:not([scope])')].map((head) => `no scope: ${head.outerHTML.slice(0, 80)}`),
      ...[...table.querySelectorAll('tbody tr')].filter((row) => !row.querySelector('th[scope=row]')).map((row) => `no head: ${row.outerHTML.slice(0, 80)}`),
    ]));
    expect(wrong.length === 0, `${name}: ${wrong.slice(0, 3).join(' | ')}`);
    const verdicts = await page.evaluate(() => [...document.querySelectorAll('.verdict')].filter((verdict) => !verdict.textContent.trim() || !verdict.querySelector('svg path, svg circle')).length);
    expect(verdicts === 0, `${name}: ${verdicts} verdicts without a word or a shape`);
  }

  // Nothing is wider than the page, but for what scrolls in a box of its own.
  async function fitsWidths(page, name, widths) {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      const beyond = await page.evaluate((limit) => [...document.querySelectorAll('body *')]
        .filter((element) => !element.closest('.scroll, .hidden, .skip, svg, pre') && element.getBoundingClientRect().right > limit + 0.5)
        .slice(0, 3).map((element) => element.outerHTML.slice(0, 120)), width);
      expect(wide <= width && beyond.length === 0, `${name}: ${wide} px at ${width} px: ${beyond.join(' | ')}`);
    }
  }

  // Says what was wrong, and ends.
  function finish(seen) {
    console.log(`${seen}, ${problems.length} problems`);
    for (const problem of problems.slice(0, MOST_SHOWN)) console.log(`PROBLEM ${problem}`);
    process.exit(problems.length ? 1 : 0);
  }
  const close = () => rmSync(profile, { recursive: true, force: true });
  return { open, visit, expect, hasNoViolation, namesItsTables, fitsWidths, finish, close };
}
