import { type Installed, installedPath } from '../../native/installed-launcher.ts';

/** What `doctor --fix` found. */
export interface FixFacts {
  /** The package's orlop-launcher. */
  readonly own: string;
  readonly installed: Installed;
  /** Null where AppArmor is off. */
  readonly appArmor: {
    /** Path of apparmor_parser(8); null: not installed. */
    readonly parser: string | null;
    /** Its rules know user namespaces, since version 4. */
    readonly knowsUserNamespaces: boolean;
    /** Text of the profile's file; null: there is none. */
    readonly profile: string | null;
    /** Null: only root can see it. */
    readonly loaded: boolean | null;
  } | null;
}

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

/** Its name is that of the profile, as is usual there. */
export const profilePath = '/etc/apparmor.d/orlop-launcher';

/** The profile confines nothing: it attaches to this path only, and allows what AppArmor forbids by default. */
export const profileText = `# Written by 'orlop doctor --fix'. orlop-launcher makes user namespaces, in which users start containers.
abi <abi/4.0>,

profile orlop-launcher ${installedPath} flags=(unconfined) {
  userns,

  include if exists <local/orlop-launcher>
}
`;

/** The steps that are left: none where all was done before. Pure. */
export function planFix({ own, installed, appArmor }: FixFacts): Fix {
  const steps: Step[] = [];
  if (installed.state !== 'same') steps.push({ kind: 'install', from: own, to: installedPath });
  if (appArmor === null) return { steps, notes: ['AppArmor is off: no profile is needed'] };
  const { parser, knowsUserNamespaces, profile, loaded } = appArmor;
  if (parser === null) {
    return {
      steps,
      notes: ['AppArmor is on, and apparmor_parser is missing: install the package apparmor, then fix it again'],
    };
  }
  if (!knowsUserNamespaces) return { steps, notes: ['this AppArmor forbids no user namespaces: no profile is needed'] };
  if (profile !== profileText) steps.push({ kind: 'write', path: profilePath, text: profileText });
  if (profile !== profileText || loaded !== true) steps.push({ kind: 'load', parser, path: profilePath });
  return { steps, notes: [] };
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
