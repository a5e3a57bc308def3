// The page on which an invited person joins, as the check of the approval page opens it.
import { join } from 'node:path';

import { PASSPHRASES, post } from './approval-stage.mjs';
import { enter, judge, looks, seen, sizes, tabTo } from './browser.mjs';
import { check, equal } from './checks.mjs';

export async function joins(stage, browser, folder) {
  const url = await stage.mailed('mara@example.com', 'join');
  stage.links.push(url);
  for (const [name, viewport, colorScheme] of looks) {
    const page = await browser.page({ viewport, colorScheme });
    const response = await page.goto(url);
    equal(`join ${name}: answered`, response.status(), 200);
    await judge(page, `join ${name}`);
    await page.screenshot({ path: join(folder, `join-${name}.png`), fullPage: true });
    equal(`join ${name}: no complaint in the console`, page.complaints, []);
    await page.context().close();
  }
  await Promise.all(Array.from({ length: 20 }, (_, index) => fetch(url, { method: index % 2 ? 'GET' : 'HEAD' })));
  const members = async () => (await stage.here.json(['member', 'list'])).members.map((one) => one.name).sort();
  check('join: a mail scanner does not', !(await members()).includes('Mara'));
  const forged = await post(url, { csrf: 'x', name: 'Mallory', passphrase: 'abcdefghij k', once_more: 'abcdefghij k' });
  equal('join: a form from elsewhere does not', forged.status, 422);

  const page = await browser.page({ viewport: sizes.phone });
  await page.goto(url);
  const type = async (label, text) => {
    const here = await tabTo(page, label);
    check(`join by keyboard: ${label} is reached, and seen`, seen(here), JSON.stringify(here));
    await page.keyboard.type(text);
  };
  await type('New passphrase', PASSPHRASES.mara);
  await type('Once more', 'something else entirely');
  await enter(page);
  equal('join: two that differ are told', await page.locator('[role=alert]').count(), 1);
  equal('join: the name stays', await page.locator('#name').inputValue(), 'Mara');
  await judge(page, 'join, told');
  await page.screenshot({ path: join(folder, 'join-phone-differ.png'), fullPage: true });
  await type('New passphrase', PASSPHRASES.mara);
  await type('Once more', PASSPHRASES.mara);
  await tabTo(page, 'Join');
  await enter(page);
  equal('join: joined', await page.locator('h1').innerText(), 'Done');
  await judge(page, 'join, done');
  await page.screenshot({ path: join(folder, 'join-phone-done.png'), fullPage: true });
  check('join: is a member', (await members()).includes('Mara'));
  const again = await page.goto(url);
  equal('join: the link is over', again.status(), 404);
  await judge(page, 'join, over');
  await page.screenshot({ path: join(folder, 'join-phone-over.png'), fullPage: true });
  await page.context().close();
}
