// The calendar's page in a real browser: phone and desktop, light and dark, by keyboard alone, judged by axe-core.
// calendar-page.mjs CHROMIUM URL FOLDER: screenshots are written into the folder.
import { join } from 'node:path';

import { Browser, enter, judge, looks, sizes, tabTo } from './browser.mjs';
import { check, equal, run } from './checks.mjs';

const [executablePath, url, folder] = process.argv.slice(2);
const browser = new Browser(executablePath);

async function look(name, viewport, colorScheme) {
  const page = await browser.page({ viewport, colorScheme });
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
  equal(`${name}: no complaint in the console`, page.complaints, []);
  check(`${name}: only the page is asked for`, asked.every((path) => ['/calendar', '/favicon.ico'].includes(path)), asked.join(' '));
  await page.context().close();
}

async function keyboard() {
  const page = await browser.page({ viewport: sizes.desktop });
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
  await page.context().close();
}

/// Nothing needs a script, and what people wrote stays text.
async function plain() {
  const page = await browser.page({ viewport: sizes.desktop, javaScriptEnabled: false });
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
  await page.context().close();
}

await run(async () => {
  try {
    for (const [name, viewport, colorScheme] of looks) await look(name, viewport, colorScheme);
    await keyboard();
    await plain();
  } finally {
    browser.done();
  }
});
