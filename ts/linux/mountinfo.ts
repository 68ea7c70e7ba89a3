/** One mount, proc_pid_mountinfo(5). */
export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the file system. */
  readonly device: string;
  /** The directory of the file system that is mounted. */
  readonly root: string;
  readonly target: string;
  /** `rw`, `nosuid`, … of this mount. */
  readonly options: readonly string[];
  /** `shared:N`, `master:N`, `unbindable`; empty when private. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  /** Options of the file system. */
  readonly superOptions: readonly string[];
}

/** Parses a mount table; lines of another form are left out. */
export function parseMountInfo(table: string): Mount[] {
  return table.split('\n').flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): Mount | null {
  // The optional fields end with a hyphen of its own; a path holds no bare space.
  const [left = '', right = ''] = line.split(' - ');
  const [id, parent, device, root, target, options, ...propagation] = left.split(' ');
  const [type, source, superOptions] = right.split(' ');
  if (!id || !parent || !device || !root || !target || !options) return null;
  if (type === undefined || source === undefined || superOptions === undefined) return null;
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescapeOctal(root),
    target: unescapeOctal(target),
    options: options.split(','),
    propagation,
    type,
    source: unescapeOctal(source),
    superOptions: superOptions.split(','),
  };
}

/** The kernel writes space, tab, newline and backslash as `\040` and so on. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The mount that a path lies on: the last one whose target is the path or a parent of it. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const below = mount.target === '/' || path === mount.target || path.startsWith(`${mount.target}/`);
    if (below && (best === undefined || mount.target.length >= best.target.length)) best = mount;
  }
  return best;
}
