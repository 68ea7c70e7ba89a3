import { prepareImage } from '../ground/image.ts';
import { commandContestant } from './command.ts';
import { application, type CommandContestant, targets } from './contestant.ts';

/** The command line, as a shell starts it: a new Node each time. */
export const orlopCli: CommandContestant = commandContestant({
  id: 'orlop-cli',
  label: 'orlop run --rm (command)',
  share: 0.25,
  peer: false,
  supports: ({ mounts }) => mounts === 'full',
  missing: () => null,
  async command(ground, container) {
    const image = await prepareImage(ground, container);
    const volumes = targets(container).flatMap((target) => ['-v', `${ground.source}:${target}`]);
    const network = container.network ? 'none' : 'host';
    return [
      ...[process.execPath, ground.cli, '--root', ground.stores[container.upper].root],
      ...['run', '--rm', '--network', network, ...volumes, image, application],
    ];
  },
});
