import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors/message.ts';
import { printable } from '../errors/printable.ts';
import { readIfAny } from '../linux/read-if-any.ts';
import type { Hierarchy } from './hierarchies.ts';
import { controllersOf, type Place, placeBelow } from './place.ts';
import { callOf, scopeIn, scopeName } from './scope-call.ts';
import type { Controller } from './settings.ts';
import { hierarchiesOf } from './visible.ts';

/** What the systemd of a user could give, or why it gives nothing. */
export type ScopeOffer =
  | { readonly controllers: readonly Controller[]; readonly hierarchy: Hierarchy; readonly bus: string }
  | { readonly why: string; readonly hint: string };

/** Looks whether the caller's systemd could give a scope, in which groups may be made. Makes nothing. */
export function offeredScope(uid = process.geteuid?.() ?? 0): ScopeOffer {
  const hierarchy = hierarchiesOf('self').find(({ version }) => version === 2);
  if (hierarchy === undefined || controllersOf(hierarchy).length === 0) {
    return { why: 'no cgroup v2 with controllers is mounted', hint: 'boot with cgroup v2' };
  }
  const bus = `/run/user/${uid}/bus`;
  const manager = join(hierarchy.mount, `user.slice/user-${uid}.slice/user@${uid}.service`);
  if (uid === 0 || !existsSync(bus)) {
    return {
      why: `no systemd of this user is there to ask for a scope ('${bus}' is missing)`,
      hint: `log in as this user where systemd makes the session, or let root call 'loginctl enable-linger ${uid}'`,
    };
  }
  // The kernel shows 0 for a process of another PID namespace: systemd would take the launcher's number for another's.
  const processes = readIfAny(join(manager, 'init.scope/cgroup.procs')).split('\n').filter(Boolean);
  if (processes.length === 0 || processes.includes('0')) {
    return {
      why: `the systemd of this user does not see this program ('${manager}' has none of its processes)`,
      hint: 'start the program outside of the container around it',
    };
  }
  return { controllers: controllersOf({ ...hierarchy, mount: manager }), hierarchy, bus };
}

/** What came of the one attempt for a launcher: the cgroup of its scope, or why systemd gave none. */
type Outcome = { readonly directory: string } | { readonly why: string };

/** By the process ID of the launcher, which serves all runtimes of a program. */
const outcomes = new Map<number, Outcome>();

/**
 * The place for the containers of a user in a scope, into which their systemd moves orlop-launcher, once. The scope ends
 * with that process. If there can be none, the old place, which says why.
 *
 * @param needed controllers of limits that the old place cannot hold
 * @param launcher process ID of orlop-launcher
 */
export function placeInScope(place: Place, needed: readonly Controller[], launcher: number): Place {
  const offer = offeredScope();
  if ('why' in offer) return isHopeless(needed) ? place : lacking(place, offer.why, offer.hint);
  const missing = needed.filter((one) => !offer.controllers.includes(one));
  if (missing.length > 0) return undelegated(place, offer);
  const outcome = outcomes.get(launcher) ?? ask(launcher, offer.bus);
  outcomes.set(launcher, outcome);
  const hint = `'journalctl --user' and 'systemctl --user status' may tell more; or leave the limit out`;
  if ('why' in outcome) return lacking(place, outcome.why, hint);
  try {
    return undelegated(placeBelow(offer.hierarchy, outcome.directory), offer);
  } catch (error) {
    return lacking(place, `the scope that systemd made cannot be used: ${messageOf(error)}`, hint);
  }
}

/** True if a scope would not help: version 2 has no such controller here. */
function isHopeless(needed: readonly Controller[]): boolean {
  const hierarchy = hierarchiesOf('self').find(({ version }) => version === 2);
  const held = hierarchy === undefined ? [] : controllersOf(hierarchy);
  return hierarchy === undefined || needed.some((one) => !held.includes(one));
}

function lacking({ branches }: Place, reason: string, hint: string): Place {
  const why = (controller: Controller) =>
    `the controller '${controller}' of control groups is not delegated to this program, and ${reason}`;
  return { branches, refused: reason, missing: (controller) => ({ why: why(controller), hint }) };
}

/** A place whose lack of a controller is that of the user's systemd. */
function undelegated(
  place: Place,
  { controllers, hierarchy }: { controllers: readonly Controller[]; hierarchy: Hierarchy },
): Place {
  return {
    branches: place.branches,
    missing: (controller) => {
      if (controllers.includes(controller) || !controllersOf(hierarchy).includes(controller))
        return place.missing(controller);
      return {
        why: `the controller '${controller}' of control groups is not delegated to the systemd of this user`,
        hint: dropIn([...controllers, controller]),
      };
    },
  };
}

function dropIn(wanted: readonly Controller[]): string {
  const file = '/etc/systemd/system/user@.service.d/delegate.conf';
  return `let root write '[Service]' and 'Delegate=${wanted.join(' ')}' into ${file}, and restart; or leave the limit out`;
}

/** Milliseconds for systemd to answer, and then to move the launcher. */
const patience = 5000;

/** Asks systemd by busctl(1), a part of it. Synchronous, as all that finds a place: it takes milliseconds, once. */
function ask(launcher: number, bus: string): Outcome {
  const known = seatOf(launcher);
  if (known !== null) return { directory: known };
  // A command would load it for this alone.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { error, stderr, status } = spawnSync('busctl', callOf(launcher, bus, patience / 1000), {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: `${process.env.PATH ?? ''}:/usr/bin:/bin`, LC_ALL: 'C' },
    timeout: 2 * patience,
  });
  if (error !== undefined) return { why: `systemd could not be asked for a scope: busctl: ${error.message}` };
  const ends = performance.now() + patience;
  // Another thread of the program may have asked for it just before.
  const isAnswered = status === 0 || /already (exists|loaded)/.test(stderr);
  if (!isAnswered) return { why: `systemd gave no scope: ${printable(stderr.trim())}` };
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const directory = seatOf(launcher);
    if (directory !== null) return { directory };
    if (performance.now() > ends) {
      return { why: `systemd did not move orlop-launcher into '${scopeName(launcher)}' in ${patience / 1000} s` };
    }
    Atomics.wait(sleeper, 0, 0, 2);
  }
}

/** Directory of the scope that the launcher is in; null if it is in none. */
function seatOf(launcher: number): string | null {
  const hierarchy = hierarchiesOf(launcher).find(({ version }) => version === 2);
  return hierarchy?.own == null ? null : scopeIn(hierarchy.own, launcher);
}
