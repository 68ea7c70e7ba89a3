import { parseLabels } from '../../request/labels.ts';
import { parseVolumeName } from '../../request/names.ts';
import { type CommandModule, collect, texts } from '../command.ts';

export const command: CommandModule = {
  makesStore: true,
  later: [
    {
      flags: '-d, --driver <driver>',
      same: ['', 'local'],
      meanwhile: "mount it on the host, and use '-v PATH:TARGET'",
    },
    { flags: '-o, --opt <option>', meanwhile: "mount it on the host, and use '-v PATH:TARGET'" },
    ...['availability', 'group', 'limit-bytes', 'required-bytes', 'scope', 'secret', 'sharing', 'type']
      .concat('topology-preferred', 'topology-required')
      .map((name) => ({ flags: `--${name} <value>`, never: 'is one for clusters' })),
  ],
  define(command) {
    command
      .usage('[OPTIONS] [NAME]')
      .argument('[name]')
      .option('-l, --label <label>', 'Label the volume: key=value', collect);
  },
  async run({ io, args, values, with: withStore }) {
    const [name] = args;
    const given = texts(values, 'label');
    // Without labels, an existing volume may have any.
    const labels = given.length === 0 ? undefined : parseLabels(given);
    if (name !== undefined) parseVolumeName(name);
    const volume = await withStore((orlop) => orlop.volumes.create(name ?? null, { labels }));
    io.stdout.write(`${volume.name}\n`);
    return 0;
  },
};
