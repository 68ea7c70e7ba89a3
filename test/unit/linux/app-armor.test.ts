import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { hasAppArmor, isConfined, labelOf, profileMode } from '../../../ts/linux/app-armor.ts';
import { hasSeLinux } from '../../../ts/linux/selinux.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('what the kernel shows of AppArmor', () => {
  const directory = temporaryDirectory();
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(directory(), path)), { recursive: true });
    writeFileSync(join(directory(), path), text);
  };
  const policy = 'sys/kernel/security/apparmor/policy';

  it('is that it is on, off, or not there', () => {
    expect(hasAppArmor(directory())).to.equal(false);
    write('sys/module/apparmor/parameters/enabled', 'N\n');
    expect(hasAppArmor(directory())).to.equal(false);
    write('sys/module/apparmor/parameters/enabled', 'Y\n');
    expect(hasAppArmor(directory())).to.equal(true);
  });

  it('is the mode of a loaded profile, by its whole name', () => {
    expect(profileMode('orlop-default', directory())).to.equal(null);
    for (const [entry, name, mode] of [
      ['orlop-default.12', 'orlop-default', 'enforce'],
      // The kernel's directories have no slashes, blanks or brackets, and different names can have the same.
      ['usr.bin.man.3', '/usr/bin/man', 'complain'],
      ['usr.bin.man.4', '/usr.bin/man', 'kill'],
      ['usr.bin.man.3/profiles/groff.0', 'groff', 'enforce'],
      ['a_bc.5', 'a b{c}', 'unconfined'],
    ] as const) {
      const at = join(policy, 'profiles', entry);
      write(join(at, 'name'), `${name}\n`);
      write(join(at, 'mode'), `${mode}\n`);
    }
    const modes = ['orlop-default', '/usr/bin/man', '/usr.bin/man', '/usr/bin/man//groff', 'a b{c}'];
    expect(modes.map((name) => profileMode(name, directory()))).to.deep.equal([
      'enforce',
      'complain',
      'kill',
      'enforce',
      'unconfined',
    ]);
    for (const name of ['orlop', 'orlop-default.12', 'usr.bin.man', 'groff', '/usr.bin/man//groff', '..', '', '//']) {
      expect(profileMode(name, directory()), name).to.equal(null);
    }
  });

  for (const [text, label, confined] of [
    ['unconfined\n', 'unconfined', false],
    ['orlop-launcher (unconfined)\n', 'orlop-launcher', false],
    ['docker-default (enforce)\n', 'docker-default', true],
    ['a (complain)\0', 'a', true],
    ['', '', false],
  ] as const) {
    it(`is the label of a process: ${JSON.stringify(text)} ${confined ? 'confines' : 'does not confine'} it`, () => {
      write('proc/7/attr/apparmor/current', text);
      expect(labelOf(7, directory())).to.equal(label);
      expect(isConfined(7, directory())).to.equal(confined);
    });
  }

  it('is nothing of a process that is gone', () => {
    expect([labelOf(8, directory()), isConfined(8, directory())]).to.deep.equal(['', false]);
  });
});

describe('what the kernel shows of SELinux', () => {
  it('is its file system', () => {
    expect(hasSeLinux('nodev\tsysfs\nnodev\tselinuxfs\nnodev\tbpf\n')).to.equal(true);
    expect(hasSeLinux('nodev\tsysfs\n\text4\n')).to.equal(false);
    expect(hasSeLinux('')).to.equal(false);
  });
});
