// A real AT Protocol server (PDS and PLC directory) on this machine, without an app view. PDS_PORT and PLC_PORT choose
// the ports, 0 or nothing takes free ones. Prints one line of JSON when ready, {"pds": URL, "plc": URL}, and ends when
// its standard input ends.
import { createServer } from 'node:net';

// Only the line of JSON may reach stdout; libraries log there too.
const say = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

const { TestNetworkNoAppView } = await import('@atproto/dev-env');

async function port(name) {
  const wanted = Number(process.env[name] ?? 0);
  if (wanted) return wanted;
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

const network = await TestNetworkNoAppView.create({
  plc: { port: await port('PLC_PORT') },
  pds: { port: await port('PDS_PORT'), hostname: 'localhost' },
});
say(`${JSON.stringify({ pds: network.pds.url, plc: network.plc.url })}\n`);

process.stdin.resume();
process.stdin.once('end', async () => {
  await network.close().catch(() => {});
  process.exit(0);
});
