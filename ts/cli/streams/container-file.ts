import type { Container } from '../../api/types.ts';
import { type Invocation, text } from '../command.ts';
import { withEarlyFile } from './early-file.ts';

/** Writes the ID of a container to the file of `--cidfile`, if there is one, and gives the container back. */
type Tell = (container: Container) => Promise<Container>;

/**
 * Runs `use` with the file of `--cidfile`, which must not be there before, so that two commands do not take turns.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function withContainerFile<Result>(
  { values }: Pick<Invocation, 'values'>,
  use: (told: Tell) => Promise<Result>,
): Promise<Result> {
  return withEarlyFile(text(values, 'cidfile') || undefined, 'refused', (write) =>
    use(async (container) => {
      await write?.(container.id);
      return container;
    }),
  );
}
