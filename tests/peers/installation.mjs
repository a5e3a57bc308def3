// A home of AllIN that is served, for checks in JavaScript: its command line, clients of both protocol eras over HTTP and
// stdio, and all that it printed, logged or answered.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

/// `legacy` asks by requests of its own, `modern` by answers that want input (revision 2026-07-28).
export const ERAS = { legacy: 'legacy', modern: { pin: '2026-07-28' } };

export class Installation {
  constructor(program, folder, settings = {}) {
    this.program = program;
    this.home = join(folder, 'home');
    this.log = join(folder, 'serve.log');
    this.portFile = join(folder, 'port');
    this.settings = settings;
    /// What commands printed and tools answered.
    this.said = [];
    this.clients = [];
  }

  environment(more = {}) {
    const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('ALLIN_') || name === 'ALLIN_PG_BINDIR');
    return {
      ...Object.fromEntries(kept),
      ALLIN_HOME: this.home,
      ALLIN_PG_DURABLE: '0',
      ALLIN_TIME_ZONE: 'Europe/Berlin',
      ...this.settings,
      ...more,
    };
  }

  /// Runs a command as a member, with `input` typed; throws when it fails.
  async allin(args, { input = '', member } = {}) {
    const env = this.environment(member ? { ALLIN_MEMBER: member } : {});
    const child = spawn(this.program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) child[stream].on('data', (data) => (printed[stream] += data));
    // A command that reads nothing may be gone already.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const code = await new Promise((done) => child.on('close', done));
    this.said.push(printed.stdout, printed.stderr);
    if (code !== 0) throw new Error(`allin ${args.join(' ')}: ${code}\n${printed.stdout}${printed.stderr}`);
    return printed.stdout;
  }

  async json(args, options) {
    return JSON.parse(await this.allin([...args, '--json'], options));
  }

  /// A practice network of its own, and what the home needs.
  async setUp() {
    const env = this.environment({ ALLIN_HOME: join(this.home, '..', 'practice') });
    this.practice = spawn(this.program, ['simulate'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const line = await new Promise((done) => {
      this.practice.stdout.once('data', (data) => done(String(data)));
      this.practice.once('close', () => done(''));
    });
    this.settings.ALLIN_SANDBOX_URL = /http:\/\/[0-9.:]+/.exec(line)?.[0];
    await this.allin(['setup']);
  }

  async serve(toolsets = 'default,team') {
    const args = ['serve', '--listen', '127.0.0.1:0', '--port-file', this.portFile, '--toolsets', toolsets];
    const log = createWriteStream(this.log);
    this.serving = spawn(this.program, args, { env: this.environment({ ALLIN_LOG: 'info' }), stdio: ['ignore', 'pipe', 'pipe'] });
    this.serving.stdout.pipe(log);
    this.serving.stderr.pipe(log);
    for (let waited = 0; !existsSync(this.portFile) || !readFileSync(this.portFile, 'utf8'); waited += 1) {
      if (waited > 1800 || this.serving.exitCode !== null) throw new Error(`allin serve: ${this.logged()}`);
      await sleep(100);
    }
    this.base = `http://${readFileSync(this.portFile, 'utf8').trim()}`;
    this.settings.ALLIN_PUBLIC_URL = this.base;
  }

  logged() {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8') : '';
  }

  /// A key for HTTP clients with a member's rights.
  async key(member, input) {
    return (await this.json(['key', 'create', '--name', 'peers', ...(member ? ['--member', member] : [])], { input })).key;
  }

  /// A client that shows `asks` (`form`, `url`) to `person`, who answers; without any it cannot ask. `place` is a key, or
  /// a member on this machine.
  async client(era, place, { asks = [], person } = {}) {
    const capabilities = asks.length ? { elicitation: Object.fromEntries(asks.map((mode) => [mode, {}])) } : {};
    const client = new Client(
      { name: 'allin-peers', version: '1' },
      { versionNegotiation: { mode: ERAS[era] }, capabilities },
    );
    if (asks.length) client.setRequestHandler('elicitation/create', (request) => person(request.params));
    const transport = place.startsWith('mbr_')
      ? new StdioClientTransport({
          command: this.program,
          args: ['stdio', '--toolsets', 'default,team'],
          env: this.environment({ ALLIN_MEMBER: place }),
          stderr: 'ignore',
        })
      : new StreamableHTTPClientTransport(new URL(`${this.base}/mcp`), {
          requestInit: { headers: { authorization: `Bearer ${place}` } },
        });
    await client.connect(transport);
    this.clients.push(client);
    return {
      raw: client,
      /// The whole result.
      answer: async (tool, args, more = {}, options = {}) => {
        const answer = await client.callTool({ name: tool, arguments: args, ...more }, options);
        this.said.push(JSON.stringify(answer));
        return answer;
      },
      /// The data of a result that must be good.
      call: async (tool, args) => {
        const answer = await client.callTool({ name: tool, arguments: args });
        this.said.push(JSON.stringify(answer));
        if (answer.isError) throw new Error(`${tool}: ${JSON.stringify(answer.content)}`);
        return answer.structuredContent;
      },
    };
  }

  async stop() {
    for (const client of this.clients) await client.close().catch(() => {});
    for (const process of [this.serving, this.practice]) {
      if (process?.exitCode !== null) continue;
      const ended = new Promise((done) => process.on('close', done));
      process.kill('SIGTERM');
      await ended;
    }
  }
}

/// The code of a refusal; undefined for what was done.
export const code = (answer) => (answer.isError ? (answer._meta?.['allin/refusal']?.error?.code ?? 'no code') : undefined);
