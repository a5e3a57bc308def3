// Reads what the inspector said about a server's tools: one check per tool.
// strict.mjs TRANSPORT RESULT_FILE REPORT_FILE
import { readFileSync } from 'node:fs';

const [transport, resultFile, reportFile] = process.argv.slice(2);
const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};
const report = read(reportFile);
let tools = [];
try {
  const answer = JSON.parse(read(resultFile));
  tools = (answer.result ?? answer).tools ?? [];
} catch {
  // Counted below: a server without tools has failed.
}

const findings = new Map();
for (const block of report.split('\n\n')) {
  const head = block.match(/(Error|Warning): tool "(.*)"/);
  if (head) {
    const [, severity, tool] = head;
    const detail = block.slice(block.indexOf(head[0]) + head[0].length).trim();
    findings.set(tool, [...(findings.get(tool) ?? []), { severity, detail }]);
  }
}

let failed = 0;
for (const tool of tools) {
  const found = findings.get(tool.name) ?? [];
  const bad = found.some((finding) => finding.severity === 'Error');
  if (bad) failed += 1;
  console.log(`${bad ? 'not ok' : 'ok'} ${transport} ${tool.name}`);
  for (const finding of found) console.log(`  ${finding.severity}: ${finding.detail.replaceAll('\n', '\n  ')}`);
}
if (tools.length === 0) {
  failed = 1;
  console.log(`not ok ${transport}: no tools\n${report.split('\n').slice(-20).join('\n')}`);
}
console.log(`${tools.length ? tools.length - failed : 0} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
