import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { storeContent } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';

describe('the user of a container', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop({ '/etc/passwd': passwd(), '/etc/group': group() });

  const identity = 'echo $(id -u) $(id -g) $(id -G) $HOME';
  const run = async (user: string | undefined) =>
    (await fixture().orlop.run('busybox', ['sh', '-c', identity], user === undefined ? {} : { user })).stdout.trim();

  const known: readonly [user: string | undefined, expected: string, why: string][] = [
    [undefined, '0 0 0 /root', 'root, when nobody is named'],
    ['alice', '1000 1000 1000 29 /home/alice', 'a name, with the groups that list it'],
    ['1000', '1000 1000 1000 29 /home/alice', 'a number that has an entry'],
    ['4242', '4242 0 0 /', 'a number without an entry: group root'],
    ['4242:4343', '4242 4343 4343 /', 'two numbers'],
    ['alice:audio', '1000 29 29 /home/alice', 'a name and a group’s: no other groups'],
    ['alice:0', '1000 0 0 /home/alice', 'a name and a number'],
    ['0:audio', '0 29 29 /root', 'a number and a name'],
    ['4294967294', '4294967294 0 0 /', 'the largest number'],
    ['77', '77 77 77 /home/seventy', 'a number, though a user has it as its name'],
  ];
  for (const [user, expected, why] of known) {
    it(`is found for ${user ?? 'no user'}: ${why}`, async () => {
      expect(await run(user)).to.equal(expected);
    });
  }

  it('has the groups that the request adds, by number and by name', async () => {
    const { orlop } = fixture();
    const groups = async (user: string, groupAdd: string[]) =>
      (await orlop.run('busybox', ['sh', '-c', 'echo $(id -G)'], { user, groupAdd })).stdout.trim();
    expect(await groups('alice', ['4343', 'audio', '7'])).to.equal('1000 7 29 4343');
    expect(await groups('4242:4343', ['audio'])).to.equal('4343 29');
    expect(await groups('0', ['7'])).to.equal('0 7');
    await using pool = await orlop.pool('busybox', { size: 1, groupAdd: ['7'] });
    expect((await pool.run(['sh', '-c', 'echo $(id -G)'], { user: 'alice' })).stdout).to.equal('1000 7 29\n');
    expect((await refusal(groups('0', ['nobody-here']))).message).to.contain("has no group 'nobody-here'");
    expect((await refusal(groups('0', ['1x']))).message).to.contain("'1x' is not a group ID");
  });

  it('is refused where it could read the memory of the caller, and is given by a pool there', async () => {
    const setting = '/proc/sys/fs/suid_dumpable';
    const before = readFileSync(setting, 'utf8');
    writeFileSync(setting, '1');
    try {
      const error = await fixture()
        .orlop.run('busybox', ['true'], { user: 'alice' })
        .catch((reason: unknown) => reason);
      expect(error).to.include({ name: 'LaunchError', step: 'ids' });
      expect(error).to.have.property('hint').that.includes('fs.suid_dumpable');
      // With the older system calls, a request to a pool is an ordinary start.
      if (process.env.ORLOP_FEATURES === '0') return;
      await using pool = await fixture().orlop.pool('busybox', { size: 1, user: 'alice' });
      expect((await pool.run(['id', '-u'])).stdout).to.equal('1000\n');
    } finally {
      writeFileSync(setting, before);
    }
  });

  const unknown = ['nobody-here', 'alice:no-group', '1x', 'alice:1x'];
  const malformed = ['4294967295', '4294967296', '-1', '1000:-1', '', ':', 'alice:', ':audio', 'a:b:c'];
  for (const user of [...unknown, ...malformed]) {
    it(`is refused for '${user}', and nothing is made`, async () => {
      const before = storeContent(fixture());
      const error = await refusal(
        fixture().orlop.create('busybox', ['true'], { user, volumes: ['named:/v', '/anonymous'] }),
      );
      expect(error.code).to.be.oneOf(
        unknown.includes(user) ? ['ORLOP_E_NO_USER'] : ['ORLOP_E_INPUT', 'ORLOP_E_NO_USER'],
      );
      expect(error.hint).to.be.a('string');
      expect(storeContent(fixture())).to.deep.equal(before);
    });
  }
});

function passwd(): string {
  return [
    'root:x:0:0:root:/root:/bin/sh',
    'alice:x:1000:1000:Alice:/home/alice:/bin/sh',
    // A user whose name is another's number.
    '77:x:0:0:trap:/root:/bin/sh',
    'seventy:x:77:77::/home/seventy:/bin/sh',
    '',
  ].join('\n');
}

function group(): string {
  return ['root:x:0:', 'audio:x:29:alice', 'alice:x:1000:', ''].join('\n');
}
