import type { CommandModule } from '../command.ts';
import { laterRunOptions } from '../parse/later-options.ts';
import { addRunArguments, runArguments, runNotes, runOptions } from '../parse/run-options.ts';
import { withContainerFile } from '../streams/container-file.ts';
import { notifyOfLacking } from '../streams/lacking.ts';

export const command: CommandModule = {
  passThrough: true,
  makesStore: true,
  later: laterRunOptions,
  options: runOptions,
  notes: runNotes,
  examples: ['orlop create --name web -v data:/data debian:trixie ls /data', 'orlop start -a web'],
  define: addRunArguments,
  async run(invocation) {
    const request = await runArguments(invocation);
    const id = await withContainerFile(invocation, (told) =>
      invocation.with(async (orlop) => {
        const container = await told(await orlop.createRequested(request, { durable: true }));
        await notifyOfLacking(invocation.io, container, request);
        return container.id;
      }),
    );
    invocation.io.stdout.write(`${id}\n`);
    return 0;
  },
};
