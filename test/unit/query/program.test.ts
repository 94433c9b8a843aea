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
    ['sudo -u root pytest', 'pytest'],
    ['sudo -Eu root --group wheel -H env -u HOME -i A=1 make', 'make'],
    ['sudo -uroot pytest', 'pytest'],
    ['sudo --user=root -n pytest', 'pytest'],
    ['timeout -s KILL -k 5 --preserve-status 10m exec -a name cargo test', 'cargo'],
    ['time -p make', 'make'],
    ['time -f %e -o took make', 'make'],
    ['nice -n 10 stdbuf -oL -e 0 pytest', 'pytest'],
    ['>out make', 'make'],
    ['> out 2>&1 make', 'make'],
    ['&>out <in {fd}>x make', 'make'],
    ['2>|out <<<word make', 'make'],
    ['make >|out -j4 | tail', 'make'],
    ['exec 2>&1; make', 'make'],
    ['y=$((x<<y))\nmake', 'make'],
    ['x=$(( 1 << n ))\nmake', 'make'],
    ['let x=1<<n\nmake', 'make'],
    ['python3<<EOF\nmake\nEOF', 'python3'],
    ['python3.11 - <<-EOF\n\tmake\n\tEOF\ncd x', 'python3.11'],
    ['for ((i = 0; i < 3; i++)); do cat <<EOF; done\nmake\nEOF', 'cat'],
  ])('%s: %s', (command, program) => expect(programOf(command)).toBe(program));

  it('is no word, or a short and plain one, whatever stands there', () => {
    for (const command of ['', ' \n\t', '"', '$( | ; && ', '\u001b[31m\u202e', '#only', '&&&&||||;;;;', '"unclosed', '\\']) {
      expect(programOf(command) ?? '', command).toMatch(/^[\p{L}\p{N}._+:-]*$/u);
    }
    expect(programOf('x'.repeat(10_000))).toHaveLength(40);
    expect(programOf('$(trash) [x](command:y) i<mg>')).toBe('img');
    // Of this process alone, whatever else the machine does: where it goes over all of it again and again, it takes minutes.
    const began = process.cpuUsage();
    programOf('<<A\n'.repeat(100_000));
    programOf("<<'".repeat(100_000));
    programOf(`((${'<<'.repeat(100_000)}`);
    programOf(`${'(('.repeat(1000)}${'1<<a '.repeat(1000)}`);
    programOf(`${'1'.repeat(2000)}${'<<'.repeat(1000)}`);
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1000).toBeLessThan(5000);
  });
});
