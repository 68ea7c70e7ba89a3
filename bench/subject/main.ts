// A process that contestants are measured in: plain Node with nothing in its memory but what a program needs that uses
// orlop. The runner, which holds TypeScript's loader, tells it what to start.
import { contestants } from '../contestants/all.ts';
import type { Container, Starter, Work } from '../contestants/contestant.ts';
import type { Ground } from '../ground/ground.ts';
import { makeLayers } from '../ground/image.ts';
import { watchTurns } from '../measure/watch.ts';
import { forMs, forTimes, startMany } from './many.ts';
import type { Answered, Asked, Questions } from './protocol.ts';

const starters: Starter[] = [];
const ballast: Buffer[] = [];
let ground: Ground | undefined;

function groundOf(): Ground {
  if (ground === undefined) throw new Error('a question before the ground');
  return ground;
}

function starterOf(handle: number): Starter {
  const starter = starters[handle];
  if (starter === undefined) throw new Error(`no starter ${handle}`);
  return starter;
}

/** Touched, so that it is resident. */
function hold(megabytes: number): number {
  const size = () => process.memoryUsage.rss() / 2 ** 20;
  while (size() < megabytes) ballast.push(Buffer.alloc(2 ** 20, 1));
  return size();
}

async function open({ contestant: name, container }: Questions['open']['ask']): Promise<Questions['open']['answer']> {
  const contestant = contestants[name];
  const missing = contestant.missing();
  if (missing !== null) return { missing };
  try {
    return { handle: starters.push(await opened(contestant, container)) - 1 };
  } catch (error) {
    // Somebody else's program may be too old or may not work here; what is ours must.
    if (!contestant.peer) throw error;
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

async function command(asked: Questions['command']['ask']): Promise<Questions['command']['answer']> {
  const opened = await open(asked);
  if ('missing' in opened) return opened;
  return { argv: await contestants[asked.contestant].command(groundOf(), asked.container) };
}

/** Started once, to see whether it works. */
async function opened(contestant: (typeof contestants)[keyof typeof contestants], container: Container) {
  makeLayers(groundOf(), container);
  const starter = await contestant.open(groundOf(), container);
  try {
    await starter.start();
    return starter;
  } catch (error) {
    await starter.close();
    throw error;
  }
}

async function throughput({ handle, parallel, ms }: Questions['throughput']['ask']): Promise<Work> {
  const starter = starterOf(handle);
  if (starter.throughput !== undefined) return starter.throughput(parallel, ms);
  return startMany(() => starter.start(), parallel, forMs(ms));
}

async function burst({ handle, count }: Questions['burst']['ask']): Promise<Work> {
  const starter = starterOf(handle);
  if (starter.burst !== undefined) return starter.burst(count);
  return startMany(() => starter.start(), count, forTimes(count));
}

async function answer(asked: Asked): Promise<unknown> {
  switch (asked.name) {
    case 'ground':
      ground = asked.value;
      watchTurns(ground.programs.turns);
      return null;
    case 'hold':
      return hold(asked.value);
    case 'open':
      return open(asked.value);
    case 'command':
      return command(asked.value);
    case 'start':
      return starterOf(asked.value).start();
    case 'throughput':
      return throughput(asked.value);
    case 'burst':
      return burst(asked.value);
    case 'close':
      for (const starter of starters) await starter.close();
      return null;
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${messageOf(error.cause)})`;
}

process.on('message', (asked: Asked) => {
  answer(asked).then(
    (value) => process.send?.({ answer: value } satisfies Answered),
    (error: unknown) => process.send?.({ error: messageOf(error) } satisfies Answered),
  );
});
// When the runner has gone, nobody asks any more. Ctrl-C ends the runner, so this process can clean up.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
