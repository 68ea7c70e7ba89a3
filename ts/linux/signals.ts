import { constants } from 'node:os';

/** SIGKILL has the same number on every architecture; a start loads no table for it. */
export const sigkill = 9;

/** Looked at when it is needed: in the command line, `node:os` is loaded with it. */
const numbers = (): Readonly<Record<string, number>> => constants.signals;

/** Number of a signal by name, with or without `SIG`; undefined when there is none. */
export function signalNumber(name: string): number | undefined {
  const upper = name.toUpperCase();
  return numbers()[upper.startsWith('SIG') ? upper : `SIG${upper}`];
}

/**
 * Usual name of a signal, such as `SIGKILL`; undefined where it has none. Of several it is the first: SIGABRT before
 * SIGIOT, SIGIO before SIGPOLL.
 */
export function knownSignal(number: number): NodeJS.Signals | undefined {
  const [name] = Object.entries(numbers()).find(([, one]) => one === number) ?? [];
  return name as NodeJS.Signals | undefined;
}

/** The same; `signal 40` where it has none. */
export function signalName(number: number): string {
  return knownSignal(number) ?? `signal ${number}`;
}
