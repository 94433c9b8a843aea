/**
 * The same reader for a sandbox whose Node is missing or too old: written in Python (reader/python), run by the sandbox's python3 with
 * its standard library only. It is asked the same, answers the same, and goes on from the same cursors.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { AttachError } from '../errors';
import type { SourceRecord } from '../record';
import { readerRecords, type Interpreter, type ReaderExecOptions } from './readerExec';

/**
 * The first words to a sandbox's Python: take a script of the given length from stdin, run it, and leave the rest of stdin to it. It
 * must parse in any Python 3, to be able to say that it is too old.
 */
export const PYTHON_BOOTSTRAP = `import os, sys
if sys.version_info < (3, 8):
    os.write(1, ('{"kind":"failed","reason":"no-runtime","message":"The Python in this sandbox is %d.%d","hint":"Reading needs Python 3.8 or newer in the sandbox."}\\n' % sys.version_info[:2]).encode())
    os._exit(0)
def take(length):
    held = b''
    while len(held) < length:
        piece = os.read(0, length - len(held))
        if not piece:
            os._exit(0)
        held += piece
    return held
def prefixed():
    head = b''
    while head[-1:] != b'\\n':
        head += take(1)
    return take(int(head))
exec(compile(prefixed(), 'reader.py', 'exec'), {'__name__': '__main__', 'prefixed': prefixed})`;

/** Alone (-I, -S): nothing of the sandbox's own settings or packages is loaded into it; and it leaves no bytecode behind (-B). */
export const PYTHON: Interpreter = {
  command: ['python3', '-I', '-S', '-B', '-u', '-X', 'utf8', '-c', PYTHON_BOOTSTRAP],
  env: ['PYTHONDONTWRITEBYTECODE=1'],
  missing: {
    message: 'There is no python3 in this sandbox',
    hint: 'Reading needs Node 22.13 or Python 3.8, or newer, on the PATH of user "sandbox".',
  },
};

/** `script`: see pythonScript. */
export function pythonRecords(container: Docker.Container, options: Omit<ReaderExecOptions, 'interpreter'>): AsyncGenerator<SourceRecord> {
  return readerRecords(container, { ...options, interpreter: PYTHON });
}

let script: Promise<string> | null = null;

/** The reader in Python, which lies beside this bundle. */
export function pythonScript(): Promise<string> {
  script ??= readFile(join(__dirname, 'reader.py'), 'utf8').catch((error: unknown) => {
    script = null;
    throw new AttachError(
      'reader-failed',
      'The script that reads in a sandbox with Python is missing from this installation',
      'Install Sandglass again.',
      { cause: error },
    );
  });
  return script;
}
