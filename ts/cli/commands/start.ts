import { type CommandModule, collect, flag, text } from '../command.ts';
import { later } from '../parse/later.ts';
import { isolationOption } from '../parse/run-options.ts';
import { runInForeground, signalNotes } from '../streams/foreground.ts';
import { withTrace } from '../streams/trace-file.ts';

export const command: CommandModule = {
  later: [
    { flags: '--detach-keys <keys>', same: [''], meanwhile: "nothing can be detached: let the shell do it with '&'" },
    { flags: '--checkpoint <name>', same: [''], never: 'is one for checkpoints, which orlop does not make' },
    { flags: '--checkpoint-dir <dir>', same: [''], never: 'is one for checkpoints, which orlop does not make' },
  ],
  notes: signalNotes,
  define(command) {
    command
      .usage('-a [-i] CONTAINER')
      .argument('<container>')
      .option('-a, --attach', 'Stay in the foreground with its output (needed in this version)')
      .option('-i, --interactive', 'Pass standard input on')
      .option(isolationOption.flags, isolationOption.text, collect)
      .option('--trace <file>', "Write the time of each step of the start, for 'orlop trace' and Perfetto");
  },
  async run(invocation) {
    const { io, values, args } = invocation;
    const interactive = flag(values, 'interactive') ?? false;
    if (!(flag(values, 'attach') ?? interactive)) {
      throw later(`'start' in the background`, "let the shell do it: 'orlop start -a CONTAINER &'");
    }
    return withTrace(text(values, 'trace'), (trace) =>
      invocation.with(async (orlop) => {
        const container = await orlop.container(args[0] ?? '');
        const isPid1 = io.isTerminal(0) && (await container.inspect()).HostConfig.PidMode !== 'host';
        return runInForeground(io, container, { interactive, isPid1, trace });
      }),
    );
  },
};
