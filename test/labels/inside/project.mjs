// The project that the scripted agent works in: one small shop in six languages. Every language has `rules` files (many near-equal
// functions, each with one line found nowhere else) and a `trace` program that fails in known ways. A line that a failure `x` must
// name carries `mark: x`; nothing else tells the labels where a stack trace points.
const pad = (n) => String(n).padStart(3, '0');
const limit = (k) => 10 + (k % 4) * 5;
const off = (k) => 3 + (k % 3);

const block = {
  py: (tag, k) => [
    `# rule ${tag}-${pad(k)}: price from step ${k}`,
    `def price_${pad(k)}(base, qty):`,
    '    total = base * qty',
    `    if qty > ${limit(k)}:`,
    `        total = total - ${off(k)}`,
    '    # keep two decimals',
    '    return round(total, 2)',
    '',
  ],
  ts: (tag, k) => [
    `// rule ${tag}-${pad(k)}: price from step ${k}`,
    `export function price${pad(k)}(base: number, qty: number): number {`,
    '  let total = base * qty;',
    `  if (qty > ${limit(k)}) {`,
    `    total = total - ${off(k)};`,
    '  }',
    '  // keep two decimals',
    '  return Math.round(total * 100) / 100;',
    '}',
    '',
  ],
  rs: (tag, k) => [
    `// rule ${tag}-${pad(k)}: price from step ${k}`,
    `pub fn price_${pad(k)}(base: i64, qty: i64) -> i64 {`,
    '    let mut total = base * qty;',
    `    if qty > ${limit(k)} {`,
    `        total = total - ${off(k)};`,
    '    }',
    '    // keep whole cents',
    '    total',
    '}',
    '',
  ],
  go: (tag, k) => [
    `// rule ${tag}-${pad(k)}: price from step ${k}`,
    `func price${pad(k)}(base, qty int) int {`,
    '\ttotal := base * qty',
    `\tif qty > ${limit(k)} {`,
    `\t\ttotal = total - ${off(k)}`,
    '\t}',
    '\t// keep whole cents',
    '\treturn total',
    '}',
    '',
  ],
  java: (tag, k) => [
    `    // rule ${tag}-${pad(k)}: price from step ${k}`,
    `    static int price${pad(k)}(int base, int qty) {`,
    '        int total = base * qty;',
    `        if (qty > ${limit(k)}) {`,
    `            total = total - ${off(k)};`,
    '        }',
    '        // keep whole cents',
    '        return total;',
    '    }',
    '',
  ],
  c: (tag, k) => [
    `/* rule ${tag}-${pad(k)}: price from step ${k} */`,
    `int ${tag.replace('-', '_')}_price_${pad(k)}(int base, int qty) {`,
    '    int total = base * qty;',
    `    if (qty > ${limit(k)}) {`,
    `        total = total - ${off(k)};`,
    '    }',
    '    /* keep whole cents */',
    '    return total;',
    '}',
    '',
  ],
};
const rules = (lang, tag, count, head, foot = []) =>
  [...head, ...Array.from({ length: count }, (_, k) => block[lang](tag, k + 1)).flat(), ...foot].join('\n').replace(/\n*$/, '\n');

export const LANGS = {
  py: {
    comment: (text) => `# ${text}`,
    root: 'shop/svc',
    rules: ['shop/svc/pricing/rules.py', 'shop/svc/pricing/util.py', 'shop/svc/stock/util.py'],
    steps: ['shop/svc/report/main.py', 'shop/svc/report/orders.py', 'shop/svc/report/deep/totals.py', 'shop/svc/tests/test_cart.py'],
  },
  ts: {
    comment: (text) => `// ${text}`,
    root: 'shop/web',
    rules: ['shop/web/src/pricing/rules.ts', 'shop/web/src/pricing/index.ts', 'shop/web/src/stock/index.ts'],
    steps: ['shop/web/src/trace/main.ts', 'shop/web/src/trace/cart.ts', 'shop/web/src/trace/deep/cart.ts', 'shop/web/test/cart.test.ts'],
  },
  rs: {
    comment: (text) => `// ${text}`,
    root: 'shop/engine',
    rules: ['shop/engine/src/pricing/mod.rs', 'shop/engine/src/stock/mod.rs', 'shop/engine/src/rules.rs'],
    steps: ['shop/engine/src/main.rs', 'shop/engine/src/cart.rs', 'shop/engine/src/deep/cart.rs'],
  },
  go: {
    comment: (text) => `// ${text}`,
    root: 'shop/gate',
    rules: ['shop/gate/pricing/rules.go', 'shop/gate/pricing/util.go', 'shop/gate/stock/util.go'],
    steps: ['shop/gate/main.go', 'shop/gate/cart/cart.go', 'shop/gate/cart/cart_test.go'],
  },
  java: {
    comment: (text) => `// ${text}`,
    root: 'shop/ledger',
    rules: [
      'shop/ledger/src/com/shop/ledger/Rules.java',
      'shop/ledger/src/com/shop/report/Rules.java',
      'shop/ledger/src/com/shop/report/Steps.java',
    ],
    steps: [
      'shop/ledger/src/com/shop/Main.java',
      'shop/ledger/src/com/shop/ledger/Totals.java',
      'shop/ledger/src/com/shop/report/Totals.java',
    ],
  },
  c: {
    comment: (text) => `/* ${text} */`,
    root: 'shop/native',
    rules: ['shop/native/src/rules.c', 'shop/native/src/util.c', 'shop/native/stock/util.c'],
    steps: ['shop/native/src/main.c', 'shop/native/src/cart.c', 'shop/native/include/cart.h'],
  },
};

const py = {
  'shop/svc/pricing/__init__.py': '',
  'shop/svc/pricing/rules.py': rules('py', 'pa', 36, ['"""Price rules."""', '']),
  'shop/svc/pricing/util.py': rules('py', 'pb', 24, ['"""Helpers of the prices."""', '']),
  'shop/svc/stock/util.py': rules('py', 'pc', 24, ['"""Helpers of the stock."""', '']),
  'shop/svc/report/main.py': `"""Report runner."""
import sys
import warnings

sys.dont_write_bytecode = True
from deep.totals import chained, total_of
from orders import load_order


# step: run
def run(case):
    if case == "e":
        warnings.warn("old case")  # mark: py-e
        return 0
    if case == "c":
        return chained(case)  # mark: py-c
    order = load_order(case)  # mark: py-b
    return total_of(order, case)  # mark: py-a


# step: start
if __name__ == "__main__":
    print(run(sys.argv[1]))  # mark: py-a py-b py-c
`,
  'shop/svc/report/orders.py': `"""Orders."""


# step: load
def load_order(case):
    if case == "b":
        return read_lines(case)  # mark: py-b
    return {"case": case, "lines": [1, 2, 3]}


# step: read
def read_lines(case):
    raise KeyError("order " + case)  # mark: py-b
`,
  'shop/svc/report/deep/__init__.py': '',
  'shop/svc/report/deep/totals.py': `"""Totals."""


# step: total
def total_of(order, case):
    return sum(part(line, case) for line in order["lines"])  # mark: py-a py-a2


# step: part
def part(line, case):
    return line / (0 if case == "a" else 1)  # mark: py-a


# step: chained
def chained(case):
    try:
        return part_of(case)  # mark: py-c
    except ValueError as error:
        raise RuntimeError("no part of " + case) from error  # mark: py-c


# step: part of
def part_of(case):
    return int("x" + case)  # mark: py-c
`,
  'shop/svc/cart.py': `"""The cart."""


# step: total
def total(lines):
    return sum(price(line) for line in lines)  # mark: py-t2


# step: price
def price(line):
    if line < 0:
        raise ValueError("negative line")  # mark: py-t2 py-l2
    return line * 2
`,
  'shop/svc/tests/test_cart.py': `import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from cart import total


class CartTest(unittest.TestCase):
    # step: first
    def test_sum(self):
        self.assertEqual(total([1, 2]), 7)  # mark: py-t1

    # step: second
    def test_negative(self):
        self.assertEqual(total([1, -2]), 0)  # mark: py-t2

    # step: third
    def test_empty(self):
        self.assertEqual(total([]), 0)


# step: end
if __name__ == "__main__":
    unittest.main()
`,
  'shop/svc/broken.py': `"""Does not parse."""


# step: broken
def broken(case):
    return (case +  # mark: py-open
`,
};
const ts = {
  'shop/web/package.json': '{\n  "name": "shop-web",\n  "private": true,\n  "type": "module"\n}\n',
  'shop/web/tsconfig.json':
    '{\n  "compilerOptions": {\n    "strict": true,\n    "noEmit": true,\n    "target": "ES2022",\n    "module": "NodeNext",\n    "allowImportingTsExtensions": true,\n    "types": []\n  },\n  "include": ["src/pricing", "src/stock", "src/typed"]\n}\n',
  'shop/web/src/pricing/rules.ts': rules('ts', 'ta', 36, ['// Price rules.', '']),
  'shop/web/src/pricing/index.ts': rules('ts', 'tb', 24, ['// Prices, index.', '']),
  'shop/web/src/stock/index.ts': rules('ts', 'tc', 24, ['// Stock, index.', '']),
  'shop/web/src/typed/order.ts': `// step: order
export interface Order {
  readonly id: string;
  readonly lines: readonly number[]; // mark: tsc-p
}
// step: count
export function count(order: Order): string {
  return order.lines.length; // mark: tsc-a
}
// step: first
export function first(order: Order): number {
  return order.line[0]; // mark: tsc-a
}
`,
  'shop/web/src/trace/main.ts': `import { total } from './cart.ts';
import { later, parse } from './deep/cart.ts';

// step: run
function run(name: string): number {
  if (name === 'b') return parse('{x'); // mark: ts-b
  return total(name); // mark: ts-a ts-d
}

// step: start
const name = process.argv[2] ?? 'a';
if (name === 'c') {
  await later(name); // mark: ts-c
} else if (name === 'd') {
  try {
    run(name); // mark: ts-d
  } catch (error) {
    console.error((error as Error).stack);
  }
} else {
  console.log(run(name)); // mark: ts-a ts-b
}
`,
  'shop/web/src/trace/cart.ts': `import { part } from './deep/cart.ts';

// step: total
export function total(name: string): number {
  return [1, 2].map((line) => part(line, name))[0] ?? 0; // mark: ts-a ts-d
}
`,
  'shop/web/src/trace/deep/cart.ts': `// step: part
export function part(line: number, name: string): number {
  throw new Error(\`no part \${line} of \${name}\`); // mark: ts-a ts-d
}

// step: parse
export function parse(text: string): number {
  return JSON.parse(text).total; // mark: ts-b ts-n
}

// step: later
export async function later(name: string): Promise<void> {
  await Promise.resolve();
  throw new TypeError('later ' + name); // mark: ts-c
}
`,
  'shop/web/src/trace/old.cjs': `// step: old
function old(list) {
  return list.missing.length; // mark: js-a
}

// step: start
function start() {
  old([]); // mark: js-a
}
start(); // mark: js-a
`,
  'shop/web/test/cart.test.ts': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from '../src/trace/deep/cart.ts';

// step: first
test('the sum', () => { // mark: nt-a
  assert.equal(1 + 1, 3); // mark: nt-a
});

// step: second
test('parses', () => { // mark: nt-b
  parse('{'); // mark: nt-b ts-n
});

// step: third
test('holds', () => {
  assert.ok(true);
});
`,
  'shop/web/spec/cart.spec.ts': `import { expect, it } from 'vitest';
import { double } from './double.ts';

// step: first
it('doubles', () => {
  expect(double(2)).toBe(5); // mark: vt-a
});

// step: second
it('throws', () => {
  expect(double(-1)).toBe(-2); // mark: vt-a
});
`,
  'shop/web/spec/double.ts': `// step: double
export function double(value: number): number {
  if (value < 0) {
    throw new RangeError('negative'); // mark: vt-a
  }
  return value * 2;
}
`,
  'shop/web/jest/cart.test.cjs': `const { half } = require('./half.cjs');

// step: first
test('halves', () => {
  expect(half(4)).toBe(3); // mark: jt-a
});

// step: second
test('throws', () => {
  half('x'); // mark: jt-a
});
`,
  'shop/web/jest/half.cjs': `// step: half
exports.half = (value) => {
  if (typeof value !== 'number') {
    throw new TypeError('no number'); // mark: jt-a
  }
  return value / 2;
};
`,
};
const rs = {
  'shop/engine/Cargo.toml': '[package]\nname = "engine"\nversion = "0.1.0"\nedition = "2021"\n',
  'shop/engine/src/pricing/mod.rs': rules('rs', 'ra', 36, ['// Price rules.', '']),
  'shop/engine/src/stock/mod.rs': rules('rs', 'rb', 24, ['// Stock rules.', '']),
  'shop/engine/src/rules.rs': rules('rs', 'rc', 24, ['// Rules.', '']),
  'shop/engine/src/main.rs': `#![allow(dead_code, unused)]
mod cart;
mod deep;
mod pricing;
mod rules;
mod stock;

// step: run
fn run(case: &str) -> i64 {
    if case == "b" {
        return cart::parse("12x"); // mark: rs-b
    }
    cart::total(case) // mark: rs-a
}

// step: main
fn main() {
    let case = std::env::args().nth(1).unwrap_or_default();
    println!("{}", run(&case)); // mark: rs-a rs-b
}
`,
  'shop/engine/src/cart.rs': `use crate::deep;

// step: total
pub fn total(case: &str) -> i64 {
    deep::cart::part(case, 7) // mark: rs-a
}

// step: parse
pub fn parse(text: &str) -> i64 {
    text.parse::<i64>().unwrap() // mark: rs-b rt-c0
}

#[cfg(test)]
mod tests {
    use super::*;

    // step: first
    #[test]
    fn adds() {
        assert_eq!(1 + 1, 3, "sum"); // mark: rt-a
    }

    // step: second
    #[test]
    fn parses() {
        parse("y"); // mark: rt-c
    }
}
`,
  'shop/engine/src/deep/mod.rs': 'pub mod cart;\n',
  'shop/engine/src/deep/cart.rs': `// step: part
pub fn part(case: &str, index: usize) -> i64 {
    let parts = vec![1, 2, 3];
    parts[index] // mark: rs-a rs-a0
}
`,
  'shop/engine/src/bad.rs': `// step: first
pub fn first() -> i64 {
    let text: i64 = "x"; // mark: rc-a
    text
}

// step: second
pub fn second() -> i64 {
    missing_name + 1 // mark: rc-a
}
`,
};
const go = {
  'shop/gate/go.mod': 'module shop.example/gate\n\ngo 1.19\n',
  'shop/gate/pricing/rules.go': rules('go', 'ga', 36, ['// Package pricing has rules.', 'package pricing', '']),
  'shop/gate/pricing/util.go': rules('go', 'gb', 24, ['package pricing', '']).replace(/func price/g, 'func utilPrice'),
  'shop/gate/stock/util.go': rules('go', 'gc', 24, ['// Package stock has rules.', 'package stock', '']),
  'shop/gate/main.go': `package main

import (
	"os"

	"shop.example/gate/cart"
)

// step: run
func run(name string) int {
	if name == "b" {
		return cart.Find(nil, name) // mark: go-b
	}
	return cart.Total(name) // mark: go-a
}

// step: main
func main() {
	println(run(os.Args[1])) // mark: go-a go-b
}
`,
  'shop/gate/cart/cart.go': `// Package cart holds lines.
package cart

// step: total
func Total(name string) int {
	lines := []int{1, 2, 3}
	return part(lines, len(name)+4) // mark: go-a
}

// step: part
func part(lines []int, index int) int {
	return lines[index] // mark: go-a
}

// step: find
func Find(prices map[string]int, name string) int {
	prices[name] = 1 // mark: go-b
	return prices[name]
}
`,
  'shop/gate/cart/cart_test.go': `package cart

import "testing"

// step: first
func TestSum(t *testing.T) {
	if 1+1 != 3 {
		t.Errorf("sum is %d", 2) // mark: gt-a
	}
	t.Log("done") // mark: gt-a
}

// step: second
func TestEmpty(t *testing.T) {
	if len("") != 0 {
		t.Fatal("not empty")
	}
}
`,
};
go['shop/gate/bad/bad.go'] = `// Package bad does not build.
package bad

import "fmt"

// step: first
func First() int {
	return missingName // mark: gb-a gb-v
}

// step: second
func Second() {
	fmt.Println(undefinedToo) // mark: gb-a
}
`;
const javaRules = (pack, name, tag) =>
  rules('java', tag, 24, [`package com.shop.${pack};`, '', `/** Price rules. */`, `public class ${name} {`], ['}']);
const java = {
  'shop/ledger/src/com/shop/ledger/Rules.java': javaRules('ledger', 'Rules', 'ja'),
  'shop/ledger/src/com/shop/report/Rules.java': javaRules('report', 'Rules', 'jb'),
  'shop/ledger/src/com/shop/report/Steps.java': javaRules('report', 'Steps', 'jc'),
  'shop/ledger/src/com/shop/Main.java': `package com.shop;

import com.shop.ledger.Totals;

public class Main {
    // step: run
    static int run(String name) {
        if (name.equals("b")) {
            return com.shop.report.Totals.sum(name); // mark: java-b
        }
        return Totals.sum(name); // mark: java-a
    }

    // step: main
    public static void main(String[] args) {
        System.out.println(run(args[0])); // mark: java-a java-b
    }
}
`,
  'shop/ledger/src/com/shop/ledger/Totals.java': `package com.shop.ledger;

public class Totals {
    // step: sum
    public static int sum(String name) {
        return part(new int[] {1, 2}, name.length() + 3); // mark: java-a
    }

    // step: part
    static int part(int[] lines, int index) {
        return lines[index]; // mark: java-a
    }
}
`,
  'shop/ledger/src/com/shop/report/Totals.java': `package com.shop.report;

public class Totals {
    // step: sum
    public static int sum(String name) {
        try {
            return Integer.parseInt(name); // mark: java-b
        } catch (NumberFormatException error) {
            throw new IllegalStateException("no number: " + name, error); // mark: java-b
        }
    }
}
`,
};
java['shop/ledger/bad/Bad.java'] = `package bad;

public class Bad {
    // step: first
    static int first() {
        return missingName; // mark: jx-a
    }

    // step: second
    static String second() {
        return 1; // mark: jx-a
    }
}
`;
const c = {
  'shop/native/Makefile':
    'CFLAGS = -Wall -Iinclude\n\n# step: all\nall: build/main\n\n# step: main\nbuild/main: src/main.c src/cart.c\n\t@mkdir -p build\n\tcc $(CFLAGS) -o build/main src/main.c src/cart.c\n\n# step: bad\nbad: src/bad.c\n\tcc $(CFLAGS) -c -o build/bad src/bad.c # mark: make-a\n',
  'shop/native/src/rules.c': rules('c', 'ca', 36, ['/* Price rules. */', '']),
  'shop/native/src/util.c': rules('c', 'cb', 24, ['/* Helpers of the prices. */', '']),
  'shop/native/stock/util.c': rules('c', 'cc', 24, ['/* Helpers of the stock. */', '']),
  'shop/native/include/cart.h': `/* step: cart */
#ifndef CART_H
#define CART_H
int cart_total(int qty);
#endif
`,
  'shop/native/src/main.c': `/* step: main */
#include <stdio.h>
#include <stdlib.h>
#include "cart.h"

/* step: run */
int main(int argc, char **argv) {
    printf("%d\\n", cart_total(argc > 1 ? atoi(argv[1]) : 1));
    return 0;
}
`,
  'shop/native/src/cart.c': `/* step: cart */
#include "cart.h"
#include <assert.h>

/* step: total */
int cart_total(int qty) {
    assert(qty > 0); /* mark: c-a */
    return qty * 2;
}
`,
  'shop/native/include/bad.h': `/* step: bad */
struct bad {
    int count;
};
badtype bad_of(int count); /* mark: c-h */
`,
  'shop/native/src/bad.c': `/* step: include */
#include "bad.h" /* mark: c-h */

/* step: sum */
int bad_sum(void) { /* mark: c-b */
    return missing_name + 1; /* mark: c-b */
} /* mark: c-b */

/* step: last */
int bad_last(void) {
    int unused = 1; /* mark: c-b */
    return bad_sum("x"); /* mark: c-b */
}
`,
};
const long = [
  '# The long list',
  '',
  ...Array.from({ length: 3200 }, (_, i) =>
    i % 8 === 5 ? 'The same sentence stands here again.' : `Entry ${String(i + 1).padStart(4, '0')}: ${'word '.repeat(1 + (i % 5)).trim()}`,
  ),
].join('\n');
const other = {
  'shop/README.md': '# Shop\n\nSix small parts in six languages.\n\n## Parts\n\n- svc\n- web\n- engine\n- gate\n- ledger\n- native\n',
  'shop/docs/long.md': long + '\n',
  'shop/docs/windows.txt':
    Array.from({ length: 120 }, (_, i) => (i % 6 === 3 ? 'same line' : `Windows line ${i + 1}`)).join('\r\n') + '\r\n',
  'shop/docs/config.ini':
    Array.from({ length: 60 }, (_, i) => (i % 10 === 0 ? `[part${i / 10}]` : `key${i % 10} = value ${i}`)).join('\r\n') + '\r\n',
  'shop/docs/unicode.md':
    Array.from(
      { length: 90 },
      (_, i) =>
        [
          `Zeile ${i}: Größe und Straße`,
          `行 ${i}: 価格の規則`,
          `Ligne ${i} — « déjà vu » 🙂`,
          `cafe\u0301 ${i} and caf\u00e9`,
          `emoji ${i} 👩‍👩‍👧‍👦 🇸🇪`,
          `separator ${i} a\u2028b and tab\tend`,
        ][i % 6],
    ).join('\n') + '\n',
  'shop/docs/Größe 1.md': Array.from({ length: 40 }, (_, i) => `Maß ${i + 1}`).join('\n') + '\n',
  'shop/docs/no newline.txt': Array.from({ length: 30 }, (_, i) => `plain ${i + 1}`).join('\n'),
  'shop/docs/[draft] (1).md': Array.from({ length: 30 }, (_, i) => `draft line ${i + 1}`).join('\n') + '\n',
  'shop/docs/bom.txt': '\ufeff' + Array.from({ length: 30 }, (_, i) => `marked ${i + 1}`).join('\n') + '\n',
  'shop/docs/wide.txt': Array.from({ length: 400 }, (_, i) => `wide ${i + 1} ${'x'.repeat(240)}`).join('\n') + '\n',
  'shop/docs/old-run.log':
    'run of last week\nFile "/sandbox/.openclaw/workspace/shop/svc/cart.py", line 3, in total\nsrc/trace/cart.ts:400:3 - error\nlistening on localhost:8080 at 12:30:45\nlib/nothing.ts:12:5: not here\n/usr/lib/python3/nothing.py:9: elsewhere\nversion cart.ts:v2:7\n',
  'memory/2026-08-01.md': Array.from({ length: 40 }, (_, i) => `- memory note ${i + 1}`).join('\n') + '\n',
};
// Directories with files of the same name, some of them with the same content at some lines.
const same = Object.fromEntries(
  ['a', 'b', 'a/lib', 'b/lib', 'a/lib/deep', 'b/lib/deep'].flatMap((dir) =>
    ['index.js', 'util.js', 'README.md'].map((name) => [
      `shop/same/${dir}/${name}`,
      Array.from({ length: 30 }, (_, i) => (i % 3 === 1 ? `// common ${i}` : `// ${dir} ${name} ${i + 1}`)).join('\n') + '\n',
    ]),
  ),
);
export const project = { ...py, ...ts, ...rs, ...go, ...java, ...c, ...other, ...same };
/** Made by the recording before the first turn: [path, target]. */
export const links = [
  ['shop/current', 'web/src'],
  ['shop/latest.ts', 'web/src/pricing/index.ts'],
  ['shop/native/shared', '../svc/stock'],
  ['shop/web/node_modules', '/opt/jstools/node_modules'],
];
