import { constants } from 'node:os';

/** SIGKILL, the same number on every architecture, so that a start loads no table. */
export const sigkill = 9;

/** Signal numbers, read on use: in the command line, this loads `node:os`. */
const numbers = (): Readonly<Record<string, number>> => constants.signals;

/** Number of a signal by name, with or without `SIG`; undefined if there is none. */
export function signalNumber(name: string): number | undefined {
  const upper = name.toUpperCase();
  return numbers()[upper.startsWith('SIG') ? upper : `SIG${upper}`];
}

/**
 * Common name of a signal, such as `SIGKILL`; undefined if it has none. The first of several: SIGABRT before SIGIOT,
 * SIGIO before SIGPOLL.
 */
export function knownSignal(number: number): NodeJS.Signals | undefined {
  const [name] = Object.entries(numbers()).find(([, one]) => one === number) ?? [];
  return name as NodeJS.Signals | undefined;
}

/** Common name of a signal; `signal 40` if it has none. */
export function signalName(number: number): string {
  return knownSignal(number) ?? `signal ${number}`;
}
