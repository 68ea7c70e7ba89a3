// A Worker that serves a disk from memory and records the writes to it. The disk is a file system in user space that
// has one file, mounted over a file. Messages are those of linux/fuse.h, 7.31.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { constants as numbers } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { reply } from '../../support/fuse-reply.ts';
import type { RecorderData, Recording, Write } from './disk.ts';

const opcodes = { getattr: 3, open: 14, read: 15, write: 16, release: 18, fsync: 20, flush: 25, init: 26 } as const;
/** Requests without an answer: forget, interrupt, and forget of many. */
const silent: readonly number[] = [2, 36, 42];
/** FUSE_BIG_WRITES. */
const bigWrites = 1 << 5;
const maxWrite = 128 * 1024;

const { path, bytes, counter } = workerData as RecorderData;
const disk = Buffer.from(bytes);
const written = new Int32Array(counter);
const writes: Write[] = [];
const flushes: number[] = [];

/** struct fuse_init_out. */
function initialized(): Buffer {
  const init = Buffer.alloc(64);
  init.writeUInt32LE(7, 0);
  init.writeUInt32LE(31, 4);
  init.writeUInt32LE(bigWrites, 12);
  init.writeUInt32LE(maxWrite, 20);
  return init;
}

/** struct fuse_attr_out. */
function attributes(): Buffer {
  const reply = Buffer.alloc(104);
  const attr = reply.subarray(16);
  attr.writeBigUInt64LE(1n, 0);
  attr.writeBigUInt64LE(BigInt(disk.length), 8);
  attr.writeUInt32LE(constants.S_IFREG | 0o600, 60);
  attr.writeUInt32LE(1, 64);
  attr.writeUInt32LE(4096, 80);
  return reply;
}

function write(offset: number, data: Uint8Array): Buffer {
  disk.set(data, offset);
  writes.push({ offset, data });
  Atomics.store(written, 0, writes.length);
  const reply = Buffer.alloc(8);
  reply.writeUInt32LE(data.length, 0);
  return reply;
}

function answer(opcode: number, body: Buffer): Buffer | number {
  const range = () => ({ offset: Number(body.readBigUInt64LE(8)), size: body.readUInt32LE(16) });
  switch (opcode) {
    case opcodes.init:
      return initialized();
    case opcodes.getattr:
      return attributes();
    case opcodes.open:
      return Buffer.alloc(16);
    case opcodes.read: {
      const { offset, size } = range();
      return disk.subarray(offset, offset + size);
    }
    case opcodes.write: {
      const { offset, size } = range();
      return write(offset, Uint8Array.from(body.subarray(40, 40 + size)));
    }
    case opcodes.fsync:
      flushes.push(writes.length);
      return Buffer.alloc(0);
    case opcodes.release:
    case opcodes.flush:
      return Buffer.alloc(0);
    default:
      return numbers.errno.ENOSYS;
  }
}

/** Reads a request; null once the file system is unmounted. */
function readRequest(device: number, request: Buffer): number | null {
  try {
    return readSync(device, request);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENODEV') return null;
    throw error;
  }
}

const device = openSync('/dev/fuse', 'r+');
const options = 'fd=3,rootmode=100000,user_id=0,group_id=0';
// `-i`: the mount helper of a FUSE library would try to mount by itself.
const mounting = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'orlop-test', path], {
  stdio: ['ignore', 'inherit', 'inherit', device],
});
if (mounting.status !== 0) throw new Error(`the disk could not be mounted at ${path}`);
parentPort?.postMessage('mounted');
const request = Buffer.alloc(maxWrite + 4096);
for (;;) {
  const length = readRequest(device, request);
  if (length === null) break;
  const opcode = request.readUInt32LE(4);
  if (silent.includes(opcode)) continue;
  const result = answer(opcode, request.subarray(40, length));
  reply(device, request, result);
}
closeSync(device);
const recording: Recording = { writes, flushes };
parentPort?.postMessage(recording);
