// Minimal MCP server on stdio: "lines" (file, line, count) and "hover" (as language servers have it: a URI and a position from 0).
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

const root = '/sandbox/.openclaw/workspace';
const send = (message) => process.stdout.write(JSON.stringify(message) + '\n');
const text = (words, isError = false) => ({ content: [{ type: 'text', text: words }], isError });
const linesOf = (file) => fs.readFileSync(path.resolve(root, file), 'utf8').split('\n');
const position = {
  type: 'object',
  properties: { line: { type: 'integer', description: 'zero-based' }, character: { type: 'integer' } },
  required: ['line', 'character'],
};
const tools = [
  {
    name: 'lines',
    description: 'Lines of a source file',
    inputSchema: {
      type: 'object',
      properties: {
        file: { type: 'string', description: 'Path of the file' },
        line: { type: 'integer', description: 'First line, one-based' },
        count: { type: 'integer' },
      },
      required: ['file', 'line'],
    },
  },
  {
    name: 'hover',
    description: 'What is at a position of a source file',
    inputSchema: {
      type: 'object',
      properties: { textDocument: { type: 'object', properties: { uri: { type: 'string' } }, required: ['uri'] }, position },
      required: ['textDocument', 'position'],
    },
  },
];
function call(name, args) {
  try {
    if (name === 'lines')
      return text(
        linesOf(args.file)
          .slice(args.line - 1, args.line - 1 + (args.count ?? 1))
          .join('\n'),
      );
    if (name === 'hover') return text(linesOf(decodeURI(new URL(args.textDocument.uri).pathname))[args.position.line] ?? '');
    return text('no such tool', true);
  } catch (error) {
    return text(error.message, true);
  }
}
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  const answer = (result) => send({ jsonrpc: '2.0', id: message.id, result });
  if (message.method === 'initialize')
    answer({
      protocolVersion: message.params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'code', version: '1.0.0' },
    });
  else if (message.method === 'tools/list') answer({ tools });
  else if (message.method === 'tools/call') answer(call(message.params.name, message.params.arguments ?? {}));
  else if (message.method === 'ping') answer({});
  else if (message.id !== undefined)
    send({ jsonrpc: '2.0', id: message.id, error: { code: -32601, message: `no method ${message.method}` } });
});
