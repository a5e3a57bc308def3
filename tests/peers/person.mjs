// What a person does in a browser: makes an account at a server, and fills in our connect page.
// Used by publish.mjs, and by publish.py as `node person.mjs account PDS NAME` and `node person.mjs connect URL ID PASSWORD`.
import { fileURLToPath } from 'node:url';

/// The prefix keeps clear of the handles a server reserves, `python` among them.
export async function makeAccount(pds, name) {
  const account = { handle: `peer-${name}.test`, email: `peer-${name}@example.test`, password: 'correct horse battery' };
  const answer = await fetch(`${pds}/xrpc/com.atproto.server.createAccount`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(account),
  });
  if (!answer.ok) throw new Error(`createAccount: ${answer.status} ${await answer.text()}`);
  const { did, handle } = await answer.json();
  return { ...account, did, handle };
}

const unescape = (text) =>
  text.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[name] ?? "'");

/// The hidden fields of a page's form, as the browser would send them back.
export function hidden(html) {
  const fields = {};
  for (const [tag] of html.matchAll(/<input\b[^>]*>/gi)) {
    const attribute = (name) => unescape(new RegExp(`\\b${name}\\s*=\\s*"([^"]*)"`, 'i').exec(tag)?.[1] ?? '');
    if (attribute('type') === 'hidden') fields[attribute('name')] = attribute('value');
  }
  return fields;
}

export async function connect(url, identifier, password) {
  const page = await fetch(url);
  const html = await page.text();
  if (!page.ok || !/<form\b/i.test(html)) throw new Error(`connect page: ${page.status} ${html.slice(0, 500)}`);
  const cookies = page.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  const answer = await fetch(url, {
    method: 'POST',
    headers: { origin: new URL(url).origin, ...(cookies.length ? { cookie: cookies.join('; ') } : {}) },
    body: new URLSearchParams({ ...hidden(html), identifier, password }),
  });
  const text = await answer.text();
  if (answer.status !== 200 || !/connected/i.test(text)) {
    throw new Error(`connect form: ${answer.status} ${text.slice(0, 500)}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [action, ...rest] = process.argv.slice(2);
  const actions = { account: makeAccount, connect };
  console.log(JSON.stringify((await actions[action](...rest)) ?? {}));
}
