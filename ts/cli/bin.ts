#!/usr/bin/env node
import { isatty } from 'node:tty';
import type { Io } from './io.ts';
import { main } from './main.ts';

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: () => process.stdin,
  env: process.env,
  cwd: process.cwd(),
  isTerminal: isatty,
  now: () => new Date(),
  signals: process,
  open: async (options) => (await import('../api/orlop.ts')).Orlop.open(options),
  loadAddon: async () => (await import('../native/binding.ts')).loadNative(),
};

// `orlop ps | head -1`: the reader has what it wants. 128 + SIGPIPE is what a shell expects then.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});

main(process.argv.slice(2), io).then((status) => process.exit(status));
