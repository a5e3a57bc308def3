// The page on which a person decides about a post, in a real browser and against a whole installation: what it shows, how
// it is used, and what cannot be done with it. approval-page.mjs ALLIN FOLDER CHROMIUM SCREENSHOTS
import { join } from 'node:path';

import { fields, HOSTILE, PASSPHRASES, post as send, Stage } from './approval-stage.mjs';
import { Browser, enter, judge, looks, seen, sizes, tabTo } from './browser.mjs';
import { check, equal, run } from './checks.mjs';
import { joins } from './join-page.mjs';

const [program, scratch, chromium, folder] = process.argv.slice(2);
const stage = new Stage(program, scratch);
const browser = new Browser(chromium);
const OVER = 404;
const REFUSED = 422;

const shot = (page, name) => page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });

async function undecided(name, asked) {
  const present = await stage.state(asked);
  equal(`${name}: nothing is decided`, [present.state, present.decisions ?? []], ['open', []]);
}

async function decided(name, asked, state, verdict) {
  const present = await stage.state(asked);
  const decisions = (present.decisions ?? []).map((one) => one.verdict);
  equal(`${name}: decided once`, [present.state, decisions], [state, [verdict]]);
}

async function look(who, url, name, viewport, colorScheme) {
  const title = `${who} ${name}`;
  const page = await browser.page({ viewport, colorScheme });
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  const response = await page.goto(url);
  const headers = response.headers();
  equal(`${title}: answered`, response.status(), 200);
  check(`${title}: nothing may run`, /default-src 'none'/.test(headers['content-security-policy']) && !/script-src/.test(headers['content-security-policy']), headers['content-security-policy']);
  equal(`${title}: no other server learns the address, no copy is kept`, [headers['referrer-policy'], headers['cache-control']], ['same-origin', 'no-store']);
  await page.locator('img').first().evaluate((image) => image.decode?.());
  const pictures = await page.locator('img').evaluateAll((images) => images.map((image) => [image.naturalWidth, image.alt]));
  equal(`${title}: the picture is shown and described`, pictures, Array(2).fill([640, 'Brown bread – „fresh“ 🥖 on <a> shelf']));
  await judge(page, title);
  await shot(page, `${who}-${name}`);
  for (const summary of await page.locator('summary').all()) await summary.click();
  await judge(page, `${title} opened`);
  await shot(page, `${who}-${name}-opened`);
  equal(`${title}: no complaint in the console`, page.complaints, []);
  const own = new URL(url);
  check(`${title}: only the page and its pictures are asked for`, asked.every((one) => one.startsWith(own.href) || one === `${own.origin}/favicon.ico`), asked.join(' '));
  await page.context().close();
}

/// What is approved is what is shown: every message on every account, to the letter.
async function exact(who, url) {
  const page = await browser.page({ viewport: sizes.desktop, javaScriptEnabled: false });
  await page.goto(url);
  const posts = await page.locator('article').allInnerTexts();
  equal(`${who}: one post for each account`, posts.length, 2);
  const [corner, castle] = posts[0].includes('@corner-bakery') ? posts : [...posts].reverse();
  check(`${who}: a link and other scripts`, corner.includes('https://example.com/brot?a=1&b=2 und 日本語 #brot') && corner.includes('👩🏽‍🍳'), corner);
  check(`${who}: markup is text`, corner.includes(HOSTILE), corner);
  check(`${who}: what turns text round is named`, corner.includes('Pay [U+202E]001€[U+202C] today'), corner);
  check(`${who}: each message has its number and length`, corner.includes('Message 3 of 3') && /\d+ of 500 characters/.test(corner), corner);
  check(`${who}: the other account says it differently`, castle.includes('The castle says it differently 🏰') && !castle.includes('Backstube'), castle);
  const html = await page.content();
  check(`${who}: no script and no handler`, !/<script|<[^>]+\son\w+=/i.test(html));
  check(`${who}: the picture's description is told`, corner.includes('Described as: Brown bread – „fresh“ 🥖 on <a> shelf'), corner);
  await page.context().close();
}

/// A form by keyboard alone: labels and texts, and at last the button.
async function typed(page, name, texts, button) {
  for (const [label, text] of Object.entries(texts)) {
    const here = await tabTo(page, label);
    check(`${name}: ${label} is reached, and seen`, seen(here), JSON.stringify(here));
    await page.keyboard.type(text);
  }
  const here = await tabTo(page, button);
  check(`${name}: ${button} is reached, and seen`, seen(here), JSON.stringify(here));
  await enter(page);
}

async function keyboard() {
  let asked = await stage.ask();
  let page = await browser.page({ viewport: sizes.desktop });
  const url = await stage.link('mara', asked);
  await page.goto(url);
  const sent = [];
  page.on('request', (one) => one.method() === 'POST' && sent.push(one.url()));
  await tabTo(page, 'Your passphrase');
  await page.keyboard.type(PASSPHRASES.mara);
  await page.keyboard.press('Enter');
  await page.waitForTimeout(500);
  equal('Enter beside the passphrase chooses nothing', sent.length, 0);
  await page.goto(url);
  await typed(page, 'approve by keyboard', { Comment: 'Lovely 🥐', 'Your passphrase': PASSPHRASES.mara }, 'Approve');
  equal('approve by keyboard: told', await page.locator('h1').innerText(), 'Approved.');
  await judge(page, 'approved');
  await shot(page, 'approved-desktop');
  await decided('approve by keyboard', asked, 'approved', 'approve');
  equal('approve by keyboard: the comment is kept', (await stage.state(asked)).decisions[0].comment, 'Lovely 🥐');
  await page.context().close();

  asked = await stage.ask();
  page = await browser.page({ viewport: sizes.phone });
  await page.goto(await stage.link('mara', asked));
  await typed(page, 'changes by keyboard', { 'Your passphrase': PASSPHRASES.mara }, 'Ask for changes');
  equal('changes without a comment: told', await page.locator('[role=alert]').innerText().then((text) => text.includes('Say what is to be changed.')), true);
  await judge(page, 'comment needed');
  await shot(page, 'comment-needed-phone');
  await undecided('changes without a comment', asked);
  await typed(page, 'changes by keyboard again', { Comment: 'Which bread?', 'Your passphrase': PASSPHRASES.mara }, 'Ask for changes');
  equal('changes by keyboard: told', await page.locator('h1').innerText(), 'Changes are asked for. The author is told.');
  await shot(page, 'changes-asked-phone');
  await decided('changes by keyboard', asked, 'changes_requested', 'request_changes');
  await page.context().close();
}

/// With a finger on a phone, and without script.
async function plain() {
  const asked = await stage.ask();
  const page = await browser.page({ viewport: sizes.phone, javaScriptEnabled: false, hasTouch: true, isMobile: true });
  const url = await stage.link('mara', asked);
  await page.goto(url);
  await page.fill('#comment', 'Not this one, please');
  await page.fill('#passphrase', 'this is not the passphrase');
  await page.tap('text=Reject');
  await page.waitForSelector('[role=alert]');
  check('wrong passphrase: told', (await page.locator('[role=alert]').innerText()).includes('not the member'), await page.locator('[role=alert]').innerText());
  equal('wrong passphrase: the comment stays, the passphrase does not', [await page.inputValue('#comment'), await page.inputValue('#passphrase')], ['Not this one, please', '']);
  await shot(page, 'wrong-passphrase-phone');
  await undecided('wrong passphrase', asked);
  await page.fill('#passphrase', PASSPHRASES.mara);
  await page.tap('text=Reject');
  await page.waitForSelector('h1:has-text("Rejected")');
  await shot(page, 'rejected-phone');
  await decided('rejected without script', asked, 'rejected', 'reject');
  const again = await page.goto(url);
  equal('a used link is over', again.status(), OVER);
  await shot(page, 'over-phone');
  await page.context().close();
}

/// The post is edited while the page is open.
async function stale() {
  const asked = await stage.ask();
  const page = await browser.page({ viewport: sizes.phone });
  await page.goto(await stage.link('mara', asked));
  await stage.writer.call('post_update', { post_id: asked.post.id, segments: [{ text: 'Quite other words' }] });
  await typed(page, 'stale', { 'Your passphrase': PASSPHRASES.mara }, 'Approve');
  const text = await page.locator('main').innerText();
  check('stale: told what happened', /changed/.test(text), text);
  await judge(page, 'stale');
  await shot(page, 'stale-phone');
  const { approvals } = await stage.writer.call('approval_list', { post_id: asked.post.id });
  equal('stale: neither text is approved', approvals.map((one) => [one.state, (one.decisions ?? []).length]).sort(), [['open', 0], ['void', 0]]);
  const open = { post: asked.post, approval: approvals.find((one) => one.state === 'open') };
  await page.goto(await stage.link('mara', open));
  equal('changed: the page shows which words', [await page.locator('del').count() > 0, await page.locator('ins').count() > 0], [true, true]);
  await judge(page, 'changed');
  await shot(page, 'changed-phone');
  await page.context().close();
}

/// Two pages for one request, and one page sent off twice.
async function twice() {
  const asked = await stage.ask();
  const [first, second] = [await stage.link('mara', asked), await stage.link('mara', asked)];
  const other = await browser.page({ viewport: sizes.desktop });
  await other.goto(second);
  const form = { ...(await fields(first)), verdict: 'approve', comment: '', passphrase: PASSPHRASES.mara };
  const both = await Promise.all([1, 2].map(() => send(first, form)));
  equal('sent off twice at once: done once', both.map((one) => one.status).sort(), [200, OVER]);
  equal('sent off once more: over', (await send(first, form)).status, OVER);
  await typed(other, 'another tab', { 'Your passphrase': PASSPHRASES.mara }, 'Reject');
  const text = await other.locator('main').innerText();
  check('another tab: told that it was decided', /decided/i.test(text), text);
  await judge(other, 'another tab');
  await shot(other, 'decided-elsewhere-desktop');
  await decided('another tab', asked, 'approved', 'approve');
  await other.context().close();

  const withdrawn = await stage.ask();
  const link = await stage.link('mara', withdrawn);
  await stage.writer.call('approval_withdraw', { approval_id: withdrawn.approval.id });
  const page = await browser.page({ viewport: sizes.phone });
  await page.goto(link);
  const told = await page.locator('main').innerText();
  check('withdrawn: told', /withdrawn|taken back/i.test(told), told);
  await shot(page, 'withdrawn-phone');
  await page.context().close();
}

/// What opens every link, as mail scanners and previews of chats do.
async function scanner(links, requests) {
  const entries = async () => JSON.parse(await stage.here.allin(['audit', 'verify', '--json'])).entries;
  const states = async () => JSON.stringify(await Promise.all(requests.map((asked) => stage.state(asked))));
  const before = [await entries(), await states()];
  const statuses = new Set();
  for (const link of links) {
    const all = Array.from({ length: 20 }, (_, index) => fetch(link, { method: index % 4 ? 'GET' : 'HEAD' }));
    for (const answer of await Promise.all(all)) statuses.add(answer.status);
  }
  equal('scanner: every link still works', [...statuses], [200]);
  equal('scanner: nothing changed, nothing is in the audit log', [await entries(), await states()], before);
}

async function strangers(link, asked) {
  const good = { ...(await fields(link)), verdict: 'approve', comment: '', passphrase: PASSPHRASES.noor };
  const other = await fields(await stage.link('noor', await stage.ask()));
  const { csrf: _, ...without } = good;
  const wrong = {
    'no CSRF token': [without, REFUSED],
    'an empty CSRF token': [{ ...good, csrf: '' }, REFUSED],
    "another link's CSRF token": [{ ...good, csrf: other.csrf }, REFUSED],
    'another digest': [{ ...good, digest: other.digest }, REFUSED],
    'no verdict': [{ ...good, verdict: '' }, REFUSED],
    'an unknown verdict': [{ ...good, verdict: 'publish' }, REFUSED],
    'no passphrase': [{ ...good, passphrase: '' }, REFUSED],
  };
  for (const [what, [form, status]] of Object.entries(wrong)) {
    const answer = await send(link, form);
    equal(`${what}: refused`, answer.status, status);
    check(`${what}: on our page`, answer.text.includes('<main>') && answer.headers.get('cache-control') === 'no-store', answer.text.slice(0, 200));
  }
  await undecided('forged forms', asked);
  const flipped = (at) => `${link.slice(0, at)}${link[at] === 'A' ? 'B' : 'A'}${link.slice(at + 1)}`;
  const start = link.indexOf('/review/') + '/review/'.length;
  for (const unknown of [flipped(start), flipped(start + 30), flipped(start + 60), `${link.slice(0, start)}x`, `${link}x`, `${link.slice(0, start)}${'A'.repeat(86)}`]) {
    equal('an unknown link: 404', [(await fetch(unknown)).status, (await send(unknown, good)).status], [OVER, OVER]);
  }
  equal('a picture of another post: 404', (await fetch(`${link}/media/${await stage.picture()}`)).status, 404);
  await undecided('unknown links', asked);
}

/// Whoever wrote it may open the page, and not approve.
async function author() {
  const asked = await stage.ask();
  const page = await browser.page({ viewport: sizes.desktop });
  await page.goto(await stage.link('owner', asked));
  await typed(page, 'own post', { 'Your passphrase': PASSPHRASES.owner }, 'Approve');
  check('own post: told', (await page.locator('[role=alert]').innerText()).includes('You wrote it'), await page.locator('main').innerText());
  await shot(page, 'own-post-desktop');
  await undecided('own post', asked);
  await page.context().close();
}

/// Somebody outside, whose proof is the link that came by mail: shown what they are asked about, and nothing else.
async function reviewer(rich, link, draft, membersLink) {
  const comment = 'Between us: they will take it';
  const sent = await send(membersLink, { ...(await fields(membersLink)), verdict: 'approve', comment, passphrase: PASSPHRASES.mara });
  check('a member decides first', sent.text.includes('Approved by you; others are asked next.'), sent.text);
  for (const [name, viewport, colorScheme] of looks) await look('reviewer', link, name, viewport, colorScheme);
  await exact('reviewer', link);
  const page = await browser.page({ viewport: sizes.phone });
  await page.goto(link);
  equal('reviewer: no passphrase is asked', await page.locator('#passphrase').count(), 0);
  const shown = await page.locator('main').innerText();
  check('reviewer: who approved is told, not what they wrote to the author', shown.includes('Mara approved') && !shown.includes('Between us'), shown);
  await typed(page, 'reviewer by keyboard', { Comment: 'Schön!' }, 'Approve');
  equal('reviewer by keyboard: told', await page.locator('h1').innerText(), 'Approved.');
  await shot(page, 'reviewer-approved-phone');
  const { state, decisions } = await stage.state(rich);
  const kept = [['approve', 'Mara', comment], ['approve', 'Chloé Client (reviewer)', 'Schön!']];
  equal('reviewer: both are kept', [state, decisions.map((one) => [one.verdict, one.by, one.comment])], ['approved', kept]);
  equal('reviewer: the link is over', (await page.goto(link)).status(), OVER);

  const other = await stage.mailed('chloe@example.com', 'review', 'Clean words');
  stage.links.push(other);
  await page.goto(other);
  const text = await page.locator('main').innerText();
  check('reviewer: no earlier draft is shown, and no other post', text.includes('Clean words') && !/margin|post_|nearly/.test(text), text);
  const form = await fields(other);
  equal('reviewer: a forged form decides nothing', (await send(other, { ...form, csrf: 'x', verdict: 'approve' })).status, REFUSED);
  equal('reviewer: a digest from elsewhere decides nothing', (await send(other, { ...form, digest: '0'.repeat(64), verdict: 'approve' })).status, REFUSED);
  await undecided('reviewer', draft);
  await stage.writer.call('post_update', { post_id: draft.post.id, segments: [{ text: 'Cleaner words, mailed anew' }] });
  await typed(page, 'reviewer, stale', {}, 'Approve');
  check('reviewer, stale: told', (await page.locator('main').innerText()).includes('changed'), await page.locator('main').innerText());
  await shot(page, 'reviewer-stale-phone');
  const fresh = await stage.mailed('chloe@example.com', 'review', 'Cleaner words');
  stage.links.push(fresh);
  await page.goto(fresh);
  await typed(page, 'reviewer, anew', { Comment: 'Cleaner still, please' }, 'Ask for changes');
  equal('reviewer, anew: told', await page.locator('h1').innerText(), 'Changes are asked for. The author is told.');
  await page.context().close();
}

/// At last, because nobody's passphrase is taken for a while.
async function guessing() {
  const asked = await stage.ask();
  const link = await stage.link('noor', asked);
  const form = { ...(await fields(link)), verdict: 'approve', comment: '' };
  const said = [];
  for (let guess = 0; guess < 10; guess += 1) said.push(await send(link, { ...form, passphrase: `wrong guess ${guess}` }));
  check('guessing: told each time', said.every((one) => one.status === REFUSED), said.map((one) => one.status).join(' '));
  check('guessing: slowed down', said.at(-1).text.includes('Too many wrong passphrases'), said.at(-1).text);
  equal('guessing: the link is over', (await send(link, { ...form, passphrase: PASSPHRASES.noor })).status, OVER);
  equal('guessing: also for the right one later', (await fetch(link)).status, OVER);
  await undecided('guessing', asked);
}

/// The addresses are keys: nothing that the server says or answers has one.
async function secret() {
  await stage.here.allin(['audit', 'export']);
  await stage.here.allin(['notification', 'list', '--all']);
  const seen = [stage.here.logged(), ...stage.here.said].join('\n');
  const tokens = stage.links.map((link) => link.split('/').at(-1));
  const found = tokens.filter((token) => seen.includes(token));
  check(`the ${tokens.length} addresses are in no log and no answer`, seen.length > 50_000 && tokens.length > 12 && found.length === 0, `${found.length}`);
  check('the log tells of the pages', stage.here.logged().includes('/review/{token}'));
  const mailed = stage.mails.filter((mail) => tokens.some((token) => mail.text.includes(token)));
  equal('mails with an address went to whom it is for', [...new Set(mailed.flatMap((mail) => mail.to))].sort(), ['chloe@example.com', 'mara@example.com']);
  const review = mailed.filter((mail) => mail.text.includes('/review/'));
  check('addresses for reviewers went to them only', review.length > 2 && review.every((mail) => mail.to.join() === 'chloe@example.com'), JSON.stringify(review.map((mail) => mail.to)));
}

await run(async () => {
  try {
    await stage.begin();
    await joins(stage, browser, folder);
    await stage.everybody();
    const rich = await stage.rich();
    const link = await stage.link('mara', rich);
    for (const [name, viewport, colorScheme] of looks) await look('member', link, name, viewport, colorScheme);
    await exact('member', link);
    const simple = await stage.ask();
    const other = await stage.link('noor', simple);
    const draft = await stage.ask({
      account_ids: [stage.castle],
      before: [{ text: 'Between us: the margin is 40 %' }],
      segments: [{ text: 'Clean words for the castle' }],
    });
    const outside = await stage.mailed('chloe@example.com', 'review', 'Grüße aus der Backstube');
    stage.links.push(outside);
    // The last that the server writes by itself.
    await stage.mailed('chloe@example.com', 'review', 'Clean words');
    await scanner([link, other, outside], [rich, simple]);
    await strangers(other, simple);
    await keyboard();
    await plain();
    await stale();
    await twice();
    await author();
    await reviewer(rich, outside, draft, link);
    await guessing();
    await secret();
  } finally {
    await stage.stop();
    browser.done();
  }
});
