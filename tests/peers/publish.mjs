// Publishes through AllIN with the official TypeScript client over HTTP, and compares with what the network has.
// publish.mjs PDS URL KEY
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import { check, equal, run } from './checks.mjs';
import { connect, makeAccount } from './person.mjs';
import { compare } from './record.mjs';
import { writing } from './writing.mjs';

const [pds, url, key] = process.argv.slice(2);
const name = 'typescript';
const authorization = { authorization: `Bearer ${key}` };

async function upload({ path, alt_text }) {
  const target = new URL('/assets', url);
  target.searchParams.set('alt_text', alt_text);
  const headers = { ...authorization, 'content-type': 'image/png' };
  const answer = await fetch(target, { method: 'POST', headers, body: readFileSync(path) });
  const text = await answer.text();
  check(`${name}: upload`, answer.ok, `${answer.status} ${text}`);
  return { asset_id: JSON.parse(text).asset.id, alt_text };
}

await run(async () => {
  const client = new Client(
    { name: 'allin-peers', version: '1' },
    { versionNegotiation: { mode: 'auto' }, capabilities: { elicitation: { form: {} } } },
  );
  // The person at the client says yes to whatever is asked.
  client.setRequestHandler('elicitation/create', (request) => {
    const fields = Object.keys(request.params.requestedSchema?.properties ?? {});
    return { action: 'accept', content: Object.fromEntries(fields.map((field) => [field, true])) };
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: authorization } }));
  const call = async (tool, args) => {
    const answer = await client.callTool({ name: tool, arguments: args });
    check(`${name}: ${tool}`, !answer.isError, JSON.stringify(answer.content));
    if (answer.isError) throw new Error(`${tool} failed`);
    return answer.structuredContent;
  };

  const person = await makeAccount(pds, name);
  const page = await call('account_connect', { network: 'bluesky', server: pds });
  await connect(page.url, person.handle, person.password);
  const { accounts } = await call('account_list', {});
  equal(`${name}: the account is listed`, accounts.map(({ handle, network }) => ({ handle, network })), [
    { handle: person.handle, network: 'bluesky' },
  ]);

  const segments = writing(process.env.ALLIN_MEDIA_DIRS, name);
  const uploaded = [];
  for (const { text, media } of segments) {
    uploaded.push({ text, media: [] });
    for (const item of media) uploaded.at(-1).media.push(await upload(item));
  }
  const { post } = await call('post_create', { account_ids: [accounts[0].id], segments: uploaded });
  const due = `${new Date(Date.now() + 6000).toISOString().slice(0, 19)}Z`;
  await call('post_schedule', { post_id: post.id, at: due });

  let now = post;
  const deadline = Date.now() + 60000;
  while (Date.now() < deadline && !['published', 'failed', 'partly_published'].includes(now.status)) {
    await sleep(500);
    now = (await client.callTool({ name: 'post_get', arguments: { post_id: post.id } })).structuredContent.post;
  }
  await compare({ name, pds, did: person.did, post: now, segments, due });
  await client.close();
});
