import type { OrlopRuntime } from '../../api/types.ts';
import { RequestError } from '../../errors/index.ts';
import { type CommandModule, text } from '../command.ts';
import { printInspected } from '../output/inspected.ts';
import { onlyFormat } from '../output/list.ts';

type Kind = 'container' | 'image' | 'volume';

const kinds: Readonly<Record<Kind, (orlop: OrlopRuntime, name: string) => Promise<unknown>>> = {
  container: async (orlop, name) => (await orlop.container(name)).inspect(),
  image: (orlop, name) => orlop.images.inspect(name),
  volume: (orlop, name) => orlop.volumes.inspect(name),
};
const order: readonly Kind[] = ['container', 'image', 'volume'];
const missing = new Set<unknown>([
  'ORLOP_E_NO_CONTAINER',
  'ORLOP_E_NO_IMAGE',
  'ORLOP_E_NO_VOLUME',
  'ORLOP_E_REFERENCE',
]);

export const command: CommandModule = {
  later: [{ flags: '-s, --size', meanwhile: `du -sh $(orlop inspect -f '{{.GraphDriver.Data.UpperDir}}' CONTAINER)` }],
  define(command) {
    command
      .usage('[OPTIONS] NAME…')
      .argument('<name...>')
      .option('-f, --format <format>', 'json, or a Go template: {{json .Mounts}}')
      .option('--type <kind>', `Look only among these: ${order.join(', ')}`);
  },
  run(invocation) {
    const type = text(invocation.values, 'type');
    const among = type === undefined ? order : [onlyFormat(type, order)];
    return invocation.with((orlop) => printInspected(invocation, (name) => look(orlop, name, among)));
  },
};

/** The first object of that name. A name that is invalid for a kind counts as missing. */
async function look(orlop: OrlopRuntime, name: string, among: readonly Kind[]): Promise<unknown> {
  for (const kind of among) {
    try {
      return await kinds[kind](orlop, name);
    } catch (error) {
      if (among.length === 1 || !missing.has((error as { code?: unknown }).code)) throw error;
    }
  }
  throw new RequestError('ORLOP_E_NO_CONTAINER', `there is no container, image or volume '${name}'`, {
    hint: `'orlop ps -a', 'orlop images' and 'orlop volume ls' list them`,
  });
}
