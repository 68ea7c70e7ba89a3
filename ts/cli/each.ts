import type { Io } from './io.ts';
import { report } from './output/report.ts';

/**
 * Calls `act` for all names at once, and prints the lines in the order of the names, each when those before it are
 * there. Reports each failure. Status 1 if one failed.
 */
export async function forEachAtOnce(
  io: Io,
  names: readonly string[],
  act: (name: string) => Promise<string>,
): Promise<number> {
  const lines = names.map(act);
  // A failure is reported when its turn comes; until then it is no unhandled rejection.
  for (const line of lines) line.catch(() => {});
  return forEach(io, lines, async (line) => {
    io.stdout.write(`${await line}\n`);
  });
}

/** Calls `act` for each item and reports each failure. Status 1 if one failed. */
export async function forEach<Item>(
  io: Io,
  items: readonly Item[],
  act: (item: Item) => Promise<void>,
): Promise<number> {
  let status = 0;
  for (const item of items) {
    try {
      await act(item);
    } catch (error) {
      report(io, error);
      status = 1;
    }
  }
  return status;
}
