import { describe, expect, it } from 'vitest';
import { programOf } from '../../../server/src/query/program';

describe('the program of a command', () => {
  it.each([
    ['pytest -q', 'pytest'],
    ['cd project && python3 -m unittest discover -s tests -v', 'python3'],
    ['cd project && git log --oneline -3 | head -2', 'git'],
    ['cd /app; FOO=1 BAR="a b" /usr/bin/npm test 2>&1 | tail -20; echo "exit $?"', 'npm'],
    ['set -euo pipefail\ncd app\n# then the build\ncargo build --release || true', 'cargo'],
    ['timeout 30s env CI=1 sudo -E make -j4', 'make'],
    ['python3 -c "import os; os.system(\'ls && rm\')"', 'python3'],
    ["python3 - <<'EOF'\nimport re; x = 1\nrun(x) && done\nEOF", 'python3'],
    ["cat > a.py <<EOF && ruff check a.py\nprint('x'); y\nEOF\n", 'ruff'],
    ['for f in *.ts; do tsc "$f"; done', 'tsc'],
    ['if [ -f x ]; then ./gradlew build; fi', 'gradlew'],
    ['(cd sub && go test ./...)', 'go'],
    ['sleep 30 & curl -sS http://x/?a=1\\&b=2', 'curl'],
    ['npm run \\\n  build &> log', 'npm'],
    ['echo item 1', 'echo'],
    ['cd /tmp', 'cd'],
    ['"/opt/my tools/run it" x', 'runit'],
  ])('%s: %s', (command, program) => expect(programOf(command)).toBe(program));

  it('is no word, or a short and plain one, whatever stands there', () => {
    for (const command of ['', ' \n\t', '"', '$( | ; && ', '\u001b[31m\u202e', '#only', '&&&&||||;;;;', '"unclosed', '\\']) {
      expect(programOf(command) ?? '', command).toMatch(/^[\p{L}\p{N}._+:-]*$/u);
    }
    expect(programOf('x'.repeat(10_000))).toHaveLength(40);
    expect(programOf('$(trash) [x](command:y) <img>')).toBe('img');
    const began = performance.now();
    programOf('<<A\n'.repeat(100_000));
    programOf("<<'".repeat(100_000));
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
