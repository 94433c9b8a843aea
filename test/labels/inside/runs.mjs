// Commands whose output names lines: what is run, where, and which marks stand at exactly the lines that the output must name.
// `marks` are lines named as file:line (in whatever way the language does), `shown` names lines by other means (a number beside the
// text, under the name of the file) and may or may not be found.
import { ROOT } from './calls.mjs';

const at = (dir) => `${ROOT}/shop/${dir}`;
const run = (lang, what, command, marks, more = {}) => ({ lang, what, command, marks, ...more });

export const RUNS = {
  py: [
    run('python', 'trace', 'python3 shop/svc/report/main.py a', ['py-a'], { named: ['shop/svc/report/main.py'] }),
    run('python', 'trace', 'cd shop/svc/report && python3 main.py b', ['py-b'], { named: ['shop/svc/report/main.py'] }),
    run('python', 'trace', `python3 ${at('svc/report/main.py')} c 2>&1`, ['py-c'], { named: ['shop/svc/report/main.py'] }),
    run('python', 'trace', 'python3 main.py a', ['py-a'], { workdir: at('svc/report'), named: ['shop/svc/report/main.py'] }),
    run('python', 'warning', 'cd shop/svc && python3 report/main.py e', ['py-e'], { named: ['shop/svc/report/main.py'] }),
    run('python', 'syntax', 'python3 shop/svc/broken.py', ['py-open'], { named: ['shop/svc/broken.py'] }),
    run('python', 'syntax', 'cd shop && python3 -m py_compile svc/broken.py', ['py-open'], { named: ['shop/svc/broken.py'] }),
    run('python', 'unittest', 'cd shop/svc && python3 -B -m unittest discover -s tests', ['py-t1', 'py-t2']),
    run('python', 'unittest', 'python3 -B tests/test_cart.py -v', ['py-t1', 'py-t2'], {
      workdir: at('svc'),
      named: ['shop/svc/tests/test_cart.py'],
    }),
    run('python', 'pytest', 'cd shop/svc && python3 -B -m pytest -p no:cacheprovider -q tests', ['py-t1', 'py-t2'], { slow: true }),
    run('python', 'pytest', 'python3 -B -m pytest -p no:cacheprovider --tb=short shop/svc/tests/test_cart.py', ['py-t1', 'py-t2'], {
      named: ['shop/svc/tests/test_cart.py'],
      slow: true,
    }),
    run('python', 'pytest', 'python3 -B -m pytest -p no:cacheprovider --tb=native -k negative tests', ['py-t2'], {
      workdir: at('svc'),
      slow: true,
    }),
    run('python', 'pytest', 'cd shop/svc/tests && python3 -B -m pytest -p no:cacheprovider --tb=line .', ['py-t1', 'py-l2'], {
      slow: true,
    }),
  ],
  ts: [
    run('typescript', 'trace', 'node shop/web/src/trace/main.ts a', ['ts-a'], { named: ['shop/web/src/trace/main.ts'] }),
    run('typescript', 'trace', 'cd shop/web && node src/trace/main.ts b', ['ts-b'], { named: ['shop/web/src/trace/main.ts'] }),
    run('typescript', 'trace', 'node main.ts c', ['ts-c'], { workdir: at('web/src/trace'), named: ['shop/web/src/trace/main.ts'] }),
    run('typescript', 'trace', `node ${at('web/src/trace/main.ts')} d 2>&1 | cat`, ['ts-d'], { named: ['shop/web/src/trace/main.ts'] }),
    run('javascript', 'trace', 'node shop/web/src/trace/old.cjs', ['js-a'], { named: ['shop/web/src/trace/old.cjs'] }),
    run('javascript', 'trace', 'cd shop/web/src && node trace/old.cjs', ['js-a'], { named: ['shop/web/src/trace/old.cjs'] }),
    run('typescript', 'node-test', 'cd shop/web && node --test test/cart.test.ts', ['nt-a', 'nt-b', 'ts-n'], {
      named: ['shop/web/test/cart.test.ts'],
    }),
    run('typescript', 'node-test', 'node --test --test-reporter=tap shop/web/test/cart.test.ts', ['nt-a', 'nt-b', 'ts-n'], {
      named: ['shop/web/test/cart.test.ts'],
    }),
    run('typescript', 'tsc', 'cd shop/web && /opt/jstools/node_modules/.bin/tsc -p . --pretty false', ['tsc-a'], { slow: true }),
    run('typescript', 'tsc', '/opt/jstools/node_modules/.bin/tsc -p shop/web --pretty', ['tsc-a', 'tsc-p'], { slow: true }),
    run('typescript', 'vitest', 'cd shop/web && node_modules/.bin/vitest run --root spec', ['vt-a'], { slow: true }),
    run('javascript', 'jest', 'node_modules/.bin/jest --rootDir jest', ['jt-a'], { workdir: at('web'), slow: true }),
  ],
  rs: [
    run('rust', 'trace', 'cd shop/engine && cargo run --offline -q -- a', ['rs-a0'], { slow: true }),
    run('rust', 'trace', 'RUST_BACKTRACE=1 cargo run --offline -q -- a', ['rs-a'], { workdir: at('engine'), slow: true }),
    run('rust', 'trace', 'cd shop/engine && RUST_BACKTRACE=1 cargo run --offline -- b', ['rs-b'], { slow: true }),
    run('rust', 'cargo-test', 'cd shop/engine && cargo test --offline -q', ['rt-a', 'rt-c0'], { slow: true }),
    run('rust', 'rustc', 'cd shop/engine && rustc --edition 2021 --emit=metadata --crate-type lib --out-dir target src/bad.rs', ['rc-a'], {
      slow: true,
      named: ['shop/engine/src/bad.rs'],
    }),
    run(
      'rust',
      'rustc',
      'rustc --edition 2021 --error-format=short --emit=metadata --crate-type lib --out-dir /tmp shop/engine/src/bad.rs',
      ['rc-a'],
      {
        slow: true,
        named: ['shop/engine/src/bad.rs'],
      },
    ),
  ],
  go: [
    run('go', 'trace', 'cd shop/gate && go run . a', ['go-a'], { slow: true }),
    run('go', 'trace', 'go run . b', ['go-b'], { workdir: at('gate'), slow: true }),
    run('go', 'go-test', 'cd shop/gate && go test ./...', ['gt-a', 'gb-a'], { slow: true }),
    run('go', 'go-test', 'go test -v .', ['gt-a'], { workdir: at('gate/cart'), slow: true }),
    run('go', 'go-build', 'cd shop/gate && go build ./bad', ['gb-a'], { slow: true }),
    run('go', 'go-build', 'cd shop/gate/bad && go vet .', ['gb-v'], { slow: true }),
  ],
  java: [
    run(
      'java',
      'trace',
      'cd shop/ledger && mkdir -p out && javac -d out $(find src -name "*.java") && java -cp out com.shop.Main a',
      ['java-a'],
      { slow: true },
    ),
    run('java', 'trace', 'javac -d out $(find src -name "*.java") && java -cp out com.shop.Main b', ['java-b'], {
      workdir: at('ledger'),
      slow: true,
    }),
    run('java', 'javac', 'cd shop/ledger && javac -d out bad/Bad.java', ['jx-a'], { named: ['shop/ledger/bad/Bad.java'], slow: true }),
    run('java', 'javac', 'javac -d /tmp/out shop/ledger/bad/Bad.java', ['jx-a'], { named: ['shop/ledger/bad/Bad.java'], slow: true }),
  ],
  c: [
    run('c', 'trace', 'cd shop/native && make -s && ./build/main 0', ['c-a']),
    run('c', 'gcc', 'cd shop/native && gcc -Wall -Iinclude -c src/bad.c -o /tmp/bad.o', ['c-h', 'c-b'], {
      named: ['shop/native/src/bad.c'],
    }),
    run('c', 'gcc', 'gcc -Wall -fno-diagnostics-show-caret -Ishop/native/include -c shop/native/src/bad.c -o /tmp/bad.o', ['c-h', 'c-b'], {
      named: ['shop/native/src/bad.c'],
    }),
    run('c', 'make', 'make bad', ['make-a', 'c-h', 'c-b'], { workdir: at('native') }),
    run('c', 'make', 'make -C shop/native bad', ['make-a', 'c-h', 'c-b']),
  ],
};
