import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RequestError } from '../../errors/index.ts';
import { defaultProfile, hasAppArmor, profileMode } from '../../linux/app-armor.ts';
import { packageRoot, quoted } from '../../native/files.ts';
import { lookAtInstalled, ownLauncher, whyUnsafe } from '../../native/installed-launcher.ts';
import { replaceFile, syncDirectory } from '../../store/durable.ts';
import type { Io } from '../io.ts';
import { type FixFacts, type ProfileFacts, type ProfileName, planFix, profilePath, type Step, wordsOf } from './fix.ts';

/**
 * `orlop doctor --fix`: as root, does what is left to do; as a user, says what that is, and the command.
 *
 * @returns the exit status: 1 if something is left
 */
export async function fixMachine(io: Io): Promise<number> {
  const isRoot = process.geteuid?.() === 0;
  const { steps, notes } = planFix(gatherFixFacts());
  const say = (line: string) => io.stdout.write(`${line}\n`);
  for (const note of notes) say(note);
  if (steps.length === 0) {
    say('nothing is left to fix');
    return 0;
  }
  say('orlop doctor --fix, as root, will');
  for (const step of steps) say(`  ${wordsOf(step)}`);
  if (!isRoot) {
    say(
      `as root: sudo ${quoted(process.execPath)} -- ${quoted(join(packageRoot(), 'dist/cli/orlop.cjs'))} doctor --fix`,
    );
    return 1;
  }
  // Files of root that every user reads and executes.
  process.umask(0o022);
  for (const step of steps) say(`done: ${await carryOut(step)}`);
  return 0;
}

function gatherFixFacts(): FixFacts {
  const own = ownLauncher();
  return {
    own,
    installed: lookAtInstalled(own),
    text: readFileSync(join(packageRoot(), 'apparmor', defaultProfile), 'utf8'),
    appArmor: hasAppArmor() ? appArmorFacts() : null,
  };
}

function appArmorFacts(): FixFacts['appArmor'] {
  const knows = (version: string) => existsSync(`/etc/apparmor.d/abi/${version}`);
  return {
    parser: ['/usr/sbin/apparmor_parser', '/sbin/apparmor_parser'].find((path) => existsSync(path)) ?? null,
    knows: { '3.0': knows('3.0'), '4.0': knows('4.0') },
    profiles: { 'orlop-launcher': profileFacts('orlop-launcher'), 'orlop-default': profileFacts('orlop-default') },
  };
}

function profileFacts(name: ProfileName): ProfileFacts {
  return { text: textOf(profilePath(name)), loaded: profileMode(name) !== null };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** @returns what was done */
async function carryOut(step: Step): Promise<string> {
  switch (step.kind) {
    case 'install':
      await install(step.from, step.to);
      return `installed ${step.to}`;
    case 'write':
      await replaceFile(step.path, step.text, { mode: 0o644, durable: true });
      await syncDirectory(dirname(step.path));
      return `wrote ${step.path}`;
    case 'load':
      load(step.parser, step.path);
      return `AppArmor has the profile of ${step.path}`;
  }
}

async function install(from: string, to: string): Promise<void> {
  const folder = dirname(to);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const why = whyUnsafe(folder);
  if (why !== null) {
    throw new RequestError('ORLOP_E_PERMISSION', `orlop-launcher cannot be installed at '${to}': ${why}`, {
      hint: 'make the directory one of root, in which nobody else may write',
    });
  }
  await replaceFile(to, await readFile(from), { mode: 0o755, durable: true });
  await syncDirectory(folder);
}

function load(parser: string, path: string): void {
  const { status, error, stderr } = spawnSync(parser, ['-r', path], { encoding: 'utf8' });
  if (status === 0) return;
  const why = error === undefined ? stderr.trim().replaceAll('\n', ' ') : error.message;
  throw new RequestError('ORLOP_E_PERMISSION', `AppArmor did not take the profile '${path}': ${why}`, {
    hint: 'a program in a container, or with a profile of its own, may load none: do it on the host',
  });
}
