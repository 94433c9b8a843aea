/** A played engine whose containers can be paused, resumed and stopped. */
import type { FoundSandbox } from '../../../server/src/sandboxes/findSandboxes';
import type { ContainerRole } from '../../../server/src/sandboxes/containers';
import { PlayedEngine } from '../sandboxes/playedEngine';

export type Played = 'running' | 'paused' | 'exited';

export class ActingEngine extends PlayedEngine {
  readonly states = new Map<string, Played>();
  /** What was done, in order. */
  readonly done: string[] = [];
  /** Asked to do this, it says no (with this code), or nothing at all. */
  readonly refuses = new Map<string, number | 'silent'>();

  override answer: PlayedEngine['answer'] = (_, response, url) => {
    const [, id = '', verb = ''] = /^\/containers\/([^/]+)\/(json|pause|unpause|stop)$/.exec(url.pathname) ?? [];
    if (verb === '') return false;
    const state = this.states.get(id);
    const say = (code: number, body?: object): true => {
      response.writeHead(code, { 'content-type': 'application/json' }).end(body ? JSON.stringify(body) : '');
      return true;
    };
    if (state === undefined) return say(404, { message: `No such container: ${id}` });
    if (verb === 'json')
      return say(200, { Id: id, State: { Running: state !== 'exited', Paused: state === 'paused' }, Config: { Env: [] } });
    const refusal = this.refuses.get(`${verb} ${id}`);
    if (refusal === 'silent') return true;
    if (refusal !== undefined) return say(refusal, { message: `it can not ${verb} now` });
    const next: Record<string, { readonly from: readonly Played[]; readonly to: Played }> = {
      pause: { from: ['running'], to: 'paused' },
      unpause: { from: ['paused'], to: 'running' },
      stop: { from: ['running', 'paused'], to: 'exited' },
    };
    const step = next[verb];
    if (step === undefined || !step.from.includes(state)) return say(409, { message: `Container ${id} is ${state}` });
    this.states.set(id, step.to);
    this.done.push(`${verb} ${id}`);
    return say(204);
  };

  /** As it would be found now. */
  sandbox(id: string, roles: readonly ContainerRole[] = ['only']): FoundSandbox {
    const containers = roles.map((role) => ({ id: `${id}-${role}`, name: `openshell-${id}-${role}`, role }));
    for (const container of containers) if (!this.states.has(container.id)) this.states.set(container.id, 'running');
    const states = containers.map((container) => this.states.get(container.id));
    return {
      id,
      name: `box ${id}`,
      layout: roles.length > 1 ? 'two-containers' : 'one-container',
      runtime: 'openclaw',
      runtimeVersion: null,
      provider: null,
      model: null,
      state: states[0] === 'running' ? 'running' : states[0] === 'paused' ? 'paused' : 'stopped',
      gateway: null,
      seenBy: [],
      reports: [],
      engine: { kind: 'socket', path: this.path },
      containers,
      place: null,
      directory: null,
    };
  }
}
