import { constants } from 'node:os';

/** SIGKILL, the same number on every architecture, so that a start loads no table. */
export const sigkill = 9;

/** Signal numbers, read on use: in the command line, this loads `node:os`. */
const numbers = (): Readonly<Record<string, number>> => constants.signals;

/** The real-time signals of the C library, signal(7): the first two of the kernel are its own. */
const [firstRealTime, lastRealTime] = [34, 64];

/**
 * Number of a signal by number or name, with or without `SIG`, also `RTMIN+3`; undefined if there is none.
 */
export function signalNumber(signal: string | number): number | undefined {
  if (typeof signal === 'number' || /^\d{1,2}$/.test(signal)) {
    const number = Number(signal);
    return Number.isInteger(number) && number > 0 && number <= lastRealTime ? number : undefined;
  }
  const name = signal.toUpperCase().replace(/^SIG/, '');
  const [, end, distance] = /^RTM(IN|AX)([+-]\d{1,2})?$/.exec(name) ?? [];
  if (end === undefined) return numbers()[`SIG${name}`];
  const number = (end === 'IN' ? firstRealTime : lastRealTime) + Number(distance ?? 0);
  return number >= firstRealTime && number <= lastRealTime ? number : undefined;
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
