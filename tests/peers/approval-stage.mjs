// What the check of the approval page stands on: a bakery whose posts need approval, who decides, and the mail they get.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Installation } from './installation.mjs';
import { hidden } from './person.mjs';
import { png } from './writing.mjs';

export const PASSPHRASES = {
  owner: 'seven brown loaves on a shelf',
  mara: 'a violin made of marzipan',
  noor: 'umbrellas drink no coffee',
};
export const HOSTILE = '<img src=x onerror="document.title=1"> <script>document.title=2</script> <b>bold</b> & "so on"';
export const TURNED = 'Pay \u202e001€\u202c today';

export class Stage {
  constructor(program, folder) {
    this.here = new Installation(program, folder, { ALLIN_OWNER: 'Änne Müller-Lüdenscheidt' });
    this.mails = [];
    this.links = [];
    this.posts = 0;
  }

  async begin() {
    await this.#startMail();
    await this.here.setUp();
    await this.here.serve();
    const input = `${PASSPHRASES.owner}\n`;
    await this.here.allin(['workspace', 'change', '--name', 'Bäckerei Süß & Söhne']);
    await this.here.allin(['passphrase', 'set'], { input });
    for (const name of ['corner', 'castle']) {
      this[name] = (await this.here.json(['account', 'connect', 'sandbox', `${name}-bakery`], { input: 'password\n' })).account.id;
    }
    await this.here.allin(['member', 'invite', 'Mara', '--role', 'manager', '--email', 'mara@example.com'], { input });
    this.noor = (await this.here.json(['member', 'add', 'Noor', '--role', 'manager'], { input })).member.id;
    await this.here.allin(['passphrase', 'set'], { input: `${PASSPHRASES.noor}\n`, member: this.noor });
    await this.here.allin(['approval', 'policy', 'set', 'Four eyes', '--step', 'manager', '--account', this.corner], { input });
    await this.here.allin(['reviewer', 'add', 'Chloé Client', 'chloe@example.com'], { input });
    this.reviewer = (await this.here.json(['reviewer', 'list'])).reviewers[0].id;
    await this.here.allin(['approval', 'policy', 'set', 'The client', '--step', this.reviewer, '--account', this.castle], { input });
    this.ownerKey = await this.here.key(undefined, input);
    this.writer = await this.here.client('modern', this.ownerKey);
  }

  /// What takes the members who decide: after Mara has joined.
  async everybody() {
    const { members } = await this.here.json(['member', 'list']);
    this.mara = members.find((one) => one.name === 'Mara').id;
    this.clients = {};
    for (const [name, id] of [['mara', this.mara], ['noor', this.noor], ['owner', undefined]]) {
      const key = name === 'owner' ? this.ownerKey : await this.here.key(id, `${PASSPHRASES.owner}\n`);
      const person = (question) => {
        this.shown = question.url;
        return { action: 'accept' };
      };
      this.clients[name] = await this.here.client(name === 'mara' ? 'legacy' : 'modern', key, { asks: ['url'], person });
    }
  }

  async #startMail() {
    const server = fileURLToPath(new URL('mail_catch.py', import.meta.url));
    this.mailServer = spawn(process.env.PEERS_PYTHON, [server], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: this.mailServer.stdout });
    const port = await new Promise((done, failed) => {
      this.mailServer.on('close', () => failed(new Error('the mail server ended')));
      lines.on('line', (line) => {
        const said = JSON.parse(line);
        if (said.port) done(said.port);
        else this.mails.push(said);
      });
    });
    this.here.settings.ALLIN_SMTP_URL = `smtp://127.0.0.1:${port}`;
    this.here.settings.ALLIN_MAIL_FROM = 'AllIN <allin@example.com>';
  }

  /// The address in a mail to somebody that has `words` in it; a mail is sent within seconds.
  async mailed(address, page, words = '') {
    for (let waited = 0; waited < 900; waited += 1) {
      for (const mail of this.mails) {
        const found = new RegExp(`http\\S+/${page}/[\\w-]+`).exec(mail.text)?.[0];
        if (found && mail.to.includes(address) && `${mail.subject} ${mail.text}`.includes(words)) return found;
      }
      await sleep(100);
    }
    throw new Error(`no mail to ${address}: ${JSON.stringify(this.mails)}`);
  }

  async picture() {
    const target = new URL('/assets', this.here.base);
    const headers = { authorization: `Bearer ${this.ownerKey}`, 'content-type': 'image/png' };
    const answer = await fetch(target, { method: 'POST', headers, body: png(640, 360, [176, 112, 48]) });
    return (await answer.json()).asset.id;
  }

  /// A thread for both bakeries with all that a page must show as it is.
  async rich() {
    const media = [{ asset_id: await this.picture(), alt_text: 'Brown bread – „fresh“ 🥖 on <a> shelf' }];
    const segments = [
      { text: 'Grüße aus der Backstube 👩🏽‍🍳: https://example.com/brot?a=1&b=2 und 日本語 #brot', media },
      { text: HOSTILE },
      { text: `${TURNED}\nخبز طازج كل صباح\n${'Donaudampfschifffahrt'.repeat(6)}` },
    ];
    const variants = [{ account_id: this.castle, segments: [{ text: 'The castle says it differently 🏰', media }] }];
    return this.ask({ segments, variants, account_ids: [this.corner, this.castle] });
  }

  /// A post that is scheduled, perhaps after it said something else before, and the request for its approval.
  async ask({ segments, account_ids = [this.corner], before, ...more } = {}) {
    this.posts += 1;
    segments ??= [{ text: `Bread of batch ${this.posts}, fresh from the oven` }];
    const { post } = await this.writer.call('post_create', { segments: before ?? segments, account_ids, ...more });
    if (before) await this.writer.call('post_update', { post_id: post.id, segments });
    const day = new Date(Date.now() + (2 + this.posts) * 86_400_000).toISOString().slice(0, 10);
    await this.writer.call('post_schedule', { post_id: post.id, at: `${day}T09:00` });
    const { approvals } = await this.writer.call('approval_list', { post_id: post.id });
    return { post, approval: approvals[0] };
  }

  /// The address that the person's client is shown.
  async link(name, { approval }) {
    this.shown = undefined;
    await this.clients[name].answer('approval_page', { approval_id: approval.id });
    if (!this.shown) throw new Error(`no page for ${name}`);
    this.links.push(this.shown);
    return this.shown;
  }

  async state({ approval }) {
    const { approval: present } = await this.writer.call('approval_get', { approval_id: approval.id });
    return present;
  }

  async stop() {
    await this.here.stop();
    if (!this.mailServer) return;
    const ended = new Promise((done) => this.mailServer.on('close', done));
    this.mailServer.stdin.end();
    await ended;
  }
}

/// The fields that a page's form would send by itself.
export async function fields(url) {
  const answer = await fetch(url);
  return hidden(await answer.text());
}

/// Sends a form off without a browser.
export async function post(url, data) {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(data), redirect: 'manual' });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}
