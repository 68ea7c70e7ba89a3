import { peers } from '../contestants/all.ts';
import type { CommandContestant, Container } from '../contestants/contestant.ts';
import { limitCommand } from '../contestants/limit.ts';
import { orlopCli } from '../contestants/orlop-cli.ts';
import type { Ground } from '../ground/ground.ts';
import { LineProcess } from '../measure/line-process.ts';
import type { Entry } from '../measure/measure.ts';
import type { Missing } from '../report/result.ts';
import type { Question } from './question.ts';

const container: Container = { mounts: 'full', network: true, upper: 'disk', volumes: 1, layers: 1 };
const about = { case: 'command' };

interface Command {
  readonly contestant: string;
  readonly label: string;
  readonly share: number;
  readonly mayFail: boolean;
  readonly argv: readonly string[];
}

/** How long a whole command takes, as a shell sees it: from its start to its end. */
export const cli: Question = {
  id: 'cli',
  title: 'How long does a command take at the shell?',
  cases: [{ id: 'command', title: 'one container that ends at once, with a volume and a network namespace, removed' }],
  columns: [{ metric: 'time', title: 'whole command', unit: 'ms' }],
  reference: 'limit',
  effort: { whole: { rounds: 40, warmUp: 3 }, quick: { rounds: 15, warmUp: 2 } },
  async prepare(ground) {
    const stopwatch = new LineProcess([ground.programs.stopwatch]);
    const { commands, missing } = await commandsOf(ground);
    const entries = commands.map(
      ({ argv, ...rest }): Entry => ({ ...about, ...rest, sample: () => time(stopwatch, argv) }),
    );
    return { entries, missing, close: () => stopwatch.close() };
  },
};

async function commandsOf(ground: Ground): Promise<{ commands: Command[]; missing: Missing[] }> {
  const ours = (contestant: string, label: string, ...argv: string[]): Command => {
    return { contestant, label, share: 1, mayFail: false, argv };
  };
  const commands = [
    ours('true', '/bin/true', '/bin/true'),
    ours('limit', 'limit as a command', ...limitCommand(ground, container, ['--once'])),
    ours('node', 'node -e 0', process.execPath, '-e', '0'),
    ours('orlop-version', 'orlop --version', process.execPath, ground.cli, '--version'),
    ours(orlopCli.id, 'orlop run --rm -v', ...(await orlopCli.command(ground, container))),
  ];
  const missing: Missing[] = [];
  for (const peer of peers) {
    const reason = await whyMissing(peer, ground);
    if (reason !== null) missing.push({ ...about, contestant: peer.id, label: peer.label, missing: reason });
    else commands.push(await commandOf(peer, ground));
  }
  return { commands, missing };
}

async function commandOf(peer: CommandContestant, ground: Ground): Promise<Command> {
  const { id, label, share } = peer;
  return {
    contestant: id,
    label,
    share: Math.max(share, 0.3),
    mayFail: true,
    argv: await peer.command(ground, container),
  };
}

/** Started once, to see whether it works. */
async function whyMissing(peer: CommandContestant, ground: Ground): Promise<string | null> {
  const missing = peer.missing();
  if (missing !== null) return missing;
  try {
    const starter = await peer.open(ground, container);
    await starter.start().finally(() => starter.close());
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function time(stopwatch: LineProcess, argv: readonly string[]) {
  const [nanoseconds = '', status] = (await stopwatch.ask(argv.join('\x1f'))).split(' ');
  if (status !== '0') throw new Error(`'${argv[0]}' ended with ${status}: ${stopwatch.messages}`);
  return { time: Number(nanoseconds) / 1e6 };
}
