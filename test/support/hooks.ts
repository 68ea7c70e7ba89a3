// Root hooks of the root level: the "host" of each test file is a mount namespace of its own, shared like the one of a
// machine with systemd, and no test may change its table.
import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { mountTable } from './mounts.ts';

let before = '';

export const mochaHooks = {
  beforeAll() {
    if (process.getuid?.() === 0) execFileSync('mount', ['--make-rshared', '/']);
  },
  beforeEach() {
    before = mountTable();
  },
  afterEach() {
    expect(mountTable(), "the host's mount table after the test").to.equal(before);
  },
};
