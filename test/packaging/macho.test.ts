/** Our ad-hoc signature against that of Go's linker, and against a checker that was written apart. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { signAdHoc } from '../../packaging/macho.ts';
import { root, temporaryFolder } from '../standin.ts';
import { checkMachO, hasPython } from './checker.ts';

const checkerTest = hasPython ? test : test.skip;
/** Signed by Go's linker (test/packaging/macho/README.md). */
const hello = brotliDecompressSync(readFileSync(join(root, 'test/packaging/macho/hello-darwin-arm64.br')));
/** Not signed by those who made it. */
const library = readFileSync(join(root, 'node_modules/better-sqlite3/prebuilds/darwin-x64.node'));
const asGo = { identifier: 'a.out', isLinkerSigned: true };

interface Command {
  readonly kind: number;
  readonly at: number;
  readonly length: number;
}

const commandsOf = (file: Buffer): readonly Command[] => {
  const commands: Command[] = [];
  let at = 32;
  for (let left = file.readUInt32LE(16); left > 0; left -= 1) {
    const length = file.readUInt32LE(at + 4);
    commands.push({ kind: file.readUInt32LE(at), at, length });
    at += length;
  }
  return commands;
};
const signatureCommand = 0x1d;
const linkeditOf = (file: Buffer): number =>
  commandsOf(file).find(
    ({ kind, at }) => kind === 0x19 && file.toString('latin1', at + 8, at + 18) === '__LINKEDIT',
  )?.at ?? -1;
const signatureAt = (file: Buffer): number => {
  const command = commandsOf(file).find(({ kind }) => kind === signatureCommand);
  return command === undefined ? -1 : file.readUInt32LE(command.at + 8);
};

/** As it was before it was signed; what tells of a signature must be the last command. */
const unsigned = (signed: Buffer): Buffer => {
  const last = commandsOf(signed).at(-1);
  if (last?.kind !== signatureCommand) throw new Error('the last command tells of no signature');
  const file = Buffer.from(signed.subarray(0, signatureAt(signed)));
  file.fill(0, last.at, last.at + last.length);
  file.writeUInt32LE(file.readUInt32LE(16) - 1, 16);
  file.writeUInt32LE(file.readUInt32LE(20) - last.length, 20);
  const linkedit = linkeditOf(file);
  file.writeBigUInt64LE(BigInt(file.length) - file.readBigUInt64LE(linkedit + 40), linkedit + 48);
  return file;
};

test('what Go signed has the same bytes when we sign it', (t) => {
  t.true(signAdHoc(hello, asGo).equals(hello));
  t.false(signAdHoc(hello, { identifier: 'a.out' }).equals(hello));
});

test('it has the same bytes too when every trace of its signature was taken out before', (t) => {
  t.true(signAdHoc(unsigned(hello), asGo).equals(hello));
});

test('to sign anew what is signed changes nothing, and the same bytes give the same bytes', (t) => {
  for (const file of [hello, library, unsigned(hello)]) {
    const once = signAdHoc(file, { identifier: 'com.example.one' });
    t.true(signAdHoc(once, { identifier: 'com.example.one' }).equals(once));
    t.true(signAdHoc(signAdHoc(file, { identifier: 'b' }), { identifier: 'com.example.one' }).equals(once));
  }
});

const written = (t: ExecutionContext, files: readonly Uint8Array[]): readonly string[] => {
  const folder = temporaryFolder(t);
  return files.map((bytes, index) => {
    const path = join(folder, String(index));
    writeFileSync(path, bytes);
    return path;
  });
};

checkerTest('a checker written apart finds each signature whole, Go’s and ours', (t) => {
  const signing = { identifier: 'com.example.one' };
  const files = [
    hello,
    signAdHoc(hello, signing),
    signAdHoc(unsigned(hello), signing),
    signAdHoc(library, signing),
  ];
  const said = checkMachO(written(t, [...files, library, unsigned(hello)]));
  t.regex(said[0] ?? '', /^ok: a\.out, flags 0x20002, sha256, 2\d\d of 2\d\d pages, cdhash [0-9a-f]{40}$/);
  for (const line of said.slice(1, 4)) t.regex(line, /^ok: com\.example\.one, flags 0x2, sha256, /);
  t.deepEqual(said.slice(4), ['BAD: it is not signed', 'BAD: it is not signed']);
});

checkerTest('the checker finds each change of a byte, wherever it is', (t) => {
  const end = signatureAt(hello);
  // The head, places all over the code, its last byte, and the hashes; the identifier of a signature may be any.
  const places = [0, 16, 20, 33, end - 1, end, end + 4, end + 8, hello.length - 1, hello.length - 32 * 100];
  for (let place = 1; place < 40; place += 1) places.push(Math.floor((end * place) / 40));
  const changed = places.map((place) => {
    const file = Buffer.from(hello);
    file[place] = (file[place] ?? 0) ^ 1;
    return file;
  });
  const added = [Buffer.concat([hello, Buffer.alloc(1)]), hello.subarray(0, -1), hello.subarray(0, end)];
  const said = checkMachO(written(t, [...changed, ...added]));
  for (const [index, line] of said.entries()) t.regex(line, /^BAD: /, `${places[index]}`);
  t.is(said.length, places.length + added.length);
});

test('what cannot be signed is refused', (t) => {
  const refused = (file: Uint8Array, message?: RegExp) =>
    t.throws(() => signAdHoc(file, asGo), message === undefined ? undefined : { message });
  refused(Buffer.from('#!/bin/sh\n'), /no thin 64-bit Mach-O/);
  refused(Buffer.from('cafebabe00000002'.padEnd(80, '0'), 'hex'), /no thin 64-bit Mach-O/);
  refused(Buffer.concat([hello, Buffer.alloc(16)]), /something follows/);
  for (let part = 0; part < 40; part += 1) refused(hello.subarray(0, Math.floor((hello.length * part) / 40)));
  const full = unsigned(hello);
  const after = commandsOf(full).at(-1);
  full[(after?.at ?? 0) + (after?.length ?? 0)] = 1;
  refused(full, /no room/);
});
