import { setImmediate as nextLoop } from 'node:timers/promises';
import { expect } from 'chai';
import { lend } from '../../../ts/containers/lent.ts';
import type { Runtime } from '../../../ts/containers/runtime.ts';

const range = { first: { user: 1, group: 1 }, size: 1, descriptor: 9 };
const limited = { group: {}, settings: [] };
const failed = (what: string) => Promise.reject(new Error(what));
const later = async <T>(result: () => Promise<T>) => {
  await nextLoop();
  return result();
};

describe('what a container needs of the program', () => {
  const wanted = { userNamespace: { first: null, size: 1 }, limits: {}, mayHang: false };
  const cases: readonly [what: string, group: () => Promise<unknown>, range: () => Promise<unknown>][] = [
    ['the cgroup fails at once', () => failed('group'), () => later(async () => range)],
    ['the cgroup fails later', () => later(() => failed('group')), async () => range],
    ['the range fails', () => later(async () => limited), () => failed('range')],
    ['both fail', () => failed('group'), () => later(() => failed('range'))],
  ];
  for (const [what, group, take] of cases) {
    it(`is given back when ${what}, and no rejection is unhandled`, async () => {
      const events: string[] = [];
      const note = (error: Error) => events.push(`unhandled: ${error.message}`);
      const others = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
      const runtime = {
        groups: { take: group, release: () => events.push('group') },
        ranges: { take, release: () => events.push('range') },
        where: { openForUsers: async () => {} },
      } as unknown as Runtime;
      const error = await lend(runtime, wanted).catch(({ message }: Error) => message);
      await nextLoop();
      process.removeListener('unhandledRejection', note);
      for (const other of others) process.on('unhandledRejection', other);
      const given = await Promise.allSettled([group(), take()]);
      const names = ['group', 'range'].filter((_, index) => given[index]?.status === 'fulfilled');
      expect(events).to.deep.equal(names.reverse());
      expect(error).to.be.oneOf(['group', 'range']);
    });
  }
});
