/** The privilege of a table follows from what its sources declare. */
import test from 'ava';
import { privilegeOf, privilegeWords, tablePrivileges } from '../../collector/privilege.ts';
import type { SourceName } from '../../collector/sources.ts';
import { tables } from '../../tables/index.ts';

const of = (sources: readonly SourceName[], rowsFrom: readonly SourceName[] = []) =>
  privilegeOf({ sources, rowsFrom });
const named = (name: string) => tables.filter((table) => table.name === name).map(privilegeOf);

test('a table needs what its sources need', (t) => {
  t.is(of([]), 'none');
  t.is(of(['ds_users', 'stat']), 'user');
  t.is(of(['stat']), 'user');
  t.is(of(['fdesetup_list']), 'root');
  t.is(of(['ds_users', 'fdesetup_list']), 'root best');
  t.is(of(['managed_preferences', 'profiles_show_configuration']), 'root best');
});

test('without a row there is nothing to fill: the sources of rows decide whether any user is told a part', (t) => {
  t.is(of(['fdesetup_list', 'ds_users'], ['fdesetup_list']), 'root');
  t.is(of(['fdesetup_list', 'ds_users'], ['ds_users']), 'root best');
  t.is(of(['fdesetup_show_deferral_info', 'stat']), 'root');
});

test('what only --allow-network asks counts where there is nothing else', (t) => {
  t.is(of(['ds_users', 'mdmclient_query_device_information']), 'user');
  t.is(of(['mdmclient_query_device_information']), 'root');
});

test('every privilege is one of a closed list, has words, and is that of some table', (t) => {
  t.deepEqual([...new Set(tables.map(privilegeOf))].toSorted(), tablePrivileges.toSorted());
  t.deepEqual(Object.keys(privilegeWords), [...tablePrivileges]);
  t.deepEqual(named('users'), ['user']);
  t.deepEqual(named('filevault_users'), ['root']);
  t.deepEqual(named('secure_tokens'), ['root best']);
  t.deepEqual(named('table_status'), ['none']);
});
