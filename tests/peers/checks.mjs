// Counts checks and prints the line the caller sums up.
import { isDeepStrictEqual } from 'node:util';

let passed = 0;
let failed = 0;

export function check(name, good, detail = '') {
  if (good) passed += 1;
  else failed += 1;
  console.log(`${good ? 'ok' : 'not ok'} ${name}${good || !detail ? '' : `: ${detail}`}`);
  return good;
}

export function equal(name, actual, expected) {
  const good = isDeepStrictEqual(actual, expected);
  return check(name, good, `${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
}

export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
}

/// Runs the checks; whatever escapes is a failed check.
export async function run(body) {
  try {
    await body();
  } catch (error) {
    check('no exception', false, error?.stack ?? String(error));
  }
  finish();
}
