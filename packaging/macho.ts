/**
 * The ad-hoc signature of a Mach-O, made on any system. Apple silicon starts no program without a signature; an ad-hoc one
 * says that the bytes are whole, and names nobody. The layout is that of Go's linker (cmd/internal/codesign), whose
 * programs start there, and test/packaging/macho.test.ts compares the bytes.
 *
 * packaging/check_macho.py reads signatures back, and shares no line with this file.
 */
import { createHash } from 'node:crypto';

/** mach-o/loader.h. Numbers of a Mach-O are little-endian, those of its signature big-endian. */
const magic64 = 0xfe_ed_fa_cf;
const armCpu = 0x01_00_00_0c;
const programKind = 2;
const segmentCommand = 0x19;
const signatureCommand = 0x1d;
const headerBytes = 32;
const signatureCommandBytes = 16;

/** xnu's osfmk/kern/cs_blobs.h. */
const embeddedSignature = 0xfa_de_0c_c0;
const codeDirectory = 0xfa_de_0c_02;
const codeDirectoryVersion = 0x2_04_00;
const codeDirectoryBytes = 88;
const superBlobBytes = 20;
const adHoc = 0x2;
const linkerSigned = 0x2_00_00;
const sha256Type = 2;
const hashBytes = 32;
const pageBits = 12;
const pageBytes = 1 << pageBits;

interface Range {
  readonly start: number;
  readonly end: number;
}

interface Segment {
  /** Of its load command. */
  readonly at: number;
  readonly name: string;
  readonly file: Range;
  readonly vmBytes: number;
  /** Of what it holds in the file. */
  readonly sections: readonly Range[];
}

interface MachO {
  readonly isArm: boolean;
  readonly isProgram: boolean;
  readonly commands: number;
  readonly commandsEnd: number;
  readonly segments: readonly Segment[];
  /** Of the load command that tells of a signature. */
  readonly signatureAt: number | null;
}

const number64 = (bytes: Buffer, at: number): number => {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`a number at ${at} is too large`);
  return Number(value);
};

const nameAt = (bytes: Buffer, at: number): string =>
  bytes.toString('latin1', at, at + 16).replace(/\0.*$/s, '');

const sectionsOf = (bytes: Buffer, at: number): readonly Range[] => {
  const sections: Range[] = [];
  for (let index = 0; index < bytes.readUInt32LE(at + 64); index += 1) {
    const section = at + 72 + index * 80;
    const start = bytes.readUInt32LE(section + 48);
    if (start > 0) sections.push({ start, end: start + number64(bytes, section + 40) });
  }
  return sections;
};

const segmentAt = (bytes: Buffer, at: number): Segment => {
  const start = number64(bytes, at + 40);
  return {
    at,
    name: nameAt(bytes, at + 8),
    file: { start, end: start + number64(bytes, at + 48) },
    // __PAGEZERO may be of any size; only those of others are used.
    vmBytes: Number(bytes.readBigUInt64LE(at + 32)),
    sections: sectionsOf(bytes, at),
  };
};

const read = (bytes: Buffer): MachO => {
  if (bytes.length < headerBytes || bytes.readUInt32LE(0) !== magic64)
    throw new Error('it is no thin 64-bit Mach-O');
  const commands = bytes.readUInt32LE(16);
  const segments: Segment[] = [];
  let signatureAt: number | null = null;
  let at = headerBytes;
  for (let index = 0; index < commands; index += 1) {
    const command = bytes.readUInt32LE(at);
    if (command === segmentCommand) segments.push(segmentAt(bytes, at));
    else if (command === signatureCommand) signatureAt = at;
    at += bytes.readUInt32LE(at + 4);
  }
  if (at !== headerBytes + bytes.readUInt32LE(20))
    throw new Error('its load commands are not as long as it says');
  return {
    isArm: bytes.readUInt32LE(4) === armCpu,
    isProgram: bytes.readUInt32LE(12) === programKind,
    commands,
    commandsEnd: at,
    segments,
    signatureAt,
  };
};

const segmentOf = ({ segments }: MachO, name: string): Segment => {
  const found = segments.find((segment) => segment.name === name);
  if (found === undefined) throw new Error(`it has no ${name}`);
  return found;
};

/** Makes room for what tells of a signature where nothing does. It is written into what lies before the first section. */
const addCommand = (bytes: Buffer, { commands, commandsEnd, segments }: MachO): number => {
  const first = Math.min(...segments.flatMap(({ sections }) => sections.map(({ start }) => start)));
  const room = bytes.subarray(commandsEnd, commandsEnd + signatureCommandBytes);
  if (commandsEnd + signatureCommandBytes > first || room.some((byte) => byte !== 0))
    throw new Error('it has no room for the load command of a signature');
  bytes.writeUInt32LE(commands + 1, 16);
  bytes.writeUInt32LE(commandsEnd + signatureCommandBytes - headerBytes, 20);
  bytes.writeUInt32LE(signatureCommand, commandsEnd);
  bytes.writeUInt32LE(signatureCommandBytes, commandsEnd + 4);
  return commandsEnd;
};

/** Where what is signed ends: a signature that is there is left out, with all behind it. */
const codeEnd = (bytes: Buffer, macho: MachO): number => {
  const { file } = segmentOf(macho, '__LINKEDIT');
  if (macho.segments.some((segment) => segment.file.start > file.start))
    throw new Error('__LINKEDIT is not its last segment');
  if (file.end !== bytes.length) throw new Error('something follows __LINKEDIT');
  if (macho.signatureAt === null) return file.end;
  const end = bytes.readUInt32LE(macho.signatureAt + 8);
  if (end < file.start || end > file.end) throw new Error('its signature does not lie in __LINKEDIT');
  return end;
};

export interface Signing {
  readonly identifier: string;
  /** As linkers sign: codesign takes the place of such a signature without being told to. */
  readonly isLinkerSigned?: boolean;
}

const numbers32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
};

const numbers64 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64BE(BigInt(value), index * 8);
  return bytes;
};

const signatureLength = (code: number, { identifier }: Signing): number =>
  superBlobBytes +
  codeDirectoryBytes +
  Buffer.byteLength(identifier) +
  1 +
  Math.ceil(code / pageBytes) * hashBytes;

const signatureOf = (code: Buffer, macho: MachO, signing: Signing): Buffer => {
  const identifier = Buffer.from(`${signing.identifier}\0`);
  const length = signatureLength(code.length, signing);
  const pages = Math.ceil(code.length / pageBytes);
  const flags = adHoc | (signing.isLinkerSigned === true ? linkerSigned : 0);
  const hashesAt = codeDirectoryBytes + identifier.length;
  const { file: text } = segmentOf(macho, '__TEXT');
  const parts = [
    // One blob, at the end of this head: kind 0, the CodeDirectory.
    numbers32(embeddedSignature, length, 1, 0, superBlobBytes),
    numbers32(codeDirectory, length - superBlobBytes, codeDirectoryVersion, flags, hashesAt),
    // No special slots: it has no requirements and no entitlements.
    numbers32(codeDirectoryBytes, 0, pages, code.length),
    Buffer.from([hashBytes, sha256Type, 0, pageBits]),
    // Not scattered, no team; the length of the code fits into 32 bits.
    numbers32(0, 0, 0, 0),
    numbers64(0),
    numbers64(text.start, text.end - text.start, macho.isProgram ? 1 : 0),
    identifier,
  ];
  for (let page = 0; page < pages; page += 1) {
    const bytes = code.subarray(page * pageBytes, (page + 1) * pageBytes);
    parts.push(createHash('sha256').update(bytes).digest());
  }
  return Buffer.concat(parts);
};

/**
 * Signs a thin 64-bit Mach-O ad hoc, in the place of a signature that it has. Throws Error for what cannot be signed.
 *
 * @returns A new file; the same each time for the same bytes.
 */
export const signAdHoc = (input: Uint8Array, signing: Signing): Buffer => {
  const given = Buffer.from(input.buffer, input.byteOffset, input.length);
  const end = codeEnd(given, read(given));
  if (end > 0xff_ff_ff_ff - pageBytes) throw new Error('it is too large to be signed');
  const code = Buffer.alloc(Math.ceil(end / 16) * 16);
  given.copy(code, 0, 0, end);
  const before = read(code);
  const commandAt = before.signatureAt ?? addCommand(code, before);
  const length = signatureLength(code.length, signing);
  const linkedit = segmentOf(before, '__LINKEDIT');
  const linkeditBytes = code.length + length - linkedit.file.start;
  code.writeUInt32LE(code.length, commandAt + 8);
  code.writeUInt32LE(length, commandAt + 12);
  code.writeBigUInt64LE(BigInt(linkeditBytes), linkedit.at + 48);
  if (linkedit.vmBytes < linkeditBytes) {
    const page = before.isArm ? 0x40_00 : 0x10_00;
    code.writeBigUInt64LE(BigInt(Math.ceil(linkeditBytes / page) * page), linkedit.at + 32);
  }
  return Buffer.concat([code, signatureOf(code, before, signing)]);
};
