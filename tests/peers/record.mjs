// Compares what arrived at an AT Protocol server with what was to be published. Used by publish.mjs, and by
// publish.py as `node record.mjs` with the same question as JSON on standard input.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { check, equal, run } from './checks.mjs';

async function xrpc(pds, method, query) {
  const answer = await fetch(`${pds}/xrpc/${method}?${new URLSearchParams(query)}`);
  if (!answer.ok) throw new Error(`${method}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/// `at://did/collection/rkey` wherever a remote id carries it.
function parse(remoteId) {
  const found = /at:\/\/([^/]+)\/([^/]+)\/([A-Za-z0-9._~:-]+)/.exec(remoteId ?? '');
  return found ? { uri: found[0], repo: found[1], collection: found[2], rkey: found[3] } : undefined;
}

/// Byte ranges of the links in a text, worked out anew: facets count UTF-8 bytes.
function links(text) {
  return [...text.matchAll(/https?:\/\/[^\s]+/g)].map((match) => {
    const byteStart = Buffer.byteLength(text.slice(0, match.index));
    return { byteStart, byteEnd: byteStart + Buffer.byteLength(match[0]), uri: match[0] };
  });
}

function checkFacets(name, text, facets) {
  const bytes = Buffer.from(text);
  const found = [];
  for (const { index, features } of facets ?? []) {
    const shown = bytes.subarray(index.byteStart, index.byteEnd).toString();
    for (const feature of features) {
      const kind = feature.$type.split('#')[1];
      if (kind === 'link') found.push({ byteStart: index.byteStart, byteEnd: index.byteEnd, uri: feature.uri });
      if (kind === 'tag') equal(`${name}: a tag's range shows the tag`, shown, `#${feature.tag}`);
      if (kind === 'mention') check(`${name}: a mention's range shows a handle`, shown.startsWith('@'), shown);
    }
  }
  equal(`${name}: links at their bytes`, found, links(text));
}

async function checkImages(name, pds, repo, embed, media) {
  const images = (embed?.images ?? embed?.media?.images ?? []);
  equal(`${name}: alt texts`, images.map((image) => image.alt), media.map((item) => item.alt_text));
  for (const [index, item] of media.entries()) {
    const blob = images[index]?.image;
    if (!check(`${name}: image ${index + 1} is there`, Boolean(blob))) continue;
    const cid = blob.ref.$link ?? String(blob.ref);
    const answer = await xrpc(pds, 'com.atproto.sync.getBlob', { did: repo, cid });
    const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
    equal(`${name}: image ${index + 1} byte for byte`, digest(Buffer.from(await answer.arrayBuffer())), digest(readFileSync(item.path)));
    equal(`${name}: image ${index + 1} kind`, blob.mimeType, 'image/png');
  }
}

/// post: the answer of post_get; segments: [{text, media: [{path, alt_text}]}]; due: RFC 3339.
export async function compare({ name, pds, did, post, segments, due }) {
  equal(`${name}: the post is published`, post.status, 'published');
  const target = post.targets?.[0] ?? {};
  equal(`${name}: its target is published`, target.status, 'published');
  equal(`${name}: as many segments as written`, target.segments?.length, segments.length);
  const arrived = [];
  for (const [index, wanted] of segments.entries()) {
    const label = `${name}: segment ${index + 1}`;
    const told = target.segments?.[index] ?? {};
    const at = parse(told.remote_id) ?? parse(told.url);
    if (!check(`${label}: has an id on the network`, at, JSON.stringify(told))) continue;
    equal(`${label}: in the account's repository`, at.repo, did);
    const query = { repo: at.repo, collection: at.collection, rkey: at.rkey };
    const { uri, cid, value } = await (await xrpc(pds, 'com.atproto.repo.getRecord', query)).json();
    arrived.push({ uri, cid });
    equal(`${label}: text`, value.text, wanted.text);
    checkFacets(label, wanted.text, value.facets);
    await checkImages(label, pds, at.repo, value.embed, wanted.media ?? []);
    const late = (Date.parse(value.createdAt) - Date.parse(due)) / 1000;
    check(`${label}: dated when it was due`, late >= -1 && late <= 15, `${value.createdAt} for ${due}`);
    if (told.created_at) equal(`${label}: dated as post_get says`, Date.parse(told.created_at), Date.parse(value.createdAt));
    if (index > 0) {
      equal(`${label}: answers the one before`, value.reply, { root: arrived[0], parent: arrived[index - 1] });
    }
  }
  const query = { repo: did, collection: 'app.bsky.feed.post' };
  const { records } = await (await xrpc(pds, 'com.atproto.repo.listRecords', query)).json();
  equal(`${name}: nothing was published twice`, records.length, segments.length);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(async () => compare(JSON.parse(readFileSync(0, 'utf8'))));
}
