// Writes ts/plan/seccomp/tables.ts from the kernel's headers, which Debian's linux-libc-dev has for every architecture:
// node scripts/syscall-tables.mjs > ts/plan/seccomp/tables.ts
import { readFileSync } from 'node:fs';

const headers = {
  x86_64: ['x86_64-linux-gnu/asm/unistd_64.h', /^#define __NR_(\w+) (\d+)$/gm, 0],
  x32: ['x86_64-linux-gnu/asm/unistd_x32.h', /^#define __NR_(\w+) \(__X32_SYSCALL_BIT \+ (\d+)\)$/gm, 0x40000000],
  i386: ['x86_64-linux-gnu/asm/unistd_32.h', /^#define __NR_(\w+) (\d+)$/gm, 0],
  aarch64: ['aarch64-linux-gnu/asm/unistd_64.h', /^#define __NR_(\w+) (\d+)$/gm, 0],
  arm: ['arm-linux-gnueabihf/asm/unistd-eabi.h', /^#define __NR_(\w+) \(__NR_SYSCALL_BASE \+ (\d+)\)$/gm, 0],
  armPrivate: ['arm-linux-gnueabihf/asm/unistd.h', /^#define __ARM_NR_(\w+)\s+\(__ARM_NR_BASE\+(\d+)\)$/gm, 0x0f0000],
};

/** Names in the order of their numbers. A number precedes a name that does not follow the previous one. */
function listOf([path, pattern, base]) {
  const text = readFileSync(`/usr/include/${path}`, 'utf8');
  const entries = [...text.matchAll(pattern)].map(([, name, number]) => [name, base + Number(number)]);
  if (entries.length === 0) throw new Error(`${path} has no system calls`);
  let next = 0;
  const words = [];
  for (const [name, number] of entries.sort((a, b) => a[1] - b[1])) {
    if (number !== next) words.push(String(number));
    words.push(name);
    next = number + 1;
  }
  return words;
}

function wrap(words, indent) {
  const lines = [''];
  for (const word of words) {
    const last = lines[lines.length - 1];
    if (last === '') lines[lines.length - 1] = word;
    else if (indent.length + last.length + 1 + word.length <= 118) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => indent + line).join('\n');
}

const lists = Object.fromEntries(Object.entries(headers).map(([arch, header]) => [arch, listOf(header)]));
const arm = [...lists.arm, ...lists.armPrivate];
const tables = { x86_64: lists.x86_64, x32: lists.x32, i386: lists.i386, aarch64: lists.aarch64, arm };

console.log(`// Made by scripts/syscall-tables.mjs from the headers of Linux 6.12: names in the order of their numbers; a number
// stands before a name that does not follow the one before it.

export const tables = {`);
for (const [arch, words] of Object.entries(tables)) console.log(`  ${arch}: \`\n${wrap(words, '    ')}\n  \`,`);
console.log('} as const;');
