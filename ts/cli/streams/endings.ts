import type { Io } from '../io.ts';

/** Signals that end a command. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What to do before a signal ends the program: several parts of a command may have something. */
const cleanups = new Set<() => void>();

/** Runs `use`. If a signal ends the program meanwhile, `clean` runs before: its default action would leave no time. */
export async function cleaning<Result>(io: Io, clean: () => void, use: () => Promise<Result>): Promise<Result> {
  const end = (signal: NodeJS.Signals): void => {
    for (const one of cleanups) one();
    io.endBy(signal);
  };
  cleanups.add(clean);
  for (const signal of endings) io.signals.on(signal, end);
  try {
    return await use();
  } finally {
    cleanups.delete(clean);
    for (const signal of endings) io.signals.off(signal, end);
  }
}
