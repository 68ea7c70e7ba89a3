interface Words {
  readonly why: string;
  readonly hint?: string;
}

const foreign = 'it was not made by a packer of images; unpack and check it by hand before you trust it';
const incomplete = 'get the file again and compare its checksum';

/** Texts for the refusals of orlop-archive, by the codes of `native/archive`. */
export const refusals: Readonly<Record<string, Words>> = {
  attribute: { why: 'an extended attribute cannot be set', hint: foreign },
  changed: { why: 'it changed while it was read', hint: 'stop or pause the program that writes to it and try again' },
  'component-too-long': { why: 'a part of the name is longer than 255 bytes' },
  compression: { why: 'it is compressed in a way that orlop does not read', hint: 'use gzip, zstd or a plain tar' },
  damaged: { why: 'it is damaged', hint: incomplete },
  dangling: { why: 'a directory of the name is a symbolic link that leads nowhere' },
  device: { why: 'the number of a device is larger than Linux knows' },
  empty: { why: 'it is empty', hint: 'is the right file given, and does the program that feeds stdin succeed' },
  'header-too-large': { why: 'its headers are larger than 1 MiB', hint: foreign },
  id: { why: 'a user or group ID is not between 0 and 4294967294' },
  'link-directory': { why: 'it is a hard link to a directory' },
  'link-missing': { why: 'it is a hard link to a name that the archive does not have before it' },
  'link-out': { why: 'it is a link that leads out of the archive', hint: foreign },
  'link-target': { why: 'the target of the link is empty or longer than 4095 bytes' },
  memory: { why: 'it needs more memory than orlop-archive may use' },
  'no-name': { why: 'an entry has no name' },
  'not-a-directory': { why: 'a part of the name is not a directory' },
  'not-a-plain-file': { why: 'such an archive may hold files, directories and links only' },
  'not-a-tar': { why: 'it is not a tar archive', hint: 'a tar is needed, plain or compressed with gzip or zstd' },
  nul: { why: 'a name contains a NUL byte', hint: foreign },
  'overlay-attribute': { why: 'it has an extended attribute that overlayfs would take for its own', hint: foreign },
  owners: { why: 'the index of owners beside a layer is damaged', hint: 'remove the image, and load it again' },
  'path-too-long': { why: 'the name is longer than 4095 bytes' },
  ratio: { why: 'it grows by more than the allowed ratio when it is decompressed', hint: foreign },
  root: { why: 'it would replace the root by something that is not a directory', hint: foreign },
  'too-deep': { why: 'it is nested deeper than 1024 directories' },
  'too-large': { why: 'it is larger than allowed when it is unpacked' },
  'too-many-entries': { why: 'it has more than two million entries' },
  trailing: { why: 'something that is not gzip follows the end', hint: incomplete },
  traversal: { why: `the name contains '..'`, hint: foreign },
  truncated: { why: 'it ends too early', hint: incomplete },
  type: { why: 'the entry is of an unknown type' },
  whiteout: { why: `a name that begins with '.wh.' would be taken for a deletion`, hint: foreign },
  'whiteout-device': { why: 'a character device 0:0 would be taken for a deletion', hint: foreign },
  write: { why: 'the tar could not be written' },
};
