// What the publishing checks write: bytes and characters differ, a link stands behind both, a picture hangs on one.
// `node writing.mjs FOLDER NAME` writes the picture and prints the segments.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';

/// A PNG of one colour, without any metadata that a server might strip.
export function png(width, height, [red, green, blue]) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.from([0, ...Array.from({ length: width }, () => [red, green, blue]).flat()]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

export function writing(folder, name) {
  const path = join(folder, `${name}.png`);
  const colour = [...name].reduce((sum, letter) => (sum + letter.charCodeAt(0)) % 256, 0);
  writeFileSync(path, png(32, 20, [colour, 120, 200]));
  return [
    {
      text: `Grüße 👋🏽 aus ${name}: https://example.com/a?b=1 und 日本語 https://example.org/c`,
      media: [{ path, alt_text: `Ein Rechteck für ${name} – „blau“ 🟦` }],
    },
    { text: `Zweiter Teil ✨ von ${name}, ohne Bild`, media: [] },
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(writing(process.argv[2], process.argv[3])));
}
