// Node below 22.20 takes no value by position for a numbered parameter, so none may reach it.
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { NumberedStatement, withoutNumbers } from '../../../server/src/store/numbered';

it('a statement with numbered parameters gets each value where its number stands', () => {
  using db = new DatabaseSync(':memory:');
  db.exec('CREATE TABLE t (a, b)');
  const prepared = (sql: string): NumberedStatement => {
    const plain = withoutNumbers(sql);
    if (plain === null) throw new Error('no numbers');
    expect(plain.sql).not.toMatch(/\?\d/);
    return new NumberedStatement(db.prepare(plain.sql), plain.order);
  };
  prepared('INSERT INTO t VALUES (?2, ?1)').run('b', 'a');
  const all = prepared('SELECT a, b, ?2 AS two, ?1 AS one FROM t WHERE a = ?1 OR b = ?1');
  const row = { a: 'a', b: 'b', two: 2, one: 'a' };
  expect(all.get('a', 2)).toEqual(row);
  expect(all.all('a', 2)).toEqual([row]);
  expect([...all.iterate('a', 2)]).toEqual([row]);
  expect(() => all.get('a')).toThrow('takes 2 values, not 1');
  expect(withoutNumbers('SELECT ? FROM t')).toBeNull();
});
