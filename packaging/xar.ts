/** A xar archive: a header, a packed table of contents in XML, then the bytes of the files as they are. */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { fileTime } from './facts.ts';
import { escapeXml } from './texts.ts';

export type XarMember =
  | { readonly name: string; readonly bytes: Uint8Array }
  | { readonly name: string; readonly members: readonly XarMember[] };

const headSize = 28;
const digestSize = 20;
const sha1 = (bytes: Uint8Array): Buffer => createHash('sha1').update(bytes).digest();

class Contents {
  readonly heap: Uint8Array[] = [];
  #end = digestSize;
  #count = 0;

  list(members: readonly XarMember[]): string {
    return members.map((member) => this.#file(member)).join('');
  }

  #file(member: XarMember): string {
    this.#count += 1;
    const id = this.#count;
    const isFile = 'bytes' in member;
    const inner = isFile ? this.#data(member.bytes) : this.list(member.members);
    const [type, mode] = isFile ? ['file', '0644'] : ['directory', '0755'];
    return (
      `<file id="${id}"><name>${escapeXml(member.name)}</name><type>${type}</type><mode>${mode}</mode>` +
      `<uid>0</uid><gid>0</gid>${inner}</file>\n`
    );
  }

  #data(bytes: Uint8Array): string {
    const offset = this.#end;
    this.#end += bytes.length;
    this.heap.push(bytes);
    const sum = sha1(bytes).toString('hex');
    return (
      `<data><length>${bytes.length}</length><offset>${offset}</offset><size>${bytes.length}</size>` +
      `<encoding style="application/octet-stream"/><extracted-checksum style="sha1">${sum}</extracted-checksum>` +
      `<archived-checksum style="sha1">${sum}</archived-checksum></data>`
    );
  }
}

export const xarOf = (members: readonly XarMember[]): Buffer => {
  const contents = new Contents();
  const list = contents.list(members);
  const time = new Date(fileTime * 1000).toISOString().slice(0, 19);
  const toc = Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<xar><toc><creation-time>${time}</creation-time>` +
      `<checksum style="sha1"><offset>0</offset><size>${digestSize}</size></checksum>\n${list}</toc></xar>\n`,
  );
  const packed = deflateSync(toc, { level: 9 });
  const head = Buffer.alloc(headSize);
  head.write('xar!', 'latin1');
  head.writeUInt16BE(headSize, 4);
  head.writeUInt16BE(1, 6);
  head.writeBigUInt64BE(BigInt(packed.length), 8);
  head.writeBigUInt64BE(BigInt(toc.length), 16);
  // SHA-1 is what the format has; it guards against damage, and the signature of the package against more.
  head.writeUInt32BE(1, 24);
  return Buffer.concat([head, packed, sha1(packed), ...contents.heap]);
};
