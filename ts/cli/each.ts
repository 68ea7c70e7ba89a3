import type { Io } from './io.ts';
import { report } from './output/report.ts';

/** Calls `act` for each name and reports each failure. Status 1 if one failed. */
export async function forEach(io: Io, names: readonly string[], act: (name: string) => Promise<void>): Promise<number> {
  let status = 0;
  for (const name of names) {
    try {
      await act(name);
    } catch (error) {
      report(io, error);
      status = 1;
    }
  }
  return status;
}
