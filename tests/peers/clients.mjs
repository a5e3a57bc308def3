// The official TypeScript client over HTTP, in both protocol eras. clients.mjs URL KEY
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import { check, equal, run } from './checks.mjs';

const [url, key] = process.argv.slice(2);
const fixtures = process.env.PEERS_FIXTURES === '1';

async function connected(mode, headers = { authorization: `Bearer ${key}` }) {
  const client = new Client({ name: 'allin-peers', version: '1' }, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport);
  return { client, transport };
}

async function refusal(promise) {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}

async function era(mode) {
  const name = `typescript ${typeof mode === 'string' ? mode : mode.pin}`;
  const { client, transport } = await connected(mode);
  const modern = mode !== 'legacy';
  equal(`${name}: a session only in the older era`, transport.sessionId !== undefined, !modern);
  check(`${name}: server names itself`, Boolean(client.getServerVersion()?.name));

  const { tools } = await client.listTools();
  check(`${name}: tools`, tools.length > 0);
  const names = tools.map((tool) => tool.name);
  equal(`${name}: tools in order`, names, [...names].sort());

  // The client checks structured content against the tool's output schema by itself.
  const answer = fixtures
    ? await client.callTool({ name: 'greet', arguments: { name: 'peers' } })
    : await client.callTool({ name: 'account_list', arguments: {} });
  check(`${name}: a call succeeds`, !answer.isError, JSON.stringify(answer.content));
  check(`${name}: with a text for the model`, answer.content?.some((block) => block.type === 'text' && block.text));
  if (!fixtures) equal(`${name}: and structured content`, answer.structuredContent?.accounts, []);

  const unknown = await refusal(client.callTool({ name: 'no_such_tool', arguments: {} }));
  check(`${name}: an unknown tool is a protocol error`, unknown?.code === -32602, String(unknown));
  if (!fixtures) {
    const wrong = await client.callTool({ name: 'post_get', arguments: { post_id: 'not an id' } });
    check(`${name}: wrong arguments are an answer the model can read`, wrong.isError === true, JSON.stringify(wrong));
  }
  await transport.terminateSession?.().catch(() => {});
  await client.close();
}

await run(async () => {
  for (const mode of ['legacy', 'auto', { pin: '2026-07-28' }]) await era(mode);
  if (fixtures) return;
  for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
    const answer = await fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: '{}' });
    equal('without the key: 401', answer.status, 401);
    check('with a challenge', answer.headers.get('www-authenticate')?.startsWith('Bearer'));
    check('and the client gives up', await refusal(connected('auto', headers)));
  }
});
