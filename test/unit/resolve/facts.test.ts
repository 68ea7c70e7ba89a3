import { expect } from 'chai';
import { capabilityNames } from '../../../ts/linux/capabilities.ts';
import { defaultCapabilities } from '../../../ts/plan/defaults.ts';
import type { CapabilityChanges } from '../../../ts/request/types.ts';
import { capabilitiesAfter } from '../../../ts/resolve/facts.ts';

describe('the capabilities of an application', () => {
  const without = (list: readonly string[], ...names: string[]) => list.filter((name) => !names.includes(name));

  const cases: readonly [what: string, changes: Partial<CapabilityChanges>, expected: readonly string[]][] = [
    ['are the default ones where nothing is asked for', {}, defaultCapabilities],
    ['are one more', { add: ['CAP_NET_RAW'] }, [...defaultCapabilities, 'CAP_NET_RAW']],
    ['are no more with one that there is already', { add: ['CAP_CHOWN'] }, defaultCapabilities],
    ['are one less', { drop: ['CAP_CHOWN'] }, without(defaultCapabilities, 'CAP_CHOWN')],
    ['are no less without one that there was not', { drop: ['CAP_SYS_ADMIN'] }, defaultCapabilities],
    [
      'are some more and some less',
      { add: ['CAP_MKNOD', 'CAP_BPF'], drop: ['CAP_KILL', 'CAP_SETUID'] },
      [...without(defaultCapabilities, 'CAP_KILL', 'CAP_SETUID'), 'CAP_MKNOD', 'CAP_BPF'],
    ],
    ['are none', { drop: ['ALL'] }, []],
    [
      'are those that are named, of none',
      { add: ['CAP_KILL', 'CAP_NET_RAW'], drop: ['ALL'] },
      ['CAP_KILL', 'CAP_NET_RAW'],
    ],
    ['are all', { add: ['ALL'] }, capabilityNames],
    ['are all with one that is named besides', { add: ['ALL', 'CAP_KILL'] }, capabilityNames],
    [
      'are all but those that are dropped',
      { add: ['ALL'], drop: ['CAP_SYS_ADMIN', 'CAP_CHOWN'] },
      without(capabilityNames, 'CAP_SYS_ADMIN', 'CAP_CHOWN'),
    ],
    ['are all where all are added and dropped, as in Docker', { add: ['ALL'], drop: ['ALL'] }, capabilityNames],
    [
      'do not have what is both added and dropped',
      { add: ['CAP_NET_RAW'], drop: ['CAP_NET_RAW'] },
      defaultCapabilities,
    ],
    [
      'do not have what is both added and dropped, of none',
      { add: ['CAP_NET_RAW', 'CAP_KILL'], drop: ['ALL', 'CAP_NET_RAW'] },
      ['CAP_KILL'],
    ],
    [
      'do not have what is both added and dropped, of all',
      { add: ['ALL', 'CAP_NET_RAW'], drop: ['ALL', 'CAP_NET_RAW'] },
      without(capabilityNames, 'CAP_NET_RAW'),
    ],
  ];
  for (const [what, { add = [], drop = [] }, expected] of cases) {
    it(what, () => {
      const found = capabilitiesAfter({ add, drop }, capabilityNames);
      expect(found).to.have.members(expected);
      expect(found, 'in the order of their numbers').to.deep.equal(
        capabilityNames.filter((name) => found.includes(name)),
      );
    });
  }
});
