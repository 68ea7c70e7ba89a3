import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { mayHang } from '../../../ts/resolve/may-hang.ts';

describe('a source that may never answer', () => {
  it('is none on a block device, which is not even asked', async () => {
    expect(await mayHang([{ device: 0xfe00n, path: '/not/asked' }])).to.equal(false);
    // Major 259, minor 70000: both halves of the number.
    expect(await mayHang([{ device: 0x1110_0000n | (259n << 8n), path: '/not/asked' }])).to.equal(false);
  });

  it('is one of a server in user space on a block device too', async () => {
    const fileSystem = 0x6573_5546;
    expect(await mayHang([{ device: 0xfe00n, path: '/not/asked', fileSystem }])).to.equal(true);
  });

  it('is none in a file system of this machine’s memory, and one in a file system that is not known to be local', async () => {
    const anonymous = 42n;
    expect(await mayHang([{ device: anonymous, path: '/dev/shm' }])).to.equal(false);
    expect(await mayHang([{ device: anonymous, path: '/proc' }])).to.equal(true);
  });

  it('is asked about once', async () => {
    const source = { device: 42n, path: '/proc' };
    expect(await mayHang([source])).to.equal(true);
    source.path = '/dev/shm';
    expect(await mayHang([source])).to.equal(true);
    expect(await mayHang([{ ...source }])).to.equal(false);
  });

  it('is looked for among all sources', async () => {
    const { dev } = statSync(tmpdir(), { bigint: true });
    const here = { device: dev, path: tmpdir() };
    expect(await mayHang([here, here])).to.equal(false);
    expect(await mayHang([here, { device: 42n, path: '/proc' }])).to.equal(true);
  });
});
