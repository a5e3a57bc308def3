// The calendar's page in a real browser: phone and desktop, light and dark, by keyboard alone, judged by axe-core.
// calendar-page.mjs CHROMIUM URL FOLDER: screenshots are written into the folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

import { check, equal, run } from './checks.mjs';

const [executablePath, url, folder] = process.argv.slice(2);
const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };
const profile = mkdtempSync(join(tmpdir(), 'calendar-page-'));

async function open(options) {
  return chromium.launchPersistentContext(join(profile, String(Math.random()).slice(2)), {
    executablePath,
    headless: true,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
    ...options,
  });
}

async function judge(page, name) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const bad = violations.filter((found) => ['serious', 'critical'].includes(found.impact));
  check(`${name}: axe-core finds nothing serious`, bad.length === 0, JSON.stringify(bad.map((found) => [found.id, found.nodes.map((node) => node.html)])));
  for (const found of violations) console.log(`  ${found.impact}: ${found.id}: ${found.help}`);
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth);
  check(`${name}: nothing sticks out sideways`, wide <= 0, `${wide} pixels`);
}

async function looks(name, viewport, colorScheme) {
  const context = await open({ viewport, colorScheme });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  for (const view of ['month', 'week', 'day', 'agenda']) {
    const address = new URL(url);
    address.searchParams.set('view', view);
    const response = await page.goto(address.href);
    equal(`${name} ${view}: answered`, response.status(), 200);
    equal(`${name} ${view}: nobody learns the address`, response.headers()['referrer-policy'], 'no-referrer');
    equal(`${name} ${view}: the view is told`, await page.locator('nav a[aria-current]').innerText(), view[0].toUpperCase() + view.slice(1));
    await judge(page, `${name} ${view}`);
    await page.screenshot({ path: join(folder, `${name}-${view}.png`), fullPage: true });
  }
  equal(`${name}: no complaint in the console`, complaints, []);
  check(`${name}: only the page is asked for`, asked.every((path) => ['/calendar', '/favicon.ico'].includes(path)), asked.join(' '));
  await context.close();
}

/// Presses Tab until the focus is on something with this text or label.
async function tabTo(page, wanted) {
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

/// Presses Enter on what leads to another page, and waits for it.
async function enter(page) {
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
}

async function keyboard() {
  const context = await open({ viewport: sizes.desktop });
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(url);
  const month = await page.locator('h1').innerText();
  const next = await tabTo(page, 'Next month');
  check('keyboard: the next month is reached', next !== undefined);
  check('keyboard: one sees where one is', next?.outline === 'solid', next?.outline);
  await enter(page);
  check('keyboard: and opened', (await page.locator('h1').innerText()) !== month);
  check('keyboard: back to today', (await tabTo(page, 'Today')) !== undefined);
  await enter(page);
  equal('keyboard: it is this month again', await page.locator('h1').innerText(), month);
  const all = await page.locator('.entry').count();
  check('keyboard: posts are there', all > 5, `${all}`);
  check('keyboard: the status is reached', (await tabTo(page, 'Status')) !== undefined);
  await page.keyboard.type('Published');
  check('keyboard: the button is reached', (await tabTo(page, 'Show')) !== undefined);
  await enter(page);
  equal('keyboard: the form keeps what was chosen', await page.locator('#status').inputValue(), 'published');
  const some = await page.locator('.entry').count();
  check('keyboard: fewer posts are there', some < all, `${some} of ${all}`);
  await context.close();
}

/// Nothing needs a script, and what people wrote stays text.
async function plain() {
  const context = await open({ viewport: sizes.desktop, javaScriptEnabled: false });
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(url);
  const html = await page.content();
  check('without script: posts are there', html.includes('class="entry'));
  check('without script: markup in a post is text', html.includes('&lt;img src=x onerror') && !html.includes('<img'));
  const broken = await page.goto(url.replace(/key=[^&]*/, 'key=other.key'));
  equal('another key opens nothing', broken.status(), 404);
  await page.screenshot({ path: join(folder, 'over.png') });
  const wrong = new URL(url);
  wrong.searchParams.set('from', 'next week');
  const refused = await page.goto(wrong.href);
  equal('a wrong date is refused', refused.status(), 422);
  await page.screenshot({ path: join(folder, 'refused.png') });
  await context.close();
}

await run(async () => {
  try {
    await looks('phone', sizes.phone, 'light');
    await looks('phone-dark', sizes.phone, 'dark');
    await looks('desktop', sizes.desktop, 'light');
    await looks('desktop-dark', sizes.desktop, 'dark');
    await keyboard();
    await plain();
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
});
