// Root hooks of tests whose "host" is a mount namespace of their own (scripts/run-level.mjs): it is shared like the one
// of a machine with systemd, and no test may change its table.
import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { mountTable } from './mounts.ts';

let before = '';

export const mochaHooks = {
  beforeAll() {
    execFileSync('mount', ['--make-rshared', '/']);
  },
  beforeEach() {
    before = mountTable();
  },
  afterEach() {
    expect(mountTable(), "the host's mount table after the test").to.equal(before);
  },
};
