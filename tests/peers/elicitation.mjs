// Asking the person, with the official TypeScript client in both protocol eras, over HTTP and stdio: what a yes is good
// for, what is none, and pages that only the person's client learns of. elicitation.mjs ALLIN FOLDER
import { check, equal, run } from './checks.mjs';
import { code, ERAS, Installation } from './installation.mjs';

const [program, folder] = process.argv.slice(2);
const here = new Installation(program, folder);
const passphrase = 'seven brown loaves on a shelf';
const yes = { confirm: { action: 'accept', content: { confirm: true } } };
const manual = { allowInputRequired: true };
const stage = {};

/// Somebody at a client: does what is said with the next questions, and remembers them.
function person(does = 'accept') {
  const self = { does, asked: [], meanwhile: undefined };
  self.answer = async (question) => {
    self.asked.push(question);
    await self.meanwhile?.();
    if (self.does === 'unticked') return { action: 'accept', content: { confirm: false } };
    if (self.does === 'broken') throw new Error('this client has no window');
    return question.mode === 'url' || self.does !== 'accept' ? { action: self.does } : { action: 'accept', content: { confirm: true } };
  };
  return self;
}

async function prepare() {
  await here.setUp();
  await here.serve();
  const input = `${passphrase}\n`;
  await here.allin(['passphrase', 'set'], { input });
  for (const name of ['corner-bakery', 'castle-bakery']) {
    stage[name] = (await here.json(['account', 'connect', 'sandbox', name], { input: 'password\n' })).account.id;
  }
  stage.colleague = (await here.json(['member', 'add', 'Mara', '--role', 'admin'], { input })).member.id;
  await here.allin(['approval', 'policy', 'set', 'Castle', '--step', 'manager', '--account', stage['castle-bakery']], { input });
  stage.owner = (await here.json(['member', 'list'])).members.find((one) => one.id !== stage.colleague).id;
  stage.key = await here.key(undefined, input);
  stage.colleagueKey = await here.key(stage.colleague, input);
  stage.writer = await here.client('modern', stage.key);
}

let count = 0;
async function draft(account = 'corner-bakery') {
  count += 1;
  const { post } = await stage.writer.call('post_create', {
    segments: [{ text: `Bread of batch ${count}, fresh from the oven` }],
    account_ids: [stage[account]],
  });
  return post;
}

const now = async (post) => (await stage.writer.call('post_get', { post_id: post.id })).post;

/// Nothing happened: the post is as it was.
async function untouched(name, post) {
  const present = await now(post);
  equal(`${name}: the post is as it was`, [present.status, present.version], [post.status, post.version]);
}

async function gone(name, post) {
  const answer = await stage.writer.answer('post_get', { post_id: post.id });
  const status = answer.isError ? 'gone' : answer.structuredContent.post.status;
  check(`${name}: the post is deleted`, ['gone', 'deleted'].includes(status), status);
}

/// A client with a person, and every answer that there is to a question.
async function questions(era, where, place) {
  const name = `${era} ${where}`;
  const somebody = person();
  const client = await here.client(era, place, { asks: ['form', 'url'], person: somebody.answer });
  const post = await draft();
  for (const tool of ['post_publish', 'post_delete']) {
    for (const does of ['decline', 'cancel', 'unticked']) {
      somebody.does = does;
      const answer = await client.answer(tool, { post_id: post.id });
      equal(`${name} ${tool} ${does}: refused`, code(answer), 'declined');
    }
  }
  await untouched(`${name}: who does not agree changes nothing`, post);
  equal(`${name}: each was asked once`, somebody.asked.length, 6);
  equal(`${name}: by a form with one box`, Object.keys(somebody.asked[0].requestedSchema?.properties ?? {}), ['confirm']);
  check(`${name}: the question names post and account`, ['batch', '@corner-bakery', 'public'].every((word) => somebody.asked[0].message.includes(word)), somebody.asked[0].message);
  check(`${name}: no confirmation goes to the form`, !/confirmation|state/i.test(JSON.stringify(somebody.asked)), JSON.stringify(somebody.asked[0]));

  // Somebody else changes the post while the question is open.
  somebody.does = 'accept';
  let changed = post;
  for (const tool of ['post_publish', 'post_delete']) {
    somebody.meanwhile = async () => {
      somebody.meanwhile = undefined;
      const text = `Other words before ${tool} of batch ${count}`;
      changed = (await stage.writer.call('post_update', { post_id: post.id, segments: [{ text }] })).post;
    };
    const answer = await client.answer(tool, { post_id: post.id });
    equal(`${name} ${tool}: a yes to an earlier version is stale`, code(answer), 'confirmation_stale');
    await untouched(`${name} ${tool} stale`, changed);
  }

  const published = await client.answer('post_publish', { post_id: post.id });
  equal(`${name}: who agrees publishes`, [code(published), (await now(post)).status], [undefined, 'published']);
  const deleted = await client.answer('post_delete', { post_id: post.id });
  equal(`${name}: and deletes`, code(deleted), undefined);
  await gone(name, post);
}

/// A confirmation as it is carried by hand: refused for whatever it was not given for, and good once.
async function bound(name, first, again) {
  const [post, other] = [await draft(), await draft()];
  const state = await first('post_publish', post);
  const forged = (at) => `${state.slice(0, at)}${state[at] === 'A' ? 'B' : 'A'}${state.slice(at + 1)}`;
  const wrong = {
    'another post': [stage.key, 'post_publish', other, state],
    'another tool': [stage.key, 'post_delete', post, state],
    'another caller': [stage.colleagueKey, 'post_publish', post, state],
    'a forged expiry': [stage.key, 'post_publish', post, forged(5)],
    'a forged signature': [stage.key, 'post_publish', post, forged(state.length - 5)],
    'a made-up state': [stage.key, 'post_publish', post, 'bm90aGluZw.bm90aGluZw'],
  };
  for (const [what, [key, tool, about, carried]] of Object.entries(wrong)) {
    equal(`${name}: ${what} is refused`, code(await again(key, tool, about, carried)), 'confirmation_stale');
  }
  await untouched(name, post);
  await untouched(`${name} other`, other);
  const { post: changed } = await stage.writer.call('post_update', { post_id: post.id, segments: [{ text: `Changed, batch ${count}` }] });
  equal(`${name}: a changed post is refused`, code(await again(stage.key, 'post_publish', post, state)), 'confirmation_stale');
  await untouched(`${name} changed`, changed);

  const fresh = await first('post_publish', post);
  const both = await Promise.all([1, 2].map(() => again(stage.key, 'post_publish', post, fresh)));
  const done = both.filter((answer) => code(answer) === undefined);
  check(`${name}: of two at once one is done`, done.length === 1, JSON.stringify(both.map(code)));
  const replay = await again(stage.key, 'post_publish', post, fresh);
  check(`${name}: a replay is refused`, replay.isError === true, JSON.stringify(replay.content));
  equal(`${name}: published once`, [(await now(post)).status, (await now(post)).targets[0].segments.length], ['published', 1]);

  const last = await first('post_delete', post);
  equal(`${name}: confirmed, it is deleted`, code(await again(stage.key, 'post_delete', post, last)), undefined);
  await gone(name, post);
  check(`${name}: the replay of a deletion is refused`, (await again(stage.key, 'post_delete', post, last)).isError === true);
}

/// Clients that cannot ask: refused in words, and the second call carries the confirmation.
async function inWords(era) {
  const name = `${era} two steps`;
  const clients = { [stage.key]: await here.client(era, stage.key), [stage.colleagueKey]: await here.client(era, stage.colleagueKey) };
  const first = async (tool, post) => {
    const answer = await clients[stage.key].answer(tool, { post_id: post.id });
    equal(`${name} ${tool}: nothing is done unasked`, code(answer), 'confirmation_needed');
    const { confirmation } = answer._meta['allin/refusal'];
    check(`${name} ${tool}: the model sees question and confirmation`, answer.content[0].text.includes(confirmation) && answer.content[0].text.includes('Ask the person'));
    return confirmation;
  };
  const again = (key, tool, post, confirmation) => clients[key].answer(tool, { post_id: post.id, confirmation });
  await bound(name, first, again);
}

/// The state of an input request, carried by a client that fills in what it likes.
async function states() {
  const name = 'modern state';
  const asks = { asks: ['form', 'url'], person: person('cancel').answer };
  const clients = {};
  for (const key of [stage.key, stage.colleagueKey]) clients[key] = await here.client('modern', key, asks);
  const ask = (key, tool, post, more) => clients[key].answer(tool, { post_id: post.id }, more, manual);
  const first = async (tool, post) => {
    const asked = await ask(stage.key, tool, post);
    equal(`${name} ${tool}: input is required`, [asked.resultType, Object.keys(asked.inputRequests ?? {})], ['input_required', ['confirm']]);
    return asked.requestState;
  };
  await bound(name, first, (key, tool, post, requestState) => ask(key, tool, post, { inputResponses: yes, requestState }));
  const post = await draft();
  const requestState = await first('post_publish', post);
  const unasked = await ask(stage.key, 'post_publish', post, { inputResponses: yes });
  equal(`${name}: a yes without its state asks again`, unasked.resultType, 'input_required');
  const silent = await ask(stage.key, 'post_publish', post, { requestState });
  equal(`${name}: a state without a yes asks again`, silent.resultType, 'input_required');
  for (const action of ['decline', 'cancel']) {
    const no = await ask(stage.key, 'post_publish', post, { inputResponses: { confirm: { action } }, requestState });
    equal(`${name}: ${action} is no`, code(no), 'declined');
  }
  await untouched(name, post);
}

/// A client that says that it can ask, and cannot.
async function broken() {
  const client = await here.client('legacy', stage.key, { asks: ['form'], person: person('broken').answer });
  const post = await draft();
  const answer = await client.answer('post_publish', { post_id: post.id });
  equal('legacy, a client whose window fails: asked in words', code(answer), 'confirmation_needed');
  await untouched('legacy, a client whose window fails', post);
}

async function request() {
  const post = await draft('castle-bakery');
  const at = new Date(Date.now() + 3 * 86_400_000).toISOString();
  await stage.writer.call('post_schedule', { post_id: post.id, at });
  const { approvals } = await stage.writer.call('approval_list', { post_id: post.id });
  return approvals[0];
}

const undecided = async (name, approval) => {
  const { approval: present } = await stage.writer.call('approval_get', { approval_id: approval.id });
  equal(`${name}: nothing is decided`, [present.state, present.decisions ?? []], ['open', []]);
};

/// Of the server, or of the program that a desktop client launched.
const isPage = ({ url }, kind) => new RegExp(`^http://127\\.0\\.0\\.1:\\d+/${kind}/[\\w-]{40,100}$`).test(url);

/// Pages: the address goes to the client, which shows it, and is in no result.
async function pages(era, where, place) {
  const name = `${era} ${where} page`;
  const approval = await request();
  const argument = { approval_id: approval.id };
  const somebody = person();
  const client = await here.client(era, place, { asks: ['form', 'url'], person: somebody.answer });
  for (const does of ['accept', 'decline', 'cancel']) {
    somebody.does = does;
    const answer = await client.answer('approval_page', argument);
    const question = somebody.asked.at(-1);
    equal(`${name} ${does}: asked to open an address`, [question.mode, question.requestedSchema], ['url', undefined]);
    check(`${name} ${does}: it is the page`, isPage(question, 'review'), question.url);
    check(`${name} ${does}: the result does not have it`, !JSON.stringify(answer).includes('/review/'), JSON.stringify(answer));
    equal(`${name} ${does}: the page is there`, (await fetch(question.url)).status, 200);
  }
  equal(`${name}: each call has a page of its own`, new Set(somebody.asked.map((one) => one.url)).size, 3);
  await undecided(`${name}: opening is not deciding`, approval);
  stage.links = [...(stage.links ?? []), ...somebody.asked.map((one) => one.url)];

  somebody.does = 'accept';
  const connected = await client.answer('account_connect', { network: 'sandbox' });
  const question = somebody.asked.at(-1);
  equal(`${name} connect: asked to open an address`, [code(connected), question.mode], [undefined, 'url']);
  check(`${name} connect: it is the page`, isPage(question, 'connect'), question.url);
  equal(`${name} connect: the page is there`, (await fetch(question.url)).status, 200);

  for (const asks of [['form'], []]) {
    const other = person();
    const plain = await here.client(era, place, { asks, person: other.answer });
    const answer = await plain.answer('approval_page', argument);
    const text = JSON.stringify(answer);
    check(`${name}, client without pages (${asks}): no address, but what to do`, !answer.isError && !text.includes('/review/') && text.includes('allin approve'), text);
    equal(`${name}, client without pages (${asks}): nobody is asked`, other.asked.length, 0);
  }
}

/// What travels with a page through the client is sealed, and says nothing of the address.
async function pageStates() {
  const approval = await request();
  const asks = { asks: ['url'], person: person().answer };
  const mine = await here.client('modern', stage.colleagueKey, asks);
  const theirs = await here.client('modern', stage.key, asks);
  const asked = await mine.raw.callTool({ name: 'approval_page', arguments: { approval_id: approval.id } }, manual);
  const { requestState } = asked;
  stage.links.push(asked.inputRequests.confirm.params.url);
  const inside = Buffer.from(requestState.split('.')[0], 'base64url').toString();
  check('page state: the address is not in it', inside.includes('allin approve') && !inside.includes('/review/'), inside);
  const again = (client, state) => client.answer('approval_page', { approval_id: approval.id }, { inputResponses: yes, requestState: state }, manual);
  equal('page state: brings the result back', code(await again(mine, requestState)), undefined);
  equal('page state: not to another caller', code(await again(theirs, requestState)), 'state_invalid');
  const words = Buffer.from(inside.replace('Only the person', 'Any program')).toString('base64url');
  equal('page state: not with other words', code(await again(mine, `${words}.${requestState.split('.')[1]}`)), 'state_invalid');
  await undecided('page state', approval);
}

await run(async () => {
  try {
    await prepare();
    for (const era of Object.keys(ERAS)) {
      await questions(era, 'http', stage.key);
      await questions(era, 'stdio', stage.owner);
      await inWords(era);
      await pages(era, 'http', stage.colleagueKey);
      await pages(era, 'stdio', stage.colleague);
    }
    await states();
    await broken();
    await pageStates();
    const seen = here.logged() + here.said.join('\n');
    const known = stage.links.map((link) => link.split('/review/')[1]).filter((token) => seen.includes(token));
    check(`the ${stage.links.length} addresses are in no log and no result`, stage.links.length > 10 && seen.length > 10_000 && known.length === 0, `${known.length}`);
  } finally {
    await here.stop();
  }
});
