// What a command's words tell of where it ran and which files it names; and that no command or output takes long to be read.
import { describe, expect, it } from 'vitest';
import { placeRefs } from '../../../server/src/decode/openclaw/placeRefs';
import { commandPlaces, namedLimit } from '../../../server/src/locate/command';
import { linesBefore } from '../../../server/src/locate/undone';

const base = '/sandbox/w';
const files = (command: string): readonly string[] => commandPlaces(command, base).files.map(({ path }) => path);

describe('a command', () => {
  it('names files where it ran', () => {
    expect(files('cat a.py')).toEqual(['/sandbox/w/a.py']);
    expect(files('cd sub && grep -n "b.py" a.py')).toEqual(['/sandbox/w/sub/a.py']);
    expect(files('git -C repo grep -n x -- src/a.rs')).toEqual(['/sandbox/w/repo/src/a.rs']);
    expect(files("sed -n '3,6p' '../with blank.md'")).toEqual(['/sandbox/with blank.md']);
    expect(commandPlaces("sed -n '3,6p' a.py", base).files[0]?.lines).toEqual([2, 5]);
    expect(commandPlaces('(cd a && cat x.py); cat y.py', base).files.map(({ path }) => path)).toEqual([
      '/sandbox/w/a/x.py',
      '/sandbox/w/y.py',
    ]);
  });

  it('names the file that its output goes to', () => {
    expect(files('printf x > a.py')).toEqual(['/sandbox/w/a.py']);
    expect(files("cd sub && cat >> b.py <<'EOF'")).toEqual(['/sandbox/w/sub/b.py']);
    expect(files('node a.js 2>/dev/null')).toEqual(['/sandbox/w/a.js']);
  });

  it('goes on over quotes within quotes, lines that go on, and remarks', () => {
    expect(files('echo "say \\"cat no.py\\"" && cat a.py')).toEqual(['/sandbox/w/a.py']);
    expect(files('cat \\\n  a.py \\\n  b.py')).toEqual(['/sandbox/w/a.py', '/sandbox/w/b.py']);
    expect(files("# it's cat no.py\ncat a.py # not b.py\ncat c#d.py")).toEqual(['/sandbox/w/a.py', '/sandbox/w/c#d.py']);
  });

  it('names nothing out of a here-document, also of one without an end or two in a line', () => {
    expect(files('cat <<\'A\' <<"B" > x.txt\ncat no.py\nA\ncat no.py\nB\ncat a.py')).toEqual(['/sandbox/w/x.txt', '/sandbox/w/a.py']);
    expect(files('python3 - <<EOF\nopen("no.py")\ncat no.py')).toEqual([]);
    expect(files('cat <<EOF\nEOFX\n EOF\ncat no.py\nEOF\ncat a.py')).toEqual(['/sandbox/w/a.py']);
    expect(files("grep x <<< 'cat no.py'\ncat a.py")).toEqual(['/sandbox/w/a.py']);
    expect(files('echo $((1 << 2)) && cat a.py')).toEqual(['/sandbox/w/a.py']);
  });

  it('does not name what it says or looks for', () => {
    for (const command of ["echo 'see a.py'", 'grep a.py', 'gcc -o a.out', 'curl https://x.dev/a.py', 'cat *.py'])
      expect(files(command), command).toEqual([]);
  });

  it('changes files or only shows them', () => {
    expect(commandPlaces('cat a.log', base)).toMatchObject({ shows: true, changes: false });
    expect(commandPlaces("sed -i 's/a/b/' a.py", base).changes).toBe(true);
    expect(commandPlaces('node a.js > b.txt', base)).toMatchObject({ shows: false, changes: true });
    expect(commandPlaces('grep -rn x . 2>/dev/null', base)).toMatchObject({ searches: true, changes: false });
  });
});

describe('text made to be slow', () => {
  it('is read in bounds', () => {
    const texts = ['a/'.repeat(200_000), "'".repeat(100_000), '(cd a && '.repeat(50_000), 'a.b '.repeat(100_000), '\\'.repeat(100_000)];
    texts.push('cd a;'.repeat(50_000), 'cat <<E\n'.repeat(50_000), '<<E '.repeat(50_000), '"\\"'.repeat(50_000), '#'.repeat(100_000));
    for (const text of texts) expect(commandPlaces(text, base).files.length).toBeLessThanOrEqual(namedLimit);
    for (const text of [
      'a b.c:1'.repeat(50_000),
      'a.b.'.repeat(50_000) + '(X.java:1)',
      '((((a.c(1,2)'.repeat(50_000),
      'FAIL\ta/a'.repeat(50_000),
    ])
      expect(placeRefs(text).length).toBeLessThanOrEqual(32);
  });

  it('is not taken back where a change may have been made in more than one place', () => {
    const edit = (oldText: string, newText: string) =>
      ({ event: { kind: 'edit', edits: [{ oldText, newText }], patch: null }, firstChanged: null }) as const;
    expect(linesBefore([[edit('a', 'b')]], ['x', 'b'])).toEqual({ from: 0, lines: ['x', 'a'] });
    expect(linesBefore([[edit('a', 'b')]], ['b', 'b'])).toEqual({ from: 1, lines: ['b', 'b'] });
    expect(linesBefore([[edit('a', '')]], ['b'])).toEqual({ from: 1, lines: ['b'] });
  });
});
