import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { busyboxArchive } from './busybox.ts';

/** What a script of the guest did. */
export interface GuestResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type GuestUser = 'root' | 'alice';

/** How the guest boots. */
export interface Boot {
  readonly pid1: 'shell' | 'systemd';
  /** Module of mandatory access control. */
  readonly security: 'apparmor' | 'selinux';
}

const qemu = '/usr/bin/qemu-system-x86_64';
const virtiofsd = '/usr/libexec/virtiofsd';
const memory = '2048M';

/** What a boot needs, as scripts/setup installs it. */
export const guestNeeds = [qemu, virtiofsd, 'build-vm/vmlinuz', 'build-vm/xfs.ko.xz'];

/**
 * A virtual machine with another kernel, whose files are the host's, copy-on-write: test/vm/init is its PID 1. It has
 * a user alice with a range of subordinate IDs, AppArmor without profiles or SELinux without a policy, and orlop as npm installs it. QEMU translates
 * its code, because not every host that has /dev/kvm can boot a guest by it.
 */
export class Guest {
  /** Path of the command of orlop, in the guest. */
  readonly orlop: string;
  /** Archive of the image busybox, in the guest. */
  readonly archive: string;
  readonly #directory: string;
  readonly #processes: readonly ChildProcess[];
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  private constructor(directory: string, archive: string, processes: readonly ChildProcess[], socket: Socket) {
    this.#directory = directory;
    this.#processes = processes;
    this.#socket = socket;
    this.#lines = createInterface(socket)[Symbol.asyncIterator]();
    this.orlop = join(directory, installed, 'dist/cli/orlop.cjs');
    this.archive = archive;
  }

  /** Boots the guest. With systemd as PID 1 it takes twice as long. */
  static async boot({ pid1 = 'shell', security = 'apparmor' }: Partial<Boot> = {}): Promise<Guest> {
    const directory = mkdtempSync('/var/tmp/orlop-vm-');
    try {
      return await Guest.#bootIn(directory, { pid1, security });
    } catch (error) {
      rmSync(directory, { recursive: true });
      throw error;
    }
  }

  static async #bootIn(directory: string, boot: Boot): Promise<Guest> {
    chmodSync(directory, 0o755);
    copyFileSync('test/vm/init', join(directory, 'init'));
    for (const name of readdirSync('build-vm').filter((one) => one.endsWith(modules))) {
      copyFileSync(join('build-vm', name), join(directory, name));
    }
    install(directory);
    const archive = busyboxArchive(directory);
    const server = createServer().listen(join(directory, 'port'));
    const files = program(virtiofsd, sharing(join(directory, 'files')), 'pipe');
    await announced(files, /Waiting for vhost-user/);
    const machine = program(qemu, machineOf(directory, boot), 'inherit');
    const ended = once(machine, 'exit').then(() => null);
    const connection = await Promise.race([once(server, 'connection'), ended]);
    server.close();
    if (connection === null) throw new Error('QEMU has ended');
    const guest = new Guest(directory, archive, [machine, files], connection[0] as Socket);
    const first = await guest.#lines.next();
    if (first.value !== 'ready') throw new Error(`the guest did not boot:\n${guest.console()}`);
    return guest;
  }

  /** Executes a script of sh(1) as a user of the guest, in its home directory, up to what fails. It has `orlop`. */
  async run(user: GuestUser, script: string): Promise<GuestResult> {
    const path = `PATH=${dirname(process.execPath)}:/usr/sbin:/usr/bin`;
    const text = `set -e\ncd\n${path}\norlop() { node -- ${this.orlop} "$@"; }\n${script}`;
    this.#socket.write(`${user} ${Buffer.from(text).toString('base64')}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the guest ended while it ran: ${script}\n${this.console()}`);
    const [status, stdout = '', stderr = ''] = value.split(' ');
    const decode = (base64: string) => Buffer.from(base64, 'base64').toString();
    return { status: Number(status), stdout: decode(stdout), stderr: decode(stderr) };
  }

  /** Loads a module of the guest's kernel, `loop`, which scripts/setup has unpacked. */
  async load(module: string): Promise<void> {
    const { status, stderr } = await this.run('root', `insmod ${join(this.#directory, `${module}${modules}`)}`);
    if (status !== 0) throw new Error(`the module ${module} was not loaded: ${stderr}`);
  }

  /** What the guest's kernel and its PID 1 have printed. */
  console(): string {
    return readFileSync(join(this.#directory, 'console'), 'utf8');
  }

  /** Ends the guest, whose PID 1 waits for the next script. */
  async end(): Promise<void> {
    this.#socket.end();
    for (const one of this.#processes) if (one.exitCode === null && one.signalCode === null) await once(one, 'exit');
    rmSync(this.#directory, { recursive: true });
  }
}

const installed = 'app/node_modules/orlop';

const modules = '.ko.xz';

/** Places what was built as npm installs the package. */
function install(directory: string): void {
  const target = join(directory, installed);
  const prebuilds = join(target, 'prebuilds', `${process.platform}-${process.arch}`);
  mkdirSync(prebuilds, { recursive: true });
  copyFileSync('package.json', join(target, 'package.json'));
  for (const folder of ['dist', 'apparmor']) cpSync(folder, join(target, folder), { recursive: true });
  copyFileSync('build/Release/orlop.node', join(prebuilds, 'orlop.glibc.node'));
  for (const name of ['orlop-archive', 'orlop-init', 'orlop-launcher']) {
    copyFileSync(join('build/Release', name), join(prebuilds, name));
  }
}

/** Starts a program that ends with this one at the latest. */
function program(path: string, args: readonly string[], errors: 'pipe' | 'inherit'): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', path, ...args], { stdio: ['ignore', 'ignore', errors] });
}

/** Gives the guest all files of the host, and lets it write none. Mounts below `/` are one file system to it. */
function sharing(socket: string): readonly string[] {
  const safe = ['--sandbox=none', '--readonly', '--no-announce-submounts', '--cache=always'];
  return ['--shared-dir=/', ...safe, `--socket-path=${socket}`];
}

function machineOf(directory: string, { pid1, security }: Boot): readonly string[] {
  const at = (name: string) => join(directory, name);
  const kernel = `console=ttyS0 quiet panic=-1 rootfstype=virtiofs root=files ro init=${at('init')}`;
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', memory],
    ...['-nodefaults', '-display', 'none', '-no-reboot', '-serial', `file:${at('console')}`],
    ...['-object', `memory-backend-memfd,id=memory,size=${memory},share=on`, '-numa', 'node,memdev=memory'],
    ...['-chardev', `socket,id=files,path=${at('files')}`, '-device', 'vhost-user-fs-pci,chardev=files,tag=files'],
    ...['-chardev', `socket,id=port,path=${at('port')}`, '-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=port,name=port'],
    ...['-kernel', 'build-vm/vmlinuz', '-append', `${kernel} ${security}=1 security=${security} -- ${pid1}`],
  ];
}

/** Waits for a line of a program's standard error. */
async function announced(one: ChildProcess, line: RegExp): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    one.stderr?.on('data', (chunk: Buffer) => {
      text += chunk;
      if (line.test(text)) resolve();
    });
    one.on('exit', () => reject(new Error(`${one.spawnargs.join(' ')} has ended: ${text}`)));
  });
}

/** True if this machine has what a boot needs. */
export function canBoot(): boolean {
  return guestNeeds.every((file) => existsSync(file));
}
