import type { CommandModule } from '../command.ts';
import { laterRunOptions } from '../later.ts';
import { addRunArguments, runArguments, runOptions } from '../run-options.ts';

export const command: CommandModule = {
  passThrough: true,
  later: laterRunOptions,
  options: runOptions,
  define: addRunArguments,
  async run(invocation) {
    const { image, argv, options } = await runArguments(invocation);
    const { id } = await invocation.with((orlop) => orlop.create(image, argv, { ...options, durable: true }));
    invocation.io.stdout.write(`${id}\n`);
    return 0;
  },
};
