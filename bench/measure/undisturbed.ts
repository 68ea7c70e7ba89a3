import type { Gate } from './gate.ts';
import type { Load } from './load.ts';
import { NotQuiet } from './quiet.ts';

const attempts = 3;

/**
 * Takes measurements one after the other, and each of them again that something else ran beside.
 *
 * @throws NotQuiet when the machine is not quiet, or when one was disturbed again and again
 */
export async function takeUndisturbed<Taken>(
  gate: Gate,
  takes: readonly { readonly name: string; readonly take: () => Promise<Taken> }[],
  say: (message: string) => void,
): Promise<(Taken & { readonly load: Load })[]> {
  const all: (Taken & { readonly load: Load })[] = [];
  let before = await gate.open();
  for (const { name, take } of takes) {
    for (let attempt = 1; ; attempt++) {
      const taken = await take();
      const after = await gate.close();
      if (after !== null) {
        all.push({ ...taken, load: { before, after } });
        before = after;
        break;
      }
      if (attempt === attempts) throw new NotQuiet(`'${name}' was disturbed ${attempts} times`);
      say(`${name}: something else has begun to run, so it is asked again`);
      before = await gate.open();
    }
  }
  return all;
}
