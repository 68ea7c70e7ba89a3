// Writes ts/plan/seccomp/compiled.ts: the default filter for the common capability sets, so that no start waits for the
// compiler: node --import=tsx scripts/compile-seccomp.ts > ts/plan/seccomp/compiled.ts
import { defaultCapabilities } from '../ts/plan/defaults.ts';
import { compileProfile } from '../ts/plan/seccomp/compile.ts';
import { defaultProfile } from '../ts/plan/seccomp/default-profile.ts';
import { capabilitiesAskedBy } from '../ts/plan/seccomp/profile.ts';

const asked = capabilitiesAskedBy(defaultProfile);

console.log(`// Made by scripts/compile-seccomp.ts; a test compares it with what the compiler makes.

/** Capabilities that rules of the default profile depend on. */
export const askedCapabilities: readonly string[] = ${JSON.stringify(asked)};

/** The default filter in base64, by architecture and those capabilities that it depends on. */
export const compiled: Readonly<Record<string, string>> = {`);
for (const arch of ['x64', 'arm64'] as const) {
  for (const capabilities of [[], defaultCapabilities]) {
    const target = { arch, capabilities };
    const program = Buffer.from(compileProfile(defaultProfile, target)).toString('base64');
    console.log(
      `  '${[arch, ...capabilities.filter((name) => asked.includes(name)).sort()].join(' ')}':\n    '${program}',`,
    );
  }
}
console.log('};');
