// Writes the trace of the fastest of many starts of a container with a volume: what else the machine does at the time is
// least in it. usage: node --import=tsx scripts/trace-picture.ts STORE FILE STARTS
import { writeFileSync } from 'node:fs';
import type { Running } from '../ts/index.ts';
import { Orlop } from '../ts/index.ts';

const [root = '', file = '', starts = ''] = process.argv.slice(2);
await using orlop = await Orlop.open({ root });
let fastest: Running | undefined;
for (let left = Number(starts); left > 0; left--) {
  const options = { name: 'example', rm: true, volumes: ['data:/test'] };
  const container = await orlop.create('host', ['true'], options);
  const running = await container.start();
  await running.exited;
  if (fastest === undefined || running.timings.startedUs < fastest.timings.startedUs) fastest = running;
}
if (fastest === undefined) throw new Error('no starts were asked for');
writeFileSync(file, JSON.stringify(fastest.trace()));
