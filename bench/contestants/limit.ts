import { type Ground, layersOf } from '../ground/ground.ts';
import { LineProcess } from '../measure/line-process.ts';
import type { Container, Contestant, Starter, Work } from './contestant.ts';

/** The limit program's command line for a container. */
export function limitCommand(ground: Ground, container: Container, options: readonly string[] = []): string[] {
  const { mounts, network, upper, volumes, ballast } = container;
  return [
    ground.programs.limit,
    ...['--scratch', ground.scratch[upper]],
    ...layersOf(ground, container).flatMap((layer) => ['--layer', layer]),
    ...['--source', ground.source, '--volumes', String(volumes)],
    ...(mounts === 'full' ? ['--full', '--seccomp', ground.seccomp] : []),
    ...(network ? ['--network'] : []),
    ...(ballast === undefined ? [] : ['--ballast', String(ballast)]),
    ...options,
  ];
}

function limitContestant(id: string, label: string, options: readonly string[]): Contestant {
  return {
    id,
    label,
    share: 1,
    peer: false,
    supports: () => true,
    missing: () => null,
    open: async (ground, container) => openLimit(limitCommand(ground, container, options)),
  };
}

/** More of them make it no faster: all wait for the kernel's lock on mounts. */
const burstThreads = 32;

function openLimit(argv: readonly string[]): Starter {
  const program = new LineProcess(argv);
  return {
    async start() {
      const [first = Number.NaN, exit = Number.NaN] = numbers(await program.ask('start'));
      return { first: first / 1e6, exit: exit / 1e6 };
    },
    async throughput(parallel, ms) {
      return workOf(await program.ask(`throughput ${parallel} ${ms}`));
    },
    async burst(count) {
      return workOf(await program.ask(`burst ${count} ${burstThreads}`));
    },
    close: () => program.close(),
  };
}

function workOf(line: string): Work {
  const [count = 0, took = 0, spent = 0] = numbers(line);
  return { count, ms: took / 1e6, processor: spent / 1e6 };
}

function numbers(line: string): number[] {
  return line.split(' ').map(Number);
}

/** From the clone: its directories lie ready. All ratios are to this one. */
export const limit: Contestant = limitContestant('limit', 'limit: C, no runtime, directories made ahead', ['--ahead']);

/** With its directories made after the call and removed at the end, as `run` has to. */
export const limitWhole: Contestant = limitContestant('limit-whole', 'limit, making and removing directories', []);

/** A container that waits, complete but for a volume, and gets that on request. */
export const limitWaiting: Contestant = limitContestant('limit', 'limit: C, waiting container', ['--wait']);
