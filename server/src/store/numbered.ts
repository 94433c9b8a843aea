/**
 * Statements whose parameters are numbered (`?1`), so that one value can stand in several places. Node below 22.20, and some of 24,
 * take such a parameter for a named one and refuse values by position; so each place becomes one of its own.
 */
import type { SQLInputValue, StatementSync } from 'node:sqlite';

type Rows = ReturnType<StatementSync['all']>;

/** What the store asks of a statement; values by position. */
export interface Statement {
  run(...values: SQLInputValue[]): ReturnType<StatementSync['run']>;
  get(...values: SQLInputValue[]): Rows[number] | undefined;
  all(...values: SQLInputValue[]): Rows;
  iterate(...values: SQLInputValue[]): Iterable<Rows[number]>;
}

const numbered = /\?(\d+)/g;

/** Null: the text has no numbered parameters. `order`: for each place the number, from 1, of the value that stands there. */
export function withoutNumbers(sql: string): { readonly sql: string; readonly order: readonly number[] } | null {
  const order = Array.from(sql.matchAll(numbered), (match) => Number(match[1]));
  return order.length === 0 ? null : { sql: sql.replace(numbered, '?'), order };
}

export class NumberedStatement implements Statement {
  readonly #statement: StatementSync;
  readonly #order: readonly number[];

  constructor(statement: StatementSync, order: readonly number[]) {
    this.#statement = statement;
    this.#order = order;
  }

  run(...values: SQLInputValue[]): ReturnType<StatementSync['run']> {
    return this.#statement.run(...this.#placed(values));
  }

  get(...values: SQLInputValue[]): Rows[number] | undefined {
    return this.#statement.get(...this.#placed(values));
  }

  all(...values: SQLInputValue[]): Rows {
    return this.#statement.all(...this.#placed(values));
  }

  iterate(...values: SQLInputValue[]): Iterable<Rows[number]> {
    return this.#statement.iterate(...this.#placed(values));
  }

  #placed(values: readonly SQLInputValue[]): SQLInputValue[] {
    const most = Math.max(...this.#order);
    if (values.length !== most) throw new Error(`a statement takes ${most} values, not ${values.length}`);
    return this.#order.map((number) => values[number - 1] ?? null);
  }
}
