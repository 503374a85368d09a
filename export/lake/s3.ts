/**
 * A lake in a bucket, by the S3 API, which Amazon and many others answer. Requests are signed by aws4fetch; what is here is what a
 * lake needs of that API, and in which words it tells what went wrong. Nothing of the credentials is ever told.
 */
import { hash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { XMLParser } from 'fast-xml-parser';
import { codeOf, UserError } from '../../collector/errors.ts';
import type { Place, Placed } from './place.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Access {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
}

export interface S3Options {
  /** What is larger is sent in parts of this size; Amazon takes none below 5 MiB, but for the last. */
  readonly partBytes?: number;
  /** How long to wait before the second try, in milliseconds; then twice as long each time. */
  readonly retryMs?: number;
  /** For one answer, in milliseconds. */
  readonly timeoutMs?: number;
}

const usual: Required<S3Options> = { partBytes: 8 * 1024 * 1024, retryMs: 200, timeoutMs: 120_000 };
const tries = 5;
const mostListBytes = 8 * 1024 * 1024;
const mostErrorBytes = 64 * 1024;

interface Asked {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** An answer of more bytes is refused. */
  readonly most?: number;
}

interface Answer {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly etag: string;
}

const parser = new XMLParser({
  ...{ ignoreAttributes: true, parseTagValue: false, processEntities: true },
  isArray: (name) => name === 'Contents' || name === 'CommonPrefixes',
});

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);

/** An XML answer; what cannot be read has no fields. */
const xmlOf = (bytes: Uint8Array): Fields => {
  try {
    return fieldsOf(parser.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return {};
  }
};

/** What the answer calls the failure, such as AccessDenied; a stranger writes it, so it is a word or nothing. */
const failureOf = (bytes: Uint8Array): string => {
  const code = textOf(fieldsOf(xmlOf(bytes)['Error'])['Code']);
  return /^[A-Za-z]{1,64}$/.test(code) ? code : '';
};

const isPassing = (status: number): boolean => status === 429 || status >= 500;

/** The body, of at most so many bytes; null for more. */
const bodyOf = async (response: Response, most: number): Promise<Uint8Array | null> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length;
    if (length > most) return null;
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks);
};

const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** Why a request came to nothing, as Node tells it. */
const networkFailure = (error: unknown): string => {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  return codeOf((error as { cause?: unknown }).cause) || codeOf(error) || 'the connection broke';
};

class S3Place implements Place {
  private readonly bucket: string;
  private readonly prefix: string;
  private readonly base: string;
  private readonly access: Access;
  private readonly options: Required<S3Options>;

  constructor(
    { bucket, prefix, base }: { bucket: string; prefix: string; base: string },
    access: Access,
    options: Required<S3Options>,
  ) {
    this.bucket = bucket;
    this.prefix = prefix;
    this.base = base;
    this.access = access;
    this.options = options;
  }

  pathOf(name = ''): string {
    return `s3://${this.bucket}/${this.prefix}${name}`.replace(/\/$/, '');
  }

  async read(name: string, most: number): Promise<Uint8Array | null> {
    const { status, bytes } = await this.ask(name, { method: 'GET', key: this.prefix + name, most });
    if (status === 200) return bytes;
    if (status === 404 && failureOf(bytes) !== 'NoSuchBucket') return null;
    throw this.refused(name, status, bytes);
  }

  async list(folder: string): Promise<readonly Placed[]> {
    const prefix = this.prefix + (folder === '' ? '' : `${folder}/`);
    const all: Placed[] = [];
    let token = '';
    do {
      const { status, bytes } = await this.ask(folder, {
        ...{ method: 'GET', key: '', most: mostListBytes },
        query: {
          ...{ 'list-type': '2', prefix, delimiter: '/' },
          ...(token === '' ? {} : { 'continuation-token': token }),
        },
      });
      if (status !== 200) throw this.refused(folder, status, bytes);
      const result = fieldsOf(xmlOf(bytes)['ListBucketResult']);
      for (const { Key, Size, LastModified } of listOf(result['Contents'])) {
        const name = textOf(Key).slice(prefix.length);
        const time = Date.parse(textOf(LastModified)) / 1000;
        if (name !== '') all.push({ name, isFolder: false, bytes: Number(textOf(Size)), time });
      }
      for (const { Prefix } of listOf(result['CommonPrefixes']))
        all.push({ name: textOf(Prefix).slice(prefix.length, -1), isFolder: true, bytes: 0, time: 0 });
      token = textOf(result['IsTruncated']) === 'true' ? textOf(result['NextContinuationToken']) : '';
    } while (token !== '');
    return all;
  }

  async prepare(): Promise<void> {
    // A bucket is there or not; what is in it needs no folders.
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > this.options.partBytes) return this.writeInParts(name, bytes);
    const answer = await this.ask(name, { method: 'PUT', key: this.prefix + name, body: bytes });
    if (answer.status !== 200) throw this.refused(name, answer.status, answer.bytes);
  }

  async remove(name: string): Promise<void> {
    const { status, bytes } = await this.ask(name, { method: 'DELETE', key: this.prefix + name });
    if (status !== 200 && status !== 204 && status !== 404) throw this.refused(name, status, bytes);
  }

  /** The S3 API knows none that every store has: two that publish one shard at once leave a whole one, of either. */
  lock(): () => void {
    return () => {};
  }

  /** What is not complete is seen by nobody; where it fails, it is taken away. */
  private async writeInParts(name: string, bytes: Uint8Array): Promise<void> {
    const key = this.prefix + name;
    const begun = await this.ask(name, { method: 'POST', key, query: { uploads: '' } });
    const uploadId = textOf(fieldsOf(xmlOf(begun.bytes)['InitiateMultipartUploadResult'])['UploadId']);
    if (begun.status !== 200 || uploadId === '') throw this.refused(name, begun.status, begun.bytes);
    try {
      const { partBytes } = this.options;
      let list = '';
      for (let number = 1; (number - 1) * partBytes < bytes.length; number += 1) {
        const body = bytes.subarray((number - 1) * partBytes, number * partBytes);
        const query = { partNumber: String(number), uploadId };
        const put = await this.ask(name, { method: 'PUT', key, query, body });
        if (put.status !== 200 || !/^"?[\w-]+"?$/.test(put.etag))
          throw this.refused(name, put.status, put.bytes);
        list += `<Part><PartNumber>${number}</PartNumber><ETag>${put.etag}</ETag></Part>`;
      }
      const body = Buffer.from(`<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`);
      const done = await this.ask(name, { method: 'POST', key, query: { uploadId }, body });
      // Amazon may begin to answer with 200 and find out later that it failed.
      const isDone = xmlOf(done.bytes)['CompleteMultipartUploadResult'] !== undefined;
      if (done.status !== 200 || !isDone) throw this.refused(name, done.status, done.bytes);
    } catch (error) {
      await this.ask(name, { method: 'DELETE', key, query: { uploadId } }).catch(() => {});
      throw error;
    }
  }

  /** Asks until there is an answer that another try would not change. Throws UserError where there is none. */
  private async ask(name: string, asked: Asked): Promise<Answer> {
    let failure = '';
    for (let attempt = 0; attempt < tries; attempt += 1) {
      if (attempt > 0)
        await new Promise((resolve) => setTimeout(resolve, this.options.retryMs * 2 ** (attempt - 1)));
      try {
        const answer = await this.askOnce(name, asked);
        if (!isPassing(answer.status)) return answer;
        failure = `${answer.status} ${failureOf(answer.bytes)}`.trim();
      } catch (error) {
        if (error instanceof UserError) throw error;
        failure = networkFailure(error);
      }
    }
    throw new UserError(
      `${new URL(this.base).host} did not answer ${tries} times, for ${this.pathOf(name)}: ${failure}`,
      'what was published before stays; try again when the store can be reached',
    );
  }

  private async askOnce(
    name: string,
    { method, key, query = {}, body, most = mostErrorBytes }: Asked,
  ): Promise<Answer> {
    const path = key.split('/').map(encoded).join('/');
    const search = Object.entries(query).map(([field, value]) => `${field}=${encoded(value)}`);
    const url = `${this.base}/${path}${search.length === 0 ? '' : `?${search.join('&')}`}`;
    const signed = await new AwsV4Signer({
      ...{ ...this.access, service: 's3', method, url },
      headers: { 'x-amz-content-sha256': hash('sha256', body ?? '') },
    }).sign();
    const response = await fetch(signed.url, {
      ...{ method, headers: signed.headers },
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
      // To wherever it may lead: the signature is for this place alone.
      redirect: 'manual',
      signal: AbortSignal.timeout(this.options.timeoutMs),
    });
    const { status } = response;
    const bytes = await bodyOf(response, status === 200 ? most : mostErrorBytes);
    if (bytes !== null) return { status, bytes, etag: response.headers.get('etag') ?? '' };
    await response.body?.cancel().catch(() => {});
    throw new UserError(`${this.pathOf(name)} has more than ${most} bytes`, 'it was not read');
  }

  private refused(name: string, status: number, bytes: Uint8Array): UserError {
    const code = failureOf(bytes);
    const said = `(${[status, code].filter((word) => word !== '').join(' ')})`;
    if (code === 'NoSuchBucket')
      return new UserError(
        `there is no bucket ${this.bucket} ${said}`,
        'is the name right, and the endpoint (AWS_ENDPOINT_URL)? make the bucket first',
      );
    if (code === 'InvalidAccessKeyId' || code === 'SignatureDoesNotMatch')
      return new UserError(
        `the store does not accept the credentials ${said}`,
        'look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION',
      );
    if ((status >= 300 && status < 400) || code === 'AuthorizationHeaderMalformed')
      return new UserError(
        `the bucket ${this.bucket} is in another place ${said}`,
        'set AWS_REGION, or AWS_ENDPOINT_URL, to where it is',
      );
    if (status === 403)
      return new UserError(
        `the store refuses ${this.pathOf(name)} ${said}`,
        'the credentials must be allowed to list, read, write and delete below it',
      );
    return new UserError(
      `the store cannot do it, for ${this.pathOf(name)} ${said}`,
      'nothing published was changed',
    );
  }
}

const accessOf = (environment: Environment): Access => {
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '' } = environment;
  if (id === '' || secret === '')
    throw new UserError(
      's3:// needs the credentials of the store, and the environment has none',
      'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_SESSION_TOKEN, AWS_REGION and AWS_ENDPOINT_URL where they apply',
    );
  const token = environment['AWS_SESSION_TOKEN'] ?? '';
  return {
    ...{ accessKeyId: id, secretAccessKey: secret },
    ...(token === '' ? {} : { sessionToken: token }),
    region: environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || 'us-east-1',
  };
};

const endpointOf = (environment: Environment): URL | null => {
  const given = environment['AWS_ENDPOINT_URL_S3'] || environment['AWS_ENDPOINT_URL'] || '';
  if (given === '') return null;
  const url = URL.canParse(given) ? new URL(given) : null;
  const isPlain =
    url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (isPlain && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new UserError(
    'AWS_ENDPOINT_URL is no address of a store',
    'for example https://s3.example.org, without a user, a password or a question mark',
  );
};

/** By HTTP to another machine: whoever is on the way reads all of it. */
export const isUnencrypted = (environment: Environment): boolean => {
  const url = endpointOf(environment);
  return url?.protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
};

/**
 * @param address s3://BUCKET/PREFIX.
 * @param environment Has the credentials: they are taken from nowhere else.
 */
export const s3Place = (address: string, environment: Environment, options: S3Options = {}): Place => {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/s.exec(address) ?? [];
  const parts = path.split('/').filter((part) => part !== '');
  // eslint-disable-next-line no-control-regex
  const isStrange = parts.some((part) => part === '.' || part === '..' || /[\u0000-\u001f\u007f]/.test(part));
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || isStrange)
    throw new UserError(`${address} names no bucket`, 'for example s3://inventory/tokenquery', 2);
  const access = accessOf(environment);
  const endpoint = endpointOf(environment);
  const host = `s3.${access.region}.amazonaws.com`;
  // A dot in the name of the bucket would be one more in that of the host, which no certificate has.
  const amazon = bucket.includes('.') ? `https://${host}/${bucket}` : `https://${bucket}.${host}`;
  const base = endpoint === null ? amazon : `${endpoint.href.replace(/\/+$/, '')}/${bucket}`;
  const prefix = parts.map((part) => `${part}/`).join('');
  return new S3Place({ bucket, prefix, base }, access, { ...usual, ...options });
};
