import type { Io } from './io.ts';
import { main } from './main.ts';
import { factsOf, readStandardInput, writeAll } from './streams/standard-streams.ts';

const io: Io = {
  stdout: { write: (content) => writeAll(1, content) },
  stderr: { write: (content) => writeAll(2, content) },
  stdin: readStandardInput,
  env: process.env,
  cwd: process.cwd(),
  // Loaded on use, because node:tty loads all of node:net.
  isTerminal: (descriptor) => process.getBuiltinModule('node:tty').isatty(descriptor),
  // Only called by commands that start nothing: process.stdout would make a terminal non-blocking.
  columns: (descriptor) => {
    if (!process.getBuiltinModule('node:tty').isatty(descriptor)) return undefined;
    return (descriptor === 1 ? process.stdout : process.stderr).columns;
  },
  descriptor: factsOf,
  outlet: async (number) => {
    const native = (await import('../native/binding.ts')).loadNative();
    const [out, descriptor] = native.pipe();
    return {
      descriptor,
      passOn: () => {
        native.closeSync(descriptor);
        return native.relay(out, number);
      },
      abandon: () => {
        for (const end of [out, descriptor]) native.closeSync(end);
      },
    };
  },
  now: () => new Date(),
  signals: {
    on: (signal, listener) => process.on(signal, listener),
    // The program ends next, so removing each handler would only delay it.
    off: () => undefined,
  },
  endBy: (signal) => {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  },
  open: async (options) => {
    const { Orlop } = await import('../api/orlop.ts');
    return Orlop.openAs('command', options);
  },
  loadAddon: async () => {
    const { file } = (await import('../native/binding.ts')).loadedNative();
    const { openSite } = await import('../native/open-site.ts');
    const native = await openSite();
    const tryParts = async (parent: string) => (await import('./doctor/trials.ts')).tryParts(native, parent);
    const { lookForDeviceHolder } = await import('../cgroups/device-filter.ts');
    const deviceHolder = () => lookForDeviceHolder(native);
    return { features: () => native.features(), file, rights: native.rights, deviceHolder, tryParts };
  },
};

// main reports the errors of commands itself. An error that it throws is a bug; Node prints it and exits.
void main(process.argv.slice(2), io).then((status) => process.exit(status));
