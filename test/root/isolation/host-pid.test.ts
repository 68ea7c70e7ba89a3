import { readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { withOrlop } from '../../support/orlop.ts';
import { processesOf } from '../../support/processes.ts';
import { requires } from '../../support/require.ts';

describe('a container in the PID namespace of the host, with a user namespace of its own', function () {
  this.timeout(60_000);
  requires('root', 'addon', 'archive', 'helper', 'overlay', 'busybox', 'cgroup-v2');
  const fixture = withOrlop();
  // A word in the command line of each process, which no other test has.
  const word = `${70_000 + process.pid}`;

  it('sees the processes of the host and cannot signal them, and ends with all its own', async () => {
    const script = `
      readlink /proc/self/ns/pid; grep -c . /proc/$PPID/stat
      kill -9 $PPID 2>&1; echo x > /proc/sys/kernel/hostname 2>&1
      (setsid sleep ${word} &); sleep ${word} & kill -STOP $!`;
    const options = { userns: 'auto', pid: 'host', reject: false } as const;
    const { stdout, stderr } = await fixture().orlop.run('busybox', ['sh', '-c', script], options);
    expect(processesOf(word)).to.deep.equal([]);
    const [namespace, parent, refused] = stdout.split('\n');
    expect(namespace, stderr).to.equal(readlinkSync('/proc/self/ns/pid'));
    expect(parent).to.equal('1');
    expect(refused).to.match(/kill.* not permitted/);
    expect(stderr).to.contain('Read-only file system');
  });
});
