import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import { requires } from '../support/require.ts';
import { temporaryDirectory, until } from '../support/temporary.ts';

describe('a relay', () => {
  requires('addon');
  const temporary = temporaryDirectory();

  /** A relay from a pipe, in which the first bytes lie, to a file. */
  function relayOfOne() {
    const native = loadNative();
    const [from, end] = native.pipe();
    const path = join(temporary(), 'f');
    const file = openSync(path, 'w');
    const relay = native.relay(from, file);
    writeSync(end, 'one');
    return { native, end, path, file, relay };
  }

  it('passes on every byte, and ends with the pipe', async () => {
    const native = loadNative();
    const [from, end] = native.pipe();
    const file = openSync(join(temporary(), 'f'), 'w');
    const relay = native.relay(from, file);
    const content = Buffer.alloc(300_000, 'orlop ');
    // In pieces, because a pipe holds less and this thread is the writer.
    for (let at = 0; at < content.length; at += 4096) writeSync(end, content.subarray(at, at + 4096));
    native.closeSync(end);
    await relay.ended;
    closeSync(file);
    expect(readFileSync(join(temporary(), 'f')).equals(content)).to.equal(true);
  });

  it('does not end while a process can write', async () => {
    const { native, end, path, file, relay } = relayOfOne();
    await until('the bytes to be passed on', () => readFileSync(path, 'utf8') === 'one');
    writeSync(end, 'two');
    await until('more of them', () => readFileSync(path, 'utf8') === 'onetwo');
    native.closeSync(end);
    await relay.ended;
    closeSync(file);
  });

  it('ends, once the application has ended, when those who can still write are silent', async () => {
    const { native, end, path, file, relay } = relayOfOne();
    relay.finish();
    // At once: after the silence it would be too late.
    writeSync(end, 'two');
    const began = performance.now();
    await relay.ended;
    expect(performance.now() - began).to.be.at.least(400);
    expect(readFileSync(path, 'utf8')).to.equal('onetwo');
    expect(() => writeSync(end, 'three')).to.throw(/EPIPE/);
    native.closeSync(end);
    closeSync(file);
  });

  it('passes on what the pipe holds when the application ends, however long that takes', async () => {
    const native = loadNative();
    const [from, end] = native.pipe();
    const [reader, to] = native.pipe();
    writeSync(end, Buffer.alloc(60_000, 'a'));
    const relay = native.relay(from, to);
    relay.finish();
    const got = Buffer.alloc(60_000);
    let length = 0;
    while (length < got.length) length += readSync(reader, got, length, got.length - length, null);
    await relay.ended;
    expect(got.equals(Buffer.alloc(60_000, 'a'))).to.equal(true);
    for (const one of [reader, to, end]) native.closeSync(one);
  });

  it('rejects when no process reads, and lets the writer know', async () => {
    const native = loadNative();
    const [from, end] = native.pipe();
    const [reader, to] = native.pipe();
    native.closeSync(reader);
    const relay = native.relay(from, to);
    writeSync(end, 'one');
    const error = await relay.ended.catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'EPIPE', syscall: 'write' });
    expect(() => writeSync(end, 'two')).to.throw(/EPIPE/);
    for (const one of [end, to]) native.closeSync(one);
  });

  it('waits for a reader that is slower', async () => {
    const native = loadNative();
    const [from, end] = native.pipe();
    const [reader, to] = native.pipe();
    const relay = native.relay(from, to);
    // Two pipes hold less than this: the relay has to wait for the second, and this thread never does.
    writeSync(end, Buffer.alloc(60_000, 'a'));
    const got = Buffer.alloc(60_000);
    let length = 0;
    while (length < got.length) length += readSync(reader, got, length, got.length - length, null);
    native.closeSync(end);
    await relay.ended;
    expect(got.equals(Buffer.alloc(60_000, 'a'))).to.equal(true);
    for (const one of [reader, to]) native.closeSync(one);
  });
});
