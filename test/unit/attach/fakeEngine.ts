/** An engine that knows one container and nothing but the archive API, whose files are a directory here. What it was asked is kept. */
import { createReadStream, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import Docker from 'dockerode';
import { pack } from 'tar-stream';

const GO_DIRECTORY = 0x8000_0000;
const GO_SYMLINK = 0x0800_0000;
const GO_PIPE = 0x0200_0000;
/** Is not held in memory. */
const LARGE = 16 * 1024 * 1024;

export class FakeEngine {
  /** `HEAD /path` and `GET /path`, in order. */
  readonly asked: string[] = [];
  running = true;
  /** The container is no more: nothing of it is found. */
  removed = false;
  /** Bytes of archives that it has sent so far. */
  sent = 0;
  /** Called before each answer; what it changes is seen by it. */
  before: (what: string) => void = () => undefined;
  /** Who owns the files, as the archive says. */
  uid = 0;
  readonly #root: string;
  readonly #server: Server;
  readonly #socket: string;

  private constructor(root: string, socket: string) {
    this.#root = root;
    this.#socket = socket;
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://engine');
      if (url.pathname.endsWith('/json')) {
        if (this.removed) response.statusCode = 404;
        response.end(
          JSON.stringify(this.removed ? { message: 'No such container: one' } : { State: { Running: this.running, Paused: false } }),
        );
        return;
      }
      const path = url.searchParams.get('path') ?? '/';
      const what = `${request.method} ${path}`;
      this.asked.push(what);
      this.before(what);
      this.#answer(request.method === 'HEAD', path, response);
    });
  }

  static async start(root: string, socket: string): Promise<FakeEngine> {
    const engine = new FakeEngine(root, socket);
    await new Promise<void>((resolve) => engine.#server.listen(socket, resolve));
    return engine;
  }

  get container(): Docker.Container {
    return new Docker({ socketPath: this.#socket }).getContainer('one');
  }

  #answer(head: boolean, path: string, response: ServerResponse): void {
    const host = join(this.#root, path);
    const stat = lstatSync(host, { bigint: true, throwIfNoEntry: false });
    if (!stat || this.removed) {
      response.statusCode = 404;
      response.end(JSON.stringify({ message: 'no such file' }));
      return;
    }
    const kind = stat.isDirectory() ? GO_DIRECTORY : stat.isSymbolicLink() ? GO_SYMLINK : stat.isFile() ? 0 : GO_PIPE;
    const seconds = new Date(Number(stat.mtimeNs / 1_000_000n)).toISOString().slice(0, 19);
    const found = {
      name: posix.basename(path),
      size: Number(stat.size),
      mode: kind + Number(stat.mode & 0o777n),
      mtime: `${seconds}.${String(stat.mtimeNs % 1_000_000_000n).padStart(9, '0')}Z`,
      linkTarget: stat.isSymbolicLink() ? readlinkSync(host) : '',
    };
    response.setHeader('X-Docker-Container-Path-Stat', Buffer.from(JSON.stringify(found)).toString('base64'));
    if (head) {
      response.end();
      return;
    }
    const tar = pack();
    tar.on('error', () => undefined); // who asked has heard enough
    tar.on('data', (chunk) => void (this.sent += (chunk as Buffer).length));
    tar.pipe(response);
    response.on('close', () => tar.destroy());
    this.#pack(tar, host, posix.basename(path)).then(
      () => tar.finalize(),
      () => tar.destroy(), // who asked has heard enough
    );
  }

  async #pack(tar: ReturnType<typeof pack>, host: string, name: string): Promise<void> {
    const stat = lstatSync(host);
    // As the engine does: whole seconds.
    const common = { uid: this.uid, mtime: new Date(Math.floor(stat.mtimeMs / 1000) * 1000) };
    if (stat.isSymbolicLink()) tar.entry({ name, type: 'symlink', linkname: readlinkSync(host), ...common });
    else if (stat.isFile() && stat.size > LARGE) await pipeline(createReadStream(host), tar.entry({ name, size: stat.size, ...common }));
    else if (stat.isFile()) tar.entry({ name, ...common }, readFileSync(host));
    else if (!stat.isDirectory()) tar.entry({ name, type: 'fifo', ...common });
    else {
      tar.entry({ name: `${name}/`, type: 'directory', ...common });
      for (const child of readdirSync(host).sort()) await this.#pack(tar, join(host, child), `${name}/${child}`);
    }
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
