import { existsSync, readFileSync } from 'node:fs';
import { RequestError } from '../errors/index.ts';
import { printable } from '../errors/printable.ts';
import { withoutMode } from '../linux/app-armor.ts';
import { ownCapabilities } from '../linux/own-capabilities.ts';
import type { LauncherRefusal } from './contract.ts';

/** Steps of orlop-launcher, `native/launcher/calls.h`. */
export const step = { userNamespace: 1, byHelper: 2, map: 3, mountNamespace: 4, propagation: 5 } as const;

/** What surrounds this process. Each kind has its own way to allow user namespaces. */
export type Around = 'docker' | 'podman' | 'kubernetes' | 'github' | 'machine';

/** Facts that tell who forbids a user namespace. They are read after a refusal. */
export interface Surroundings {
  readonly around: Around;
  /** A filter of system calls, seccomp(2), holds for this process. */
  readonly filtered: boolean;
  /** Root that may not be root in a user namespace: it lacks CAP_SETFCAP, which that takes since Linux 5.12. */
  readonly lacksRoot: boolean;
  /** Profile of AppArmor; empty without one. */
  readonly profile: string;
  /** Values of sysctl, by name; empty: this kernel has it not. */
  readonly sysctl: Readonly<Record<keyof typeof sysctls, string>>;
}

const sysctls = {
  'user.max_user_namespaces': '/proc/sys/user/max_user_namespaces',
  'kernel.unprivileged_userns_clone': '/proc/sys/kernel/unprivileged_userns_clone',
  'kernel.apparmor_restrict_unprivileged_userns': '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
} as const;

/** Why this caller can make no container, and what allows it. */
export function forbidden(refused: LauncherRefusal | undefined): RequestError {
  return explain(refused, surroundings());
}

/** Pure. */
export function explain(refused: LauncherRefusal | undefined, found: Surroundings): RequestError {
  const why = refused === undefined ? '' : `: ${refused.message}`;
  const text = refused?.text ? ` (${printable(refused.text.trim())})` : '';
  const cause = refused === undefined ? undefined : causeOf(refused, found);
  return new RequestError(
    'ORLOP_E_PERMISSION',
    `a container takes root, or a user namespace, which this machine does not give${why}${text}`,
    { hint: cause ?? `'orlop doctor' says what is missing; or run it with sudo`, cause: refused },
  );
}

/** One line: what forbids it, and what allows it. */
function causeOf({ code, step: at }: LauncherRefusal, found: Surroundings): string | undefined {
  const { sysctl } = found;
  if (at === step.userNamespace && code === 'ENOSPC') {
    return sysctl['user.max_user_namespaces'] === '0'
      ? 'the sysctl user.max_user_namespaces is 0: an administrator can allow some (15000, say); or run it with sudo'
      : `the limit user.max_user_namespaces (${sysctl['user.max_user_namespaces']}) is reached, or 32 of them are nested`;
  }
  if (sysctl['kernel.unprivileged_userns_clone'] === '0' && at === step.userNamespace) {
    return 'the sysctl kernel.unprivileged_userns_clone is 0: only root makes user namespaces here; run it with sudo';
  }
  const { around } = found;
  if (at === step.map && found.lacksRoot) {
    return `root takes CAP_SETFCAP to be root in a user namespace: ${around === 'podman' ? 'podman' : 'docker'} run --cap-add SETFCAP, or run it as an ordinary user`;
  }
  if (around !== 'machine' && around !== 'github')
    return `${whoForbids(found)} of the container around: ${allow[around]}`;
  if (found.filtered && found.profile === '')
    return 'a filter of system calls, seccomp(2), around this program forbids it';
  if (at === step.userNamespace && code === 'EPERM' && found.profile === '') return undefined;
  const restricts = sysctl['kernel.apparmor_restrict_unprivileged_userns'] === '1';
  if (!restricts && found.profile === '') return undefined;
  return `AppArmor${restricts ? ' restricts user namespaces here' : `'s profile '${found.profile}' forbids it`}: ${allow[around]}`;
}

function whoForbids({ filtered, profile }: Surroundings): string {
  const seccomp = filtered ? 'the filter of system calls' : '';
  const apparmor = profile === '' ? '' : `the AppArmor profile '${profile}'`;
  return [seccomp, apparmor].filter(Boolean).join(' or ') || 'a limit';
}

const allow: Readonly<Record<Around, string>> = {
  docker:
    'docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined',
  podman: 'podman run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt unmask=ALL',
  kubernetes:
    `hostUsers: false in the pod, and in the container's securityContext procMount: Unmasked, ` +
    'seccompProfile and appArmorProfile of type Unconfined',
  github: `'sudo npx orlop doctor --fix' in a step before, or run it with sudo`,
  machine: `'sudo orlop doctor --fix' gives orlop-launcher a profile; or run it with sudo`,
};

function surroundings(): Surroundings {
  const names = Object.keys(sysctls) as (keyof typeof sysctls)[];
  const profile = read('/proc/self/attr/apparmor/current') || read('/proc/self/attr/current');
  return {
    around: aroundOf(process.env, existsSync),
    lacksRoot: process.geteuid?.() === 0 && !ownCapabilities().includes('CAP_SETFCAP'),
    filtered: /^Seccomp:\s*2$/m.test(read('/proc/self/status')),
    profile: profileOf(profile),
    sysctl: Object.fromEntries(names.map((name) => [name, read(sysctls[name]).trim()])) as Surroundings['sysctl'],
  };
}

/** The name in a label of AppArmor, `docker-default (enforce)`; SELinux has the same file, with colons. Pure. */
export function profileOf(label: string): string {
  const name = withoutMode(label.replace(/\0/g, '').trim());
  return name === 'unconfined' || name.includes(':') ? '' : name;
}

/** Pure but for `exists`. */
export function aroundOf(env: Readonly<Record<string, string | undefined>>, exists: (path: string) => boolean): Around {
  if (env.KUBERNETES_SERVICE_HOST || exists('/var/run/secrets/kubernetes.io')) return 'kubernetes';
  if (exists('/.dockerenv')) return 'docker';
  if (exists('/run/.containerenv')) return 'podman';
  return env.GITHUB_ACTIONS === 'true' ? 'github' : 'machine';
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
