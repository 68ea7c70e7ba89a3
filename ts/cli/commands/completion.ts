import { RequestError } from '../../errors/index.ts';
import type { CommandModule } from '../command.ts';
import { completionScripts, shells } from '../completion/scripts.ts';

export const command: CommandModule = {
  define(command) {
    command.usage('SHELL').argument('<shell>', shells.join(', '));
    command.addHelpText('after', '\nbash: source <(orlop completion bash)\nzsh:  source <(orlop completion zsh)');
    command.addHelpText('after', 'fish: orlop completion fish | source');
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
