import { constants } from 'node:os';

const numbers: Readonly<Record<string, number>> = constants.signals;

/** Number of a signal by name, with or without `SIG`; undefined when there is none. */
export function signalNumber(name: string): number | undefined {
  const upper = name.toUpperCase();
  return numbers[upper.startsWith('SIG') ? upper : `SIG${upper}`];
}

const names = new Map<number, string>();
for (const [name, number] of Object.entries(numbers)) {
  // The first name of a number is the usual one: SIGABRT before SIGIOT, SIGIO before SIGPOLL.
  if (!names.has(number)) names.set(number, name);
}

/** Usual name of a signal: `SIGKILL`; `signal 40` where it has none. */
export function signalName(number: number): string {
  return names.get(number) ?? `signal ${number}`;
}
