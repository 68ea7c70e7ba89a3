import { type CommandModule, flag } from '../command.ts';
import { forEach } from '../each.ts';

export const command: CommandModule = {
  later: [
    { flags: '--no-prune', meanwhile: 'leave it out: layers without an image are removed' },
    { flags: '--platform <platform>', same: [''], meanwhile: 'leave it out: an image has one' },
  ],
  define(command) {
    command
      .usage('[-f] IMAGE…')
      .argument('<image...>')
      .option('-f, --force', 'Remove all names of an image that is given by its ID');
  },
  run({ io, args, values, with: withStore }) {
    return withStore((orlop) =>
      forEach(io, args, async (name) => {
        const { untagged, deleted } = await orlop.images.remove(name, { force: flag(values, 'force') });
        for (const reference of untagged) io.stdout.write(`Untagged: ${reference}\n`);
        for (const id of deleted) io.stdout.write(`Deleted: ${id}\n`);
      }),
    );
  },
};
