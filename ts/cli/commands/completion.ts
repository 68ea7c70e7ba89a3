import { RequestError } from '../../errors/index.ts';
import type { CommandModule } from '../command.ts';
import { completionScripts, shells } from '../completion/scripts.ts';

export const command: CommandModule = {
  notes: `bash: source <(orlop completion bash)
zsh:  source <(orlop completion zsh)
fish: orlop completion fish | source`,
  define(command) {
    command.usage('SHELL').argument('<shell>', shells.join(', '));
  },
  async run({ io, args }) {
    const shell = shells.find((one) => one === args[0]);
    if (shell === undefined) {
      throw new RequestError('ORLOP_E_USAGE', `there is no completion for '${args[0]}'`, {
        hint: `the shells are ${shells.join(', ')}`,
      });
    }
    io.stdout.write(completionScripts[shell]);
    return 0;
  },
};
