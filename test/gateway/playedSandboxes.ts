/**
 * Sandboxes in an engine that is played: nothing can be run in their containers, their files are those of a recording, and their logs
 * are what its supervisor wrote. All of them are the same recording under names and ids of their own.
 */
import { request as ask } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeEngine } from '../unit/attach/fakeEngine';
import { container, PlayedEngine } from '../unit/sandboxes/playedEngine';

export interface PlayedSandbox {
  readonly id: string;
  readonly name: string;
}

export class PlayedSandboxes implements AsyncDisposable {
  readonly #engine: PlayedEngine;
  readonly #files: FakeEngine;
  readonly #directory: string;

  private constructor(engine: PlayedEngine, files: FakeEngine, directory: string) {
    this.#directory = directory;
    this.#engine = engine;
    this.#files = files;
  }

  static async start(root: string, sandboxes: readonly PlayedSandbox[]): Promise<PlayedSandboxes> {
    const directory = mkdtempSync(join(tmpdir(), 'sandglass-engine-'));
    const socket = join(directory, 'files.sock');
    const files = await FakeEngine.start(root, socket);
    const labels = ({ id, name }: PlayedSandbox): Record<string, string> => ({
      'openshell.ai/sandbox-id': id,
      'openshell.ai/sandbox-name': name,
    });
    const engine = new PlayedEngine(
      sandboxes.map((one) => container(one.name, labels(one))),
      join(directory, 'docker.sock'),
    );
    const log = framed(readFileSync(join(root, 'container.log'), 'utf8'));
    engine.answer = (request, response, url) => {
      if (/\/exec$/.test(url.pathname)) {
        // Nothing can be run in it.
        request.resume();
        response.writeHead(500).end('{"message":"exec is fenced"}');
        return true;
      }
      if (/\/logs$/.test(url.pathname)) {
        response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
        response.write(log);
        if (url.searchParams.get('follow') !== 'true' && url.searchParams.get('follow') !== '1') response.end();
        return true;
      }
      if (!/^\/containers\/[^/]+\/(?:archive|json)$/.test(url.pathname)) return false;
      const forwarded = ask({ socketPath: socket, path: request.url, method: request.method ?? 'GET' }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      forwarded.on('error', () => response.destroy());
      forwarded.end();
      return true;
    };
    await engine.start();
    return new PlayedSandboxes(engine, files, directory);
  }

  get host(): string {
    return this.#engine.host;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.stop();
    await this.#files.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** As an engine sends a container's log: each line in a frame, with its time before it. */
function framed(text: string): Buffer {
  return Buffer.concat(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const bytes = Buffer.from(`${line.split(' ')[0]?.replace(/Z$/, '000000Z')} ${line}\n`);
        const head = Buffer.alloc(8);
        head[0] = 2;
        head.writeUInt32BE(bytes.length, 4);
        return Buffer.concat([head, bytes]);
      }),
  );
}
