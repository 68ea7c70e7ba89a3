import type { Io } from '../io.ts';

/**
 * Colours a text for a terminal. picocolors and util.styleText would open process.stdout, which makes a pipe
 * non-blocking for the application too (see standard-streams.ts).
 */
export type Paint = (color: keyof typeof codes, text: string) => string;

const codes = { red: [31, 39], green: [32, 39], yellow: [33, 39], dim: [2, 22] } as const;

/** Colours if the descriptor is a terminal and NO_COLOR is unset (no-color.org). */
export function paintFor(io: Io, descriptor: 1 | 2): Paint {
  if (!io.isTerminal(descriptor) || io.env.NO_COLOR) return (_, text) => text;
  return (color, text) => `\u001b[${codes[color][0]}m${text}\u001b[${codes[color][1]}m`;
}
