import { type CommandModule, flag } from '../command.ts';
import { forEach } from '../each.ts';

export const command: CommandModule = {
  later: [{ flags: '-l, --link', never: 'is one for links between containers, which orlop has not' }],
  define(command) {
    command
      .usage('[OPTIONS] CONTAINER…')
      .argument('<container...>')
      .option('-f, --force', 'Kill what runs, and do not mind what is missing')
      .option('-v, --volumes', 'Remove the anonymous volumes as well');
  },
  run({ io, args, values, with: withStore }) {
    const force = flag(values, 'force') ?? false;
    return withStore((orlop) =>
      forEach(io, args, async (name) => {
        // Not through a Container handle, which would need the record: the record may be damaged.
        const removed = await orlop.containers.remove(name, { force, volumes: flag(values, 'volumes') }).then(
          () => true,
          (error: unknown) => {
            if (force && (error as { code?: unknown }).code === 'ORLOP_E_NO_CONTAINER') return false;
            throw error;
          },
        );
        if (removed) io.stdout.write(`${name}\n`);
      }),
    );
  },
};
