import { expect } from 'chai';
import { filterChanges, filterLines } from '../../../ts/cgroups/device-filter.ts';
import { deviceProgram } from '../../../ts/cgroups/device-program.ts';
import { type DeviceRule, defaultDeviceRules, formatRule, withDefaultRules } from '../../../ts/linux/device-rules.ts';
import { parseDeviceRule } from '../../../ts/request/devices.ts';
import { allowsDevice } from '../../support/device-program.ts';

/** Rules that `withDefaultRules` gives for these, as a program. */
function programOf(...rules: readonly string[]): Uint8Array {
  const all = withDefaultRules(rules.map(parseDeviceRule));
  if (all === 'all') throw new Error('there is no program');
  return deviceProgram(all);
}

/** `c 1:3 rw` as an access. */
function allows(program: Uint8Array, text: string): boolean {
  const { type, major, minor, access } = parseDeviceRule(text);
  if (type === 'a' || major === null || minor === null) throw new Error(`no access: ${text}`);
  return allowsDevice(program, { type, major, minor, access });
}

describe('the program that filters devices', () => {
  for (const [rules, allowed, refused] of [
    [
      [],
      ['c 1:3 rw', 'c 1:5 r', 'c 1:7 w', 'c 1:8 r', 'c 1:9 rwm', 'c 5:0 rw', 'c 5:1 rw', 'c 5:2 rw', 'c 136:7 rw'],
      ['c 1:1 r', 'c 1:4 w', 'c 1:11 r', 'b 1:3 r', 'c 5:3 r', 'c 10:229 rw', 'b 8:0 r', 'c 0:3 r', 'c 137:7 r'],
    ],
    [[], ['c 10:229 m', 'b 8:0 m', 'b 4095:1048575 m'], ['c 10:229 rm', 'b 8:0 wm', 'b 8:0 rwm']],
    [['c 10:229 rwm'], ['c 10:229 rw'], ['c 10:228 r', 'c 229:10 r', 'b 10:229 r']],
    [['b 8:* r'], ['b 8:0 r', 'b 8:300 r'], ['b 8:0 w', 'b 8:0 rw', 'b 9:0 r', 'c 8:0 r']],
    [['c *:7 rw'], ['c 10:7 rw', 'c 4095:7 w'], ['c 10:8 r', 'b 10:7 r', 'c 10:7 rwm']],
    // Two rules for the same device are one, as in version 1.
    [['b 8:0 r', 'b 8:0 w'], ['b 8:0 rw'], ['b 8:0 rwm', 'b 8:1 rw']],
    [['a 10:200 rw'], ['b 10:200 rw', 'c 10:200 rw'], ['c 10:201 r']],
    [['b *:* rwm'], ['b 259:1048575 rwm'], ['c 10:229 r']],
    [['c 4095:1048575 rw'], ['c 4095:1048575 rw'], ['c 4095:1048574 r', 'c 4094:1048575 r']],
  ] as const) {
    it(`allows by ${rules.join(', ') || 'default'} what it should, and nothing else`, () => {
      const program = programOf(...rules);
      for (const access of allowed) expect(allows(program, access), access).to.equal(true);
      for (const access of refused) expect(allows(program, access), access).to.equal(false);
    });
  }

  it('refuses everything without rules', () => {
    for (const access of ['c 1:3 r', 'b 8:0 m']) expect(allows(deviceProgram([]), access)).to.equal(false);
  });

  it('is not needed where all is allowed', () => {
    expect(withDefaultRules([parseDeviceRule('a *:* rwm')])).to.equal('all');
    expect(withDefaultRules(['b *:* rwm', 'c *:* rwm'].map(parseDeviceRule))).to.equal('all');
    expect(withDefaultRules([parseDeviceRule('a *:* r')])).not.to.equal('all');
  });

  it('says the same as the lines of version 1', () => {
    const rules = withDefaultRules([parseDeviceRule('c 10:229 rw')]) as readonly DeviceRule[];
    expect(rules.slice(0, -1)).to.deep.equal(defaultDeviceRules);
    const branch = { version: 1, base: '/cg', parent: '/cg/orlop', controllers: ['devices'] } as const;
    const changes = filterChanges({ branch, rules }, '/cg/orlop/x');
    expect(changes[0]).to.deep.equal(['write', '/cg/orlop/x/devices.deny', 'a', 0]);
    expect(changes.at(-1)).to.deep.equal(['write', '/cg/orlop/x/devices.allow', 'c 10:229 rw', 0]);
    expect(changes).to.have.length(filterLines(rules).length);
    const second = filterChanges({ branch: { ...branch, version: 2 }, rules }, '/cg/orlop/x');
    expect(second).to.deep.equal([['devices', '/cg/orlop/x', deviceProgram(rules), 0]]);
    for (const rule of rules) expect(parseDeviceRule(formatRule(rule))).to.deep.equal(rule);
  });
});
