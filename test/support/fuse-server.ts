// A file system in user space whose server hangs or dies, for tests of sources: fuse-server.ts MOUNTPOINT. It holds a
// directory `d` and a file `f`, prints `mounted`, and answers requests until it is stopped or killed. After a lookup of
// `deaf`, it takes requests without answering. Messages are those of linux/fuse.h, 7.31.
import { spawnSync } from 'node:child_process';
import { constants, openSync, readSync, writeSync } from 'node:fs';
import { reply } from './fuse-reply.ts';

const opcodes = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  statfs: 17,
  release: 18,
  init: 26,
  opendir: 27,
  readdir: 28,
} as const;
const more = { releasedir: 29, open: 14, read: 15, flush: 25, interrupt: 36, destroy: 38, batchForget: 42 } as const;
const silent: readonly number[] = [opcodes.forget, more.interrupt, more.batchForget];
const { ENOENT, ENOSYS } = (await import('node:os')).constants.errno;

const content = Buffer.from('from user space\n');
const nodes = { root: 1n, directory: 2n, file: 3n } as const;
const names: Readonly<Record<string, bigint>> = { d: nodes.directory, f: nodes.file };

/** struct fuse_attr. */
function attributes(node: bigint): Buffer {
  const isFile = node === nodes.file;
  const attr = Buffer.alloc(88);
  attr.writeBigUInt64LE(node, 0);
  attr.writeBigUInt64LE(isFile ? BigInt(content.length) : 0n, 8);
  attr.writeUInt32LE(isFile ? constants.S_IFREG | 0o644 : constants.S_IFDIR | 0o755, 60);
  attr.writeUInt32LE(isFile ? 1 : 2, 64);
  attr.writeUInt32LE(4096, 80);
  return attr;
}

/** Answer to a request. It forbids caching, so that the kernel asks each time. */
function answer(opcode: number, node: bigint, body: Buffer): Buffer | number {
  switch (opcode) {
    case opcodes.init: {
      const init = Buffer.alloc(64);
      init.writeUInt32LE(7, 0);
      init.writeUInt32LE(31, 4);
      init.writeUInt32LE(4096, 20);
      return init;
    }
    case opcodes.lookup: {
      const found = node === nodes.root ? names[body.toString('latin1', 0, body.indexOf(0))] : undefined;
      if (found === undefined) return ENOENT;
      const entry = Buffer.alloc(40);
      entry.writeBigUInt64LE(found, 0);
      return Buffer.concat([entry, attributes(found)]);
    }
    case opcodes.getattr:
      return Buffer.concat([Buffer.alloc(16), attributes(node)]);
    case opcodes.statfs:
      return Buffer.alloc(80);
    case opcodes.opendir:
    case more.open:
      return Buffer.alloc(16);
    case more.read: {
      const [offset, size] = [Number(body.readBigUInt64LE(8)), body.readUInt32LE(16)];
      return content.subarray(offset, offset + size);
    }
    case opcodes.readdir:
    case opcodes.release:
    case more.releasedir:
    case more.flush:
    case more.destroy:
      return Buffer.alloc(0);
    default:
      return ENOSYS;
  }
}

const [mountPoint = ''] = process.argv.slice(2);
const device = openSync('/dev/fuse', 'r+');
const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other';
// `-i`: the mount helper of a FUSE library would try to mount by itself.
const mounting = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'orlop-test', mountPoint], {
  stdio: ['ignore', 'inherit', 'inherit', device],
});
if (mounting.status !== 0) process.exit(1);
writeSync(1, 'mounted\n');
const request = Buffer.alloc(64 * 1024);
for (let deaf = false; ; ) {
  const length = readSync(device, request);
  const [opcode, text] = [request.readUInt32LE(4), request.subarray(40, length)];
  if (opcode === opcodes.lookup && text.toString('latin1') === 'deaf\0') {
    writeSync(1, 'deaf\n');
    deaf = true;
  }
  if (deaf || silent.includes(opcode)) continue;
  const result = answer(opcode, request.readBigUInt64LE(16), text);
  reply(device, request, result);
}
