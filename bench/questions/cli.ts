import { type CommandName, contestants } from '../contestants/all.ts';
import { type Container, type Named, named } from '../contestants/contestant.ts';
import { limitCommand } from '../contestants/limit.ts';
import type { Caller, Ground } from '../ground/ground.ts';
import { LineProcess } from '../measure/line-process.ts';
import type { Entry } from '../measure/measure.ts';
import type { Missing } from '../report/result.ts';
import { Subject } from '../subject/subject.ts';
import type { Prepared, Question } from './question.ts';

const container: Container = { mounts: 'full', network: true, upper: 'disk', volumes: 1, layers: 1 };
const about = { case: 'command' };

const commands: Readonly<Record<Caller, readonly CommandName[]>> = {
  root: ['orlopCli', 'bwrap', 'crunPlain', 'crun', 'runc', 'podman', 'docker'],
  user: ['orlopCli', 'bwrap', 'crunPlain', 'podman'],
};

/** How long a whole command takes, as a shell sees it: from its start to its end. */
export const cli: Question = {
  id: 'cli',
  title: 'How long does a command take at the shell?',
  cases: [{ id: 'command', title: 'one container that ends at once, with a volume and a network namespace, removed' }],
  columns: [{ metric: 'time', title: 'whole command', unit: 'ms' }],
  reference: 'limit',
  effort: { whole: { rounds: 40, warmUp: 3 }, quick: { rounds: 15, warmUp: 2 } },
  async prepare(grounds) {
    const callers = [
      await prepareCaller(grounds.root, yardsticks(grounds.root)),
      await prepareCaller(grounds.user, []),
    ];
    return {
      entries: callers.flatMap(({ entries }) => entries),
      missing: callers.flatMap(({ missing }) => missing),
      async close() {
        for (const caller of callers) await caller.close();
      },
    };
  },
};

interface Command extends Named {
  readonly share: number;
  readonly mayFail: boolean;
  readonly argv: readonly string[];
}

function yardsticks(ground: Ground): Command[] {
  const command = (contestant: string, label: string, ...argv: string[]): Command => {
    return { contestant, label, share: 1, mayFail: false, argv };
  };
  return [
    command('true', '/bin/true', '/bin/true'),
    command('limit', 'limit as a command', ...limitCommand(ground, container, ['--once'])),
    command('node', 'node -e 0', process.execPath, '-e', '0'),
    command('orlop-version', 'orlop --version', process.execPath, ground.cli, '--version'),
  ];
}

/** The commands of a caller, timed by a stopwatch of that caller. */
async function prepareCaller(ground: Ground, others: readonly Command[]): Promise<Prepared> {
  const subject = await Subject.open(ground);
  const stopwatch = new LineProcess([...ground.prefix, ground.programs.stopwatch]);
  const [own, missing] = await commandsOf(subject, commands[ground.caller]);
  const entries = [...others, ...own].map(
    ({ argv, ...rest }): Entry => ({ ...about, ...rest, sample: () => time(stopwatch, argv) }),
  );
  const close = async () => {
    await stopwatch.close();
    await subject.close();
  };
  return { entries, missing, close };
}

async function commandsOf(subject: Subject, names: readonly CommandName[]): Promise<[Command[], Missing[]]> {
  const [found, missing]: [Command[], Missing[]] = [[], []];
  for (const name of names) {
    const { share, peer } = contestants[name];
    const called = named(contestants[name], subject.caller);
    const command = await subject.command(name, container);
    if ('missing' in command) missing.push({ ...about, ...called, ...command });
    else found.push({ ...called, share: peer ? Math.max(share, 0.3) : 1, mayFail: peer, ...command });
  }
  return [found, missing];
}

async function time(stopwatch: LineProcess, argv: readonly string[]) {
  const [nanoseconds = '', status] = (await stopwatch.ask(argv.join('\x1f'))).split(' ');
  if (status !== '0') throw new Error(`'${argv[0]}' ended with ${status}: ${stopwatch.messages}`);
  return { time: Number(nanoseconds) / 1e6 };
}
