import { quietBelow } from '../measure/quiet.ts';
import type { Repetition, Result } from './result.ts';

const numbers = ['no', 'one', 'two', 'three', 'four', 'five', 'six'];

/** `three repetitions`. Pure. */
export function repetitionsOf({ repetitions: { length } }: Pick<Result, 'repetitions'>): string {
  return `${numbers[length] ?? length} repetition${length === 1 ? '' : 's'}`;
}

/** Whether nothing else ran, as far as the result says. Pure. */
export function wasIdle({ repetitions }: Result): boolean {
  return repetitions.every(({ load }) => load.before < quietBelow && load.after < quietBelow);
}

/** Sentences about the machine and the moment. Pure. */
export function conditions(result: Result): string {
  const { machine, repetitions, orlop } = result;
  const { cpu, cpus, memoryGiB, kernel, node, mounts, disk, cgroups, hugePages, nodeExtraCaCerts } = machine;
  const busy = wasIdle(result) ? '' : ' **The machine was not idle: trust ratios only.**';
  return (
    `Taken ${dayOf(repetitions)} in ${repetitionsOf(result)} with orlop ${orlop} on ${cpus} CPUs (${cpu}), ` +
    `${memoryGiB} GiB, Linux ${kernel}, Node ${node.replace(/^v/, '')}, ${mounts} mounts, /var/tmp on ${disk}, ` +
    `cgroups ${cgroups}, huge pages ${hugePages}, NODE_EXTRA_CA_CERTS ${nodeExtraCaCerts}, ` +
    `load ${loadsOf(repetitions, 'before')} before and ${loadsOf(repetitions, 'after')} after.${busy}`
  );
}

/** The day of the first repetition. */
function dayOf([first]: readonly Repetition[]): string {
  return first?.taken.slice(0, 10) ?? '';
}

function loadsOf(repetitions: readonly Repetition[], when: 'before' | 'after'): string {
  return repetitions.map(({ load }) => load[when]).join(', ');
}

/** Pure. */
export function versions({ machine }: Result): string {
  const list = Object.entries(machine.versions).map(([program, version]) => version.replace(/ version/, '') || program);
  return list.length === 0 ? '' : `Peers: ${list.join(', ')}.`;
}
