import fc from 'fast-check';
import { answered, callOf, noSuchMethod, shapeOf } from '../../../export/osquery/protocol.ts';
import { askedOf, whereOf } from '../../../export/osquery/constraints.ts';
import { relationsServed } from '../../../export/osquery/relations.ts';
import { Incoming, mostBytes, ProtocolError } from '../../../export/osquery/thrift.ts';
import { tables } from '../../../tables/index.ts';
import { callMessage } from '../../osquery/wire.ts';
import { edited, edits } from '../edits.ts';
import type { Edit } from '../edits.ts';
import { bytesOfLatin1, latin1 } from '../samples.ts';
import type { Target } from '../target.ts';

const relations = [...relationsServed(tables, true)];

interface Sent {
  readonly table: number;
  readonly expr: string;
  readonly changes: readonly Edit[];
  readonly piece: number;
}

/** What comes over the socket of the extension: a call, changed, in pieces of a size. */
export const osquery: Target<Sent> = {
  name: 'osquery',
  inputs: fc.record({
    table: fc.nat(relations.length - 1),
    expr: fc.string(),
    changes: edits(),
    piece: fc.integer({ min: 1, max: 100 }),
  }),
  check: ({ table, expr, changes, piece }) => {
    const [name = '', served] = relations[table] ?? [];
    if (served === undefined) return;
    const constraints = served.columns.map((column) => ({ name: column.name, list: [{ op: 2, expr }] }));
    const context = JSON.stringify({ constraints, colsUsed: served.columns.map((column) => column.name) });
    const whole = callMessage(name, { action: 'generate', context });
    const bytes = bytesOfLatin1(edited(latin1(whole), changes));
    const incoming = new Incoming(shapeOf);
    try {
      for (let at = 0; at < bytes.length; at += piece) {
        incoming.push(bytes.subarray(at, at + piece));
        for (let next = incoming.take(); next !== null; next = incoming.take()) {
          whereOf(askedOf(callOf(next).request.get('context') ?? '', served));
          noSuchMethod(next);
          for (const part of answered(next, { failure: next.name }, 1n)) part.chunks();
        }
        if (incoming.heldBytes > mostBytes + piece) throw new Error('more is held than may be');
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  },
};
