import { type CommandModule, collect, flag, text } from '../command.ts';
import { variablesOf } from '../parse/run-options.ts';
import { runInForeground } from '../streams/foreground.ts';

export const command: CommandModule = {
  passThrough: true,
  later: [
    { flags: '-d, --detach', meanwhile: "let the shell do it: 'orlop exec … &'" },
    { flags: '--detach-keys <keys>', same: [''], meanwhile: "nothing can be detached: let the shell do it with '&'" },
    { flags: '--privileged', meanwhile: "give the container what is needed: '--cap-add', '--security-opt'" },
    {
      flags: '-t, --tty',
      meanwhile: 'make one inside: stty raw -echo; orlop exec -i CONTAINER script -qc COMMAND /dev/null; stty sane',
    },
  ],
  notes: `The command has the restrictions of the container, and counts towards its limits. It ends with the container, and with
orlop. Signals go to it.`,
  examples: ['orlop exec web ls -l /data', "orlop exec -i -u 1000 -w /data -e A=b web sh -c 'cat >file'"],
  define(command) {
    command
      .usage('[OPTIONS] CONTAINER COMMAND [ARGUMENTS]')
      .argument('<container>')
      .argument('<command...>')
      .option('-i, --interactive', 'Pass standard input on (otherwise it is /dev/null)')
      .option('-e, --env <variable>', 'Set a variable: A=b, or A to pass it on', collect)
      .option('--env-file <file>', 'Read variables from a file', collect)
      .option('-w, --workdir <dir>', 'Working directory in the container (that of its application)')
      .option('-u, --user <user>', 'User and group, by name or number: user[:group] (that of its application)');
  },
  async run(invocation) {
    const { io, values, args } = invocation;
    const [name = '', ...argv] = args;
    const options = {
      env: await variablesOf(invocation),
      workdir: text(values, 'workdir'),
      user: text(values, 'user'),
    };
    return invocation.with(async (orlop) => {
      const container = await orlop.container(name);
      const start = (streams = {}) => container.startExec(argv, { ...streams, ...options });
      return runInForeground(io, { start }, { interactive: flag(values, 'interactive') ?? false, isPid1: false });
    });
  },
};
