import { readFileSync } from 'node:fs';

/** The mount table of this or another process, as the kernel prints it. */
export function mountTable(pid: number | 'self' = 'self'): string {
  return readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
}

export interface MountEntry {
  readonly id: number;
  /** ID of the mount below it. */
  readonly parent: number;
  readonly root: string;
  readonly target: string;
  readonly options: readonly string[];
  /** `shared:N`, `master:N`; empty when private. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** Parses mountinfo, proc_pid_mountinfo(5). */
export function parseMounts(table: string): MountEntry[] {
  return table
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [left = '', right = ''] = line.split(' - ');
      const [id, parent, , root = '', target = '', options = '', ...propagation] = left.split(' ');
      const [type = '', source = '', superOptions = ''] = right.split(' ');
      return {
        id: Number(id),
        parent: Number(parent),
        root: octalUnescape(root),
        target: octalUnescape(target),
        options: options.split(','),
        propagation,
        type,
        source,
        superOptions: superOptions.split(','),
      };
    });
}

function octalUnescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
