// No question of the store looks through all there is of a source, or through a whole table, where an index could answer it.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { withoutNumbers } from '../../../server/src/store/numbered';
import { migrations } from '../../../server/src/store/schema';

const folder = join(import.meta.dirname, '../../../server/src/store');
/** Hand on what others ask, or hold no question. */
const others: ReadonlySet<string> = new Set(['database.ts', 'numbered.ts', 'schema.ts']);
/** Bounded by the store: a whole look at one, or at its part of a source, costs little. */
const small: ReadonlySet<string> = new Set(['source', 'window', 'detached', 'meta', 'cursor', 'skipped', 'resource', 'finding']);

/** All texts that a file's statements are prepared from. One that can't be told from the source is an error. */
function statementsOf(name: string, text: string): readonly string[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const constants = new Map<string, ts.Expression>();
  const calls: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined)
      constants.set(node.name.text, node.initializer);
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) calls.push(node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  const variants = (node: ts.Expression): readonly string[] => {
    if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return [node.text];
    if (ts.isConditionalExpression(node)) return [...variants(node.whenTrue), ...variants(node.whenFalse)];
    if (ts.isTemplateExpression(node))
      return node.templateSpans.reduce<readonly string[]>(
        (begun, { expression, literal }) =>
          variants(expression).flatMap((part) => begun.map((beginning) => beginning + part + literal.text)),
        [node.head.text],
      );
    const named = ts.isIdentifier(node) ? constants.get(node.text) : undefined;
    if (named === undefined) throw new Error(`${name}: what is asked can't be told from its source: ${node.getText()}`);
    return variants(named);
  };
  /** Methods whose first parameter is prepared. */
  const preparing = new Set(['prepare']);
  const asked: string[] = [];
  for (const known of preparing) {
    for (const { expression, arguments: given } of calls) {
      const [first] = given;
      if (!ts.isPropertyAccessExpression(expression) || expression.name.text !== known || first === undefined) continue;
      const method = ts.findAncestor(expression, ts.isMethodDeclaration);
      const [parameter] = method?.parameters ?? [];
      if (method !== undefined && ts.isIdentifier(first) && parameter?.name.getText() === first.text) preparing.add(method.name.getText());
      else asked.push(...variants(first));
    }
  }
  return asked;
}

const db = new DatabaseSync(':memory:');
for (const step of migrations) db.exec(step);
afterAll(() => db.close());

/** What of its plan is a look at everything. */
function wholeLooks(sql: string): readonly string[] {
  if (/^\s*PRAGMA\b/.test(sql)) return [];
  const plan = (db.prepare(`EXPLAIN QUERY PLAN ${withoutNumbers(sql)?.sql ?? sql}`).all() as { detail: string }[]).map(
    ({ detail }) => detail,
  );
  const tables = new Map<string, string>();
  for (const [, table = '', alias = table] of sql.matchAll(/\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?/g)) {
    tables.set(table, table);
    tables.set(alias, table);
  }
  const made = new Set(plan.flatMap((detail) => /^(?:CO-ROUTINE|MATERIALIZE) (\w+)/.exec(detail)?.[1] ?? []));
  for (const part of sql.matchAll(/\b(\w+) AS (?:MATERIALIZED )?\(/g)) made.add(part[1] ?? '');
  return plan.filter((detail) => {
    const [, how, alias = ''] = /^(SCAN|SEARCH) (\w+)/.exec(detail) ?? [];
    const table = tables.get(alias);
    if (how === undefined || made.has(table ?? alias) || made.has(alias) || small.has(table ?? alias)) return false;
    // An index of what was rewritten holds little.
    if (how === 'SCAN') return !/^SCAN (?:json_each|sqlite_\w+|CONSTANT ROW)\b|USING INDEX entry_rewritten$/.test(detail);
    // Of a table that is not named in it all goes with its source.
    return table !== undefined && /USING PRIMARY KEY \(source=\?\)$/.test(detail);
  });
}

const files = readdirSync(folder).filter((name) => !others.has(name));
const questions = new Map(files.map((name) => [name, statementsOf(name, readFileSync(join(folder, name), 'utf8'))]));

describe('the questions of the store', () => {
  it.each([...questions].filter(([, asked]) => asked.length > 0))('are answered by index: %s', (_, asked) => {
    expect(asked.flatMap((sql) => wholeLooks(sql).map((detail) => `${detail}: ${sql.replace(/\s+/g, ' ')}`))).toEqual([]);
  });

  it('are all looked at, and one that looks at everything is seen', () => {
    const all = [...questions.values()].flat();
    for (const [name, asked] of questions)
      expect([name, asked.length > 0]).toEqual([name, readFileSync(join(folder, name), 'utf8').includes('.prepare(')]);
    // Handed on, put together, of two forms, with a constant of its own.
    for (const some of ['AND pid = ? AND time >= ? AND time < ?', '(SELECT max(time) FROM policy', 'AND s.id = ?2', 'WITH wanted AS'])
      expect(
        all.some((sql) => sql.includes(some)),
        some,
      ).toBe(true);
    expect(all.some((sql) => sql.includes('${'))).toBe(false);
    expect(wholeLooks('SELECT body FROM gateway_line WHERE source = ? AND trace_id = ?')).toHaveLength(1);
    expect(wholeLooks('SELECT g.body FROM run r JOIN gateway_line g ON g.source = r.source AND g.run_id = r.run_id')).not.toEqual([]);
    expect(wholeLooks('SELECT count(*) FROM span WHERE status = ?1')).toHaveLength(1);
    expect(wholeLooks('UPDATE call SET end = ? WHERE source = ?')).toHaveLength(1);
    expect(() => statementsOf('x.ts', 'db.prepare(of(1))')).toThrow("can't be told");
  });
});
