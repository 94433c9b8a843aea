// Problems over the wire: what has no file stands in the document of its session, settings hold at once, what is closed is taken back.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CodeActionRequest } from 'vscode-languageserver-protocol/node';
import type { CodeAction, Diagnostic } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import type { ProblemSettings } from '../../server/src/protocol/problems';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from './support/serverProcess';

let server: ServerProcess;
let sourceId: string;
let egress: string;

beforeAll(async () => {
  server = await ServerProcess.start();
  ({ sourceId } = await server.connection.sendRequest(messages.openRequest, { path: recording('openclaw-2026.7.1').root }));
  const session = await until('the session', async () =>
    (await server.connection.sendRequest(messages.sessionsRequest, { sourceId })).find(({ key }) => key === 'agent:main:egress'),
  );
  egress = session.id;
});
afterAll(() => server[Symbol.asyncDispose]());

const listed = (): readonly (readonly [string, readonly Diagnostic[]])[] => [...server.diagnostics].filter(([, list]) => list.length > 0);
const ofEgress = (): readonly Diagnostic[] => listed().find(([uri]) => uri.endsWith(`&session=${egress}`))?.[1] ?? [];
const address = (): string => listed().find(([uri]) => uri.endsWith(`&session=${egress}`))?.[0] ?? '';
const textOf = async (): Promise<string> =>
  (await server.connection.sendRequest(messages.sessionTextRequest, { sourceId, sessionId: egress }))?.text ?? '';
const configure = (problems: ProblemSettings): Promise<void> =>
  server.connection.sendNotification(messages.configureNotification, {
    trusted: false,
    settings: { pathMappings: [], directories: [], dockerHost: '', autoAttach: false, problems },
  });

it('stand in the document of their session when they have no file, and its lines lead to the calls', async () => {
  await until('the denials', () => ofEgress().length === 4);
  const lines = (await textOf()).split('\n');
  for (const { range, message, data } of ofEgress()) {
    const said = typeof message === 'string' ? message : message.value;
    expect(lines[range.start.line]).toContain(said.slice(0, 40));
    const calls = await server.connection.sendRequest(messages.callsAtRequest, { uri: address(), line: range.start.line });
    expect(calls.map(({ spanId }) => spanId)).toEqual([(data as messages.SpanRef).spanId]);
    // Its further lines belong to it.
    const further = await server.connection.sendRequest(messages.callsAtRequest, { uri: address(), line: range.start.line + 1 });
    expect(lines[range.start.line + 1]).toMatch(/^ {4}/);
    expect(further).toEqual(calls);
  }
  expect(await server.connection.sendRequest(messages.callsAtRequest, { uri: address(), line: 0 })).toEqual([]);
  expect(await server.connection.sendRequest(messages.sessionTextRequest, { sourceId, sessionId: 'none' })).toBeNull();
});

it('beyond the bound of a file are counted by a last one, which leads to their calls', async () => {
  await configure({ perFile: 1, severity: {} });
  await until('the bound', () => ofEgress().length === 2);
  const [, last] = ofEgress();
  if (last === undefined) throw new Error('no last one');
  expect(last).toMatchObject({ code: 'more-calls', message: 'and 3 more problems of agent calls in this file' });
  expect(last.relatedInformation).toHaveLength(3);
  const asked = { textDocument: { uri: address() }, range: last.range, context: { diagnostics: [last] } };
  const [action] = ((await server.connection.sendRequest(CodeActionRequest.type, asked)) ?? []) as CodeAction[];
  expect(action).toMatchObject({ title: 'Show the 3 calls that are not listed', command: { command: messages.showCallsCommand } });
  const { calls } = action?.command?.arguments?.[0] as messages.ShowCallsArguments;
  expect(calls.map(({ status }) => status)).toEqual(['denied', 'denied', 'denied']);
  // Nothing is made of what is not ours.
  for (const data of [null, { calls: 'x' }, { calls: [{ sourceId: 1 }, { sourceId, spanId: 'none' }] }]) {
    const other = { ...asked, context: { diagnostics: [{ ...last, data }] } };
    expect(await server.connection.sendRequest(CodeActionRequest.type, other)).toEqual([]);
  }
});

it('are as severe as was set, at once, and what is off leaves the document too', async () => {
  await configure({ perFile: 50, severity: { 'denied-call': 'hint', 'repeated-calls': 'warning' } });
  await until('the severity', () => ofEgress().length === 4 && ofEgress().every(({ severity }) => severity === 4));
  await until('the finding that is preview', () => listed().some(([, list]) => list.some(({ code }) => code === 'repeated-calls')));
  await configure({ perFile: 50, severity: { 'denied-call': 'off' } });
  await until('the denials to go', () => ofEgress().length === 0);
  expect(listed().some(([, list]) => list.some(({ code }) => code === 'repeated-calls'))).toBe(false);
  expect(await textOf()).toContain('No problem of this session is without a file.');
  await configure({ perFile: 50, severity: {} });
  await until('the denials to come back', () => ofEgress().length === 4);
});

it('are taken back when their source is closed', async () => {
  expect(listed().length).toBeGreaterThan(1);
  await server.connection.sendRequest(messages.detachRequest, { sourceId });
  await until('all to go', () => listed().length === 0);
});
