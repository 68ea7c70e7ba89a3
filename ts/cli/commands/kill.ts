import { parseSignal } from '../../request/stop.ts';
import { type CommandModule, text } from '../command.ts';
import { forEach } from '../each.ts';

export const command: CommandModule = {
  examples: ['orlop kill -s HUP web'],
  notes: `The application is PID 1 of its container: the kernel gives it only signals that it handles, and SIGKILL.`,
  define(command) {
    command
      .usage('[OPTIONS] CONTAINER…')
      .argument('<container...>')
      .option('-s, --signal <signal>', 'Signal by name or number (KILL)');
  },
  run({ io, args, values, with: withStore }) {
    const signal = parseSignal(text(values, 'signal') || 'KILL');
    return withStore((orlop) =>
      forEach(io, args, async (name) => {
        await (await orlop.container(name)).kill(signal);
        io.stdout.write(`${name}\n`);
      }),
    );
  },
};
