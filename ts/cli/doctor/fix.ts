import { defaultProfile } from '../../linux/app-armor.ts';
import { type Installed, installedPath } from '../../native/installed-launcher.ts';

/** What `doctor --fix` found. */
export interface FixFacts {
  /** The package's orlop-launcher. */
  readonly own: string;
  readonly installed: Installed;
  /** Text of the package's profile for containers. */
  readonly text: string;
  /** Null where AppArmor is off. */
  readonly appArmor: {
    /** Path of apparmor_parser(8); null: not installed. */
    readonly parser: string | null;
    /** Versions of rules that it knows: 3.0 is needed for the profile of containers, 4.0 knows user namespaces. */
    readonly knows: { readonly '3.0': boolean; readonly '4.0': boolean };
    readonly profiles: Readonly<Record<ProfileName, ProfileFacts>>;
  } | null;
}

export interface ProfileFacts {
  /** Text of the profile's file; null: there is none. */
  readonly text: string | null;
  readonly loaded: boolean;
}

export type ProfileName = 'orlop-launcher' | typeof defaultProfile;

/** One thing that `doctor --fix` does, as root. */
export type Step =
  | { readonly kind: 'install'; readonly from: string; readonly to: string }
  | { readonly kind: 'write'; readonly path: string; readonly text: string }
  | { readonly kind: 'load'; readonly parser: string; readonly path: string };

export interface Fix {
  readonly steps: readonly Step[];
  /** What stays as it is, and why. */
  readonly notes: readonly string[];
}

/** The file of a profile has its name, as is usual there. */
export function profilePath(name: ProfileName): string {
  return `/etc/apparmor.d/${name}`;
}

/** This profile confines nothing: it attaches to this path only, and allows what AppArmor forbids by default. */
export const launcherText = `# Written by 'orlop doctor --fix'. orlop-launcher makes user namespaces, in which users start containers.
abi <abi/4.0>,

profile orlop-launcher ${installedPath} flags=(unconfined) {
  userns,

  include if exists <local/orlop-launcher>
}
`;

/** The steps that are left: none where all was done before. Pure. */
export function planFix({ own, installed, text, appArmor }: FixFacts): Fix {
  const steps: Step[] = [];
  if (installed.state !== 'same') steps.push({ kind: 'install', from: own, to: installedPath });
  if (appArmor === null) return { steps, notes: ['AppArmor is off: no profile is needed'] };
  const { parser, knows, profiles } = appArmor;
  if (parser === null) {
    return {
      steps,
      notes: ['AppArmor is on, and apparmor_parser is missing: install the package apparmor, then fix it again'],
    };
  }
  const add = (name: ProfileName, wanted: string) => {
    const path = profilePath(name);
    const found = profiles[name];
    if (found.text !== wanted) steps.push({ kind: 'write', path, text: wanted });
    if (found.text !== wanted || !found.loaded) steps.push({ kind: 'load', parser, path });
  };
  const notes: string[] = [];
  if (knows['4.0']) add('orlop-launcher', launcherText);
  else notes.push('this AppArmor forbids no user namespaces: orlop-launcher needs no profile');
  if (knows['3.0']) add(defaultProfile, text);
  else notes.push('this AppArmor is older than 3.0: containers get no profile');
  return { steps, notes };
}

/** A step in words, for a line that begins with what is done. Pure. */
export function wordsOf(step: Step): string {
  switch (step.kind) {
    case 'install':
      return `install ${step.to}: a copy of ${step.from}, owned by root, mode 755`;
    case 'write':
      return `write ${step.path}:\n${step.text.trimEnd().replace(/^(?=.)/gm, '    ')}`;
    case 'load':
      return `execute ${step.parser} -r ${step.path}`;
  }
}
