import type { ContainerProcess } from '../../api/types.ts';
import { RequestError } from '../../errors/index.ts';
import { ticksPerSecond } from '../../linux/proc.ts';
import type { CommandModule } from '../command.ts';
import { alignColumns, printable } from '../output/table.ts';
import { later } from '../parse/later.ts';

export const command: CommandModule = {
  passThrough: true,
  notes: 'Processes and users have the numbers of the host, as in Docker.',
  define(command) {
    command.usage('CONTAINER').argument('<container>').argument('[option...]');
  },
  async run({ io, args, with: withStore }) {
    const [name = '', ...options] = args;
    if (options.length > 0) {
      throw later(
        "'top' with options of ps(1)",
        `ps ${options.join(' ')} -p "$(orlop top ${name} | awk 'NR > 1 { print $2 }' | paste -sd,)"`,
      );
    }
    const processes = await withStore(async (orlop) => (await orlop.container(name)).top());
    if (processes.length === 0) {
      throw new RequestError('ORLOP_E_INPUT', `container '${name}' does not run`, { hint: "see 'orlop ps -a'" });
    }
    io.stdout.write(alignColumns([headers, ...processes.map((one) => row(one, io.now()))]));
    return 0;
  },
};

const headers = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];

/** The columns of `ps -f`. */
function row(one: ContainerProcess, now: Date): string[] {
  const { uid, pid, parent, cpuMs, startedAt, terminal, command } = one;
  const livedMs = Math.max(now.getTime() - startedAt.getTime(), 1000 / ticksPerSecond);
  const share = Math.min(Math.floor((cpuMs * 100) / livedMs), 99);
  const numbers = [uid, pid, parent, share].map(String);
  return [...numbers, startText(startedAt, now), terminal ?? '?', timeText(cpuMs), printable(command.join(' '))];
}

/** `09:41` today, `Dec01` before. */
function startText(then: Date, now: Date): string {
  if (now.getTime() - then.getTime() < 24 * 3_600_000) return then.toTimeString().slice(0, 5);
  return then.toDateString().slice(4, 10).replace(' ', '');
}

/** `00:01:05` */
function timeText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
