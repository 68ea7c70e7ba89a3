// Root hooks of tests whose "host" is their own mount namespace (scripts/run-level.mjs). It is shared, as on a machine
// with systemd. No test may change its mount table.
import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { mountTable } from './mounts.ts';

let before = '';

export const mochaHooks = {
  beforeAll() {
    // An ordinary user's was made so before.
    if (process.getuid?.() === 0) execFileSync('mount', ['--make-rshared', '/']);
  },
  beforeEach() {
    before = mountTable();
  },
  afterEach() {
    expect(mountTable(), "the host's mount table after the test").to.equal(before);
  },
};
