import { parseSignal, parseStopTimeout } from '../../request/stop.ts';
import { type CommandModule, text } from '../command.ts';
import { forEachAtOnce } from '../each.ts';

export const command: CommandModule = {
  examples: ['orlop stop -t 30 web db'],
  notes: `The application gets the container's stop signal, then SIGKILL. As PID 1 of its container it gets only signals
that it handles: one that handles none ends when the time is over.`,
  define(command) {
    command
      .usage('[OPTIONS] CONTAINER…')
      .argument('<container...>')
      .option('-s, --signal <signal>', "Signal by name or number, instead of the container's")
      .option('-t, --timeout <seconds>', "Seconds until SIGKILL, instead of the container's (10); -1 for never");
    // Docker's older name.
    command.option('--time <seconds>').options.at(-1)?.hideHelp();
  },
  run({ io, args, values, with: withStore }) {
    const given = {
      signal: text(values, 'signal') || undefined,
      timeout: text(values, 'timeout') ?? text(values, 'time'),
    };
    const signal = given.signal === undefined ? undefined : parseSignal(given.signal);
    const timeout = given.timeout === undefined ? undefined : parseStopTimeout(given.timeout);
    return withStore((orlop) =>
      forEachAtOnce(io, args, async (name) => {
        await (await orlop.container(name)).stop({ signal, timeout });
        return name;
      }),
    );
  },
};
