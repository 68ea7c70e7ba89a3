// Writes the trace of the fastest of many starts of a container with a volume, which other work of the machine disturbs
// least. usage: node --import=tsx scripts/trace-picture.ts STORE FILE STARTS
import { writeFileSync } from 'node:fs';
import type { Running } from '../ts/index.ts';
import { Orlop } from '../ts/index.ts';

/** Microseconds from the creation of the container to the first instruction. */
function took({ timings: { steps, startedUs } }: Running): number {
  return startedUs - (steps[0]?.startUs ?? 0);
}

/** The first start of a runtime finds nothing prefetched, like a command. The page of the picture describes it. */
async function firstStart(root: string): Promise<Running> {
  await using orlop = await Orlop.open({ root });
  const options = { name: 'example', rm: true, volumes: ['data:/test'] };
  const container = await orlop.create('host', ['sh', '-c', 'echo hi > /test/f'], options);
  const running = await container.start();
  await running.exited;
  return running;
}

const [root = '', file = '', starts = ''] = process.argv.slice(2);
let fastest = await firstStart(root);
for (let left = Number(starts) - 1; left > 0; left--) {
  const running = await firstStart(root);
  if (took(running) < took(fastest)) fastest = running;
}
writeFileSync(file, JSON.stringify(fastest.trace()));
