/** A container engine played by a small server on a socket: lists, inspects, says who it is, and tells events when told to. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { ContainerInfo } from 'dockerode';
import { temporary } from '../attach/reading';

export function container(name: string, labels: Readonly<Record<string, string>>, more: Partial<ContainerInfo> = {}): ContainerInfo {
  return {
    Id: `${name}-0123456789abcdef`,
    Names: [`/${name}`],
    Labels: labels,
    State: 'running',
    Created: 1,
    Mounts: [],
    ...more,
  } as ContainerInfo;
}

/** Labels of a sandbox. */
export const id = (sandbox: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  'openshell.ai/sandbox-id': sandbox,
  'openshell.ai/sandbox-name': `name-${sandbox}`,
  ...more,
});

/** A home directory with a registry in it, of the default gateway or of another. */
export function home(rows: object, gateway?: string, dir = temporary()): string {
  const base = gateway ? join(dir, '.nemoclaw', 'gateways', gateway) : join(dir, '.nemoclaw');
  mkdirSync(base, { recursive: true });
  writeFileSync(join(base, 'sandboxes.json'), JSON.stringify(rows));
  return dir;
}

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean;

export class PlayedEngine implements AsyncDisposable {
  readonly path: string;
  readonly asked: string[] = [];
  containers: readonly ContainerInfo[];
  /** Environment by container id. */
  env: Readonly<Record<string, readonly string[]>> = {};
  engineId = 'played';
  /** Asked first; true: it has answered. */
  answer: Answer = () => false;
  readonly #listeners = new Set<ServerResponse>();
  #server: Server | null = null;

  constructor(containers: readonly ContainerInfo[] = [], path = join(temporary(), 'docker.sock')) {
    this.containers = containers;
    this.path = path;
  }

  get host(): string {
    return `unix://${this.path}`;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => this.#respond(request, response));
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
    this.#server = server;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
    rmSync(this.path, { force: true });
  }

  tell(action: string, labels: Readonly<Record<string, string>>, inPieces = false): void {
    const text = `${JSON.stringify({ Type: 'container', Action: action, Actor: { ID: 'x', Attributes: labels } })}\n`;
    for (const response of this.#listeners) {
      const middle = text.indexOf('sandbox-id') + 3;
      if (!inPieces) response.write(text);
      else {
        response.write(text.slice(0, middle));
        setTimeout(() => response.write(text.slice(middle)), 30);
      }
    }
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://engine');
    this.asked.push(`${request.method ?? ''} ${url.pathname}`);
    if (this.answer(request, response, url)) return;
    const json = (body: unknown): void => void response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    const of = /^\/containers\/([^/]+)\/json$/.exec(url.pathname)?.[1];
    if (url.pathname === '/events') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      this.#listeners.add(response);
      response.on('close', () => this.#listeners.delete(response));
    } else if (url.pathname === '/info') json({ ID: this.engineId });
    else if (url.pathname === '/_ping') response.end('OK');
    else if (url.pathname === '/containers/json') json(this.#listed(url));
    else if (of !== undefined) json({ Id: of, Config: { Env: this.env[of] ?? [] } });
    else response.writeHead(404).end('{"message":"no such thing"}');
  }

  /** As the engine does: all labels, any of the names. */
  #listed(url: URL): readonly ContainerInfo[] {
    const filters = JSON.parse(url.searchParams.get('filters') ?? '{}') as {
      readonly label?: readonly string[];
      readonly name?: readonly string[];
    };
    const { label = [], name } = filters;
    return this.containers.filter(
      ({ Labels, Names }) =>
        label.every((key) => key in (Labels ?? {})) &&
        (name === undefined || name.some((part) => Names.some((full) => full.includes(part)))),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
