import { describe, expect, it } from 'vitest';
import { problemRow } from '../../../client/src/commands/problemRow';
import type { ListedFile } from '../../../client/src/commands/problemRow';

const problem = (severity: number, line: number, related = 0): ListedFile['problems'][number] => ({ severity, line, column: 0, related });
const file = (path: string, ...problems: ListedFile['problems']): ListedFile => ({ path, name: path.split('/').at(-1)!, problems });

describe('the row of a problem in Problems', () => {
  const files = [
    file('/sandbox/tests/test_cart.py', problem(1, 10, 2), problem(0, 30), problem(3, 1)),
    file('/read.txt', problem(0, 0)),
    file('/exec.txt', problem(1, 0, 1)),
    file('/hints.txt', problem(3, 0)),
  ];
  it('counts files, problems and what stands beneath them, worst file first', () => {
    // 0 read.txt, 1 its error, 2 test_cart.py, 3 error at 30, 4 warning at 10, 5-6 related, 7 exec.txt, 8 its warning, 9 related
    expect(problemRow(files, '/read.txt', 0)).toBe(1);
    expect(problemRow(files, '/sandbox/tests/test_cart.py', 30)).toBe(3);
    expect(problemRow(files, '/sandbox/tests/test_cart.py', 10)).toBe(4);
    expect(problemRow(files, '/exec.txt', 0)).toBe(8);
  });
  it('is none for what is not listed', () => {
    expect(problemRow(files, '/hints.txt', 0)).toBeNull();
    expect(problemRow(files, '/read.txt', 5)).toBeNull();
    expect(problemRow([], '/read.txt', 0)).toBeNull();
  });
});
