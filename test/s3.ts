/** A stand-in for S3 on this machine, s3rver, which is no part of the project: .ci/run installs it where it can. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const s3rver = join(caches, 'tokenquery-tests/node_modules/.bin/s3rver');
export const hasS3 = existsSync(s3rver);

const freePort = (): Promise<number> =>
  new Promise((fulfil, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => fulfil(port));
    });
  });

/** Starts the stand-in with a bucket `fleet`, and waits until it answers. Its key and its secret are S3RVER. */
export const startS3 = async (t: ExecutionContext, folder: string): Promise<number> => {
  const port = await freePort();
  mkdirSync(folder);
  const child = spawn(
    process.execPath,
    [
      s3rver,
      '--directory',
      folder,
      '--address',
      '127.0.0.1',
      '--port',
      String(port),
      '--configure-bucket',
      'fleet',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  t.teardown(() => void child.kill('SIGKILL'));
  await new Promise<void>((fulfil, reject) => {
    child.stdout.on('data', (text: Buffer) => {
      if (text.toString().includes('listening')) fulfil();
    });
    child.on('exit', () => reject(new Error('s3rver ended')));
  });
  return port;
};
