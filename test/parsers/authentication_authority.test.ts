import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from '../property.ts';
import {
  hasTag,
  parseAuthenticationAuthority,
  parseLocalCachedUser,
} from '../../collector/parsers/authentication_authority.ts';
import { anyText, cases, casesOf, numRuns, textOf } from './directory.ts';
import type { AuthorityEntry } from './directory.ts';

/** What the corpus expects of one value, in the words of the parser. */
const expected = ({ raw, version, tag, data, disabled_tags }: AuthorityEntry): object => ({
  version: version === undefined || version === '' ? null : version,
  // An empty value has no tag. The corpus reads it as basic, which is what a missing attribute means to Apple.
  tag: raw === '' ? '' : tag === 'securetoken' ? 'SecureToken' : tag,
  data: (data ?? []).join(';') || null,
  disabledTags: disabled_tags ?? [],
});

const entries = cases.flatMap(({ file, expect }) =>
  [
    ...(expect.entries ?? []),
    ...(expect.authentication_authority?.entries ?? []),
    ...(expect.authentication_authority_per_record ?? []).flatMap((each) => each.entries),
  ].map((entry) => [file, entry] as const),
);

test('each value of the corpus has its parts', (t) => {
  t.true(entries.length >= 80);
  for (const [file, entry] of entries) {
    t.deepEqual(parseAuthenticationAuthority(entry.raw), expected(entry) as never, `${file}: ${entry.raw}`);
    if (entry.node !== undefined) {
      const { data } = parseAuthenticationAuthority(entry.raw);
      const { node, record_name: recordName = '', guid = '' } = entry;
      t.deepEqual(parseLocalCachedUser(data ?? ''), { node, recordName, guid }, entry.raw);
    }
  }
});

test('the lists of values are the ones of their files', (t) => {
  for (const { file, expect } of casesOf('aa-values')) {
    const lines = textOf(file).replace(/\n$/, '').split('\n');
    t.deepEqual(
      (expect.entries ?? []).map(({ raw }) => raw).filter((raw) => raw !== ''),
      lines.filter((line) => line !== ''),
      file,
    );
  }
});

interface TagCase {
  readonly values: readonly string[];
  readonly secure_token_tag?: boolean;
  readonly token_prevented_tag?: boolean;
  readonly disabled_user_tag?: boolean;
  readonly password_status?: string;
  readonly algorithm?: string;
}
const tagCases = (
  JSON.parse(
    readFileSync(new URL('../corpus/cases/authentication-authority.cases.json', import.meta.url), 'utf8'),
  ) as { readonly cases: readonly TagCase[] }
).cases;

test('tags tell whether there is a token, a password, a ban', (t) => {
  t.is(tagCases.length, 10);
  for (const each of tagCases) {
    const { values } = each;
    const message = values.join(' ');
    const parsed = values.map(parseAuthenticationAuthority);
    if (each.secure_token_tag !== undefined)
      t.is(hasTag(values, 'SecureToken'), each.secure_token_tag, message);
    if (each.disabled_user_tag !== undefined)
      t.is(hasTag(values, 'DisabledUser'), each.disabled_user_tag, message);
    if (each.token_prevented_tag !== undefined) {
      t.is(
        parsed.some(({ disabledTags }) => disabledTags.includes('SecureToken')),
        each.token_prevented_tag,
        message,
      );
    }
    if (each.password_status !== undefined) {
      t.is(hasTag(values, 'ShadowHash'), each.password_status === 'active', message);
    }
    if (each.algorithm !== undefined && each.algorithm !== '') {
      const hashes = parsed.find(({ tag }) => tag === 'ShadowHash')?.data ?? '';
      t.regex(hashes, new RegExp(`^HASHLIST:<${each.algorithm}[,>]`), message);
    }
  }
});

test('a tag is exact, whatever its case', (t) => {
  t.true(hasTag([';ShadowHash;', ';SECURETOKEN;'], 'secureToken'));
  t.false(hasTag([';DisabledTags;SecureToken'], 'SecureToken'));
  t.false(
    hasTag([';SecureTokens;', ';XSecureToken;', ';ShadowHash;SecureToken;', 'SecureToken;'], 'SecureToken'),
  );
  t.false(hasTag([], 'SecureToken'));
  t.true(hasTag(['DisabledUser'], 'DisabledUser'));
  t.true(hasTag([';DisabledUser;;ShadowHash;HASHLIST:<A>'], 'DisabledUser'));
  t.false(hasTag([';DisabledUser;;ShadowHash;HASHLIST:<A>'], 'ShadowHash'));
});

test('odd values', (t) => {
  const parse = parseAuthenticationAuthority;
  t.deepEqual(parse(''), { version: null, tag: '', data: null, disabledTags: [] });
  t.deepEqual(parse(';'), { version: null, tag: '', data: null, disabledTags: [] });
  t.deepEqual(parse('1.0.0;SECURETOKEN'), {
    version: '1.0.0',
    tag: 'SecureToken',
    data: null,
    disabledTags: [],
  });
  t.deepEqual(parse(';Unknown Tag;a;b;'), {
    version: null,
    tag: 'Unknown Tag',
    data: 'a;b;',
    disabledTags: [],
  });
  t.deepEqual(parse(';disabledtags;securetoken,Foo;;'), {
    version: null,
    tag: 'DisabledTags',
    data: 'securetoken,Foo;;',
    disabledTags: ['SecureToken', 'Foo'],
  });
  t.is(parse(';__proto__;').tag, '__proto__');
  t.deepEqual(parse(';DisabledTags;'), { version: null, tag: 'DisabledTags', data: null, disabledTags: [] });
});

test('a mobile account is split from the right', (t) => {
  const guid = 'E9F6E0ED-138E-40C9-B9E7-A7F3F661DB14';
  t.deepEqual(parseLocalCachedUser(`/Active Directory/CORP: A/All Domains:al ice:${guid.toLowerCase()}`), {
    node: '/Active Directory/CORP: A/All Domains',
    recordName: 'al ice',
    guid,
  });
  for (const data of [
    '',
    'a',
    `alice:${guid}`,
    `:alice:${guid}`,
    `/node::${guid}`,
    '/node:alice:',
    '/node:alice:x',
  ]) {
    t.is(parseLocalCachedUser(data), null, data);
  }
  t.is(parseLocalCachedUser(':'.repeat(200_000)), null);
});

test('anything has parts, and they are what it was made of', (t) => {
  const value = fc.oneof(
    anyText,
    fc
      .array(fc.constantFrom(';', 'SecureToken', 'DisabledTags', 'disableduser', '1.0.0', ':', ',', 'x'), {
        maxLength: 8,
      })
      .map((parts) => parts.join('')),
    fc.constantFrom(...entries.map(([, { raw }]) => raw)),
  );
  fc.assert(
    fc.property(value, (text) => {
      const { version, tag, data } = parseAuthenticationAuthority(text);
      parseLocalCachedUser(text);
      if (!text.includes(';'))
        t.deepEqual([version, data, tag.toLowerCase()], [null, null, text.toLowerCase()]);
      else {
        const joined = `${version ?? ''};${tag}`.toLowerCase();
        t.true(text.toLowerCase().startsWith(joined));
        t.is(
          text.slice(joined.length),
          data === null ? (text.slice(joined.length) === ';' ? ';' : '') : `;${data}`,
        );
      }
    }),
    { numRuns },
  );
});
