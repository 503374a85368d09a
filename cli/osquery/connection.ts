/** Asks the manager, osquery itself, over its socket: one connection a question, as osquery's own extensions do. */
import { connect } from 'node:net';
import { codeOf } from '../../collector/errors.ts';
import { Incoming, messages } from '../../export/osquery/thrift.ts';
import type { Message, Writer } from '../../export/osquery/thrift.ts';
import { shapeOf } from '../../export/osquery/protocol.ts';

/** There was no answer, and why. */
export class NoAnswer extends Error {
  /** Nothing came in time. */
  readonly isLate: boolean;

  constructor(message: string, isLate = false) {
    super(message);
    this.isLate = isLate;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nobody listens there',
  EACCES: 'it may not be opened',
  EPERM: 'it may not be opened',
  ENOTSOCK: 'it is no socket',
};

const textOf = (message: Message): string => {
  const text = message.body.get(1);
  return typeof text === 'string' ? text : 'it refused, without a reason';
};

export const ask = (socket: string, question: Writer, timeoutMs: number): Promise<Message> =>
  new Promise((resolve, reject) => {
    const incoming = new Incoming(shapeOf);
    const connection = connect(socket);
    const end = (outcome: () => void): void => {
      clearTimeout(timer);
      connection.destroy();
      outcome();
    };
    const fail = (why: string, isLate = false): void => end(() => reject(new NoAnswer(why, isLate)));
    const timer = setTimeout(() => fail('it does not answer', true), timeoutMs);
    connection.on('error', (error) => fail(reasons[codeOf(error)] ?? error.message));
    connection.on('close', () => fail('it closed the connection'));
    connection.on('connect', () => {
      for (const chunk of question.chunks()) connection.write(chunk);
    });
    connection.on('data', (bytes) => {
      try {
        incoming.push(bytes);
        const message = incoming.take();
        if (message === null) return;
        if (message.kind === messages.exception) fail(textOf(message));
        else end(() => resolve(message));
      } catch {
        fail('what answers is not osquery');
      }
    });
  });
