// Pages in a real browser: Chromium by playwright-core, axe-core as the judge.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

import { check } from './checks.mjs';

export const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };
/// Every size, light and dark: name, viewport, colour scheme.
export const looks = [
  ['phone', sizes.phone, 'light'],
  ['phone-dark', sizes.phone, 'dark'],
  ['desktop', sizes.desktop, 'light'],
  ['desktop-dark', sizes.desktop, 'dark'],
];

export class Browser {
  constructor(executablePath) {
    this.executablePath = executablePath;
    this.profile = mkdtempSync(join(tmpdir(), 'pages-'));
  }

  /// A window of its own; `page.complaints` are what its console says.
  async page(options = {}) {
    const context = await chromium.launchPersistentContext(join(this.profile, String(Math.random()).slice(2)), {
      executablePath: this.executablePath,
      headless: true,
      args: [
        '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ],
      ...options,
    });
    const page = context.pages()[0] ?? (await context.newPage());
    page.complaints = [];
    // Chromium asks for an icon by itself.
    const ours = (message) => message.type() === 'error' && !message.location().url.endsWith('/favicon.ico');
    page.on('console', (message) => ours(message) && page.complaints.push(`${message.text()} ${message.location().url}`));
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    return page;
  }

  done() {
    rmSync(this.profile, { recursive: true, force: true });
  }
}

export async function judge(page, name) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const bad = violations.filter((found) => ['serious', 'critical'].includes(found.impact));
  check(`${name}: axe-core finds nothing serious`, bad.length === 0, JSON.stringify(bad.map((found) => [found.id, found.nodes.map((node) => node.html)])));
  for (const found of violations) console.log(`  ${found.impact}: ${found.id}: ${found.help}`);
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth);
  check(`${name}: nothing sticks out sideways`, wide <= 0, `${wide} pixels`);
}

/// Presses Tab until the focus is on something with this text or label.
export async function tabTo(page, wanted) {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press('Tab');
    const here = await page.evaluate(() => {
      const at = document.activeElement;
      return { text: at.labels?.[0]?.innerText ?? at.innerText, outline: getComputedStyle(at).outlineStyle };
    });
    if (here.text === wanted) return here;
  }
  return undefined;
}

/// Whether one sees where the focus is: by our outline or the browser's.
export const seen = (here) => ['solid', 'auto'].includes(here?.outline);

/// Presses Enter on what leads to another page, and waits for it.
export async function enter(page) {
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
}
