/**
 * Reads a policy file with the places of its parts. The file may come from anyone (a cloned workspace), so its size, its depth and
 * its aliases are bounded before anything recursive looks at it; aliases are followed one step at a time and never expanded.
 */
import { Composer, isAlias, isMap, isScalar, isSeq, LineCounter, Parser } from 'yaml';
import type { Document, Node, Pair, ParsedNode, YAMLMap } from 'yaml';
import { PolicyFileError } from './policyDocument';
import type { PolicyDocument, PolicyEndpoint, PolicyMethodRule, PolicyRule, Ranged, TextRange } from './policyDocument';

export const maxPolicyBytes = 1024 * 1024;
/** The deepest place of OpenShell's own schema is the eighth. */
export const maxPolicyDepth = 32;
export const maxPolicyAliases = 64;
/** Rules, endpoints of a rule, binaries, and so on: each list at most. */
const maxItems = 5000;
/** Items read of all lists and maps together: aliases of lists of aliases are each read wherever they stand. */
const maxRead = 200_000;

export interface ParsedPolicy {
  readonly text: string;
  readonly document: PolicyDocument;
  readonly yaml: Document.Parsed;
  readonly lines: LineCounter;
}

/** Throws PolicyFileError. */
export function parsePolicy(text: string): ParsedPolicy {
  if (Buffer.byteLength(text) > maxPolicyBytes) throw new PolicyFileError('too-large', `it is larger than ${maxPolicyBytes} bytes`);
  const lines = new LineCounter();
  const tokens = [...bounded(new Parser(lines.addNewLine).parse(text))];
  // The library compares each key with all others of its map; `hasTwice` looks for what stands twice.
  const composer = new Composer({ lineCounter: lines, keepSourceTokens: false, logLevel: 'silent', uniqueKeys: false });
  const [yaml, second] = [...composer.compose(tokens)] as Document.Parsed[];
  if (yaml === undefined) throw new PolicyFileError('no-policy', 'it is empty');
  const [error] = yaml.errors;
  if (error !== undefined) throw new PolicyFileError('not-yaml', error.message.split('\n')[0] ?? 'it is no YAML');
  // OpenShell takes none with more; shown would be the rules of the first alone.
  if (second !== undefined) throw new PolicyFileError('not-yaml', 'it holds more than one document');
  if (hasTwice(yaml)) throw new PolicyFileError('not-yaml', 'a map has a key twice');
  const root: unknown = yaml.contents;
  if (!isMap(root)) throw new PolicyFileError('no-policy', 'it is no map');
  const reading = new Reading(yaml, lines);
  const document = reading.policy(root as YAMLMap.Parsed);
  if (document === null) throw new PolicyFileError('no-policy', 'it has no network_policies');
  return { text, document, yaml, lines };
}

/** Whether any map of the file has a key twice: which of the two counts is not for us to say. */
function hasTwice(yaml: Document.Parsed): boolean {
  const open: unknown[] = [yaml.contents];
  while (open.length > 0) {
    const node = open.pop();
    if (isSeq(node)) for (const item of node.items) open.push(item);
    if (!isMap(node)) continue;
    const keys = new Set<string>();
    for (const { key, value } of node.items) {
      const named: unknown = isAlias(key) ? key.resolve(yaml) : key;
      if (isScalar(named) && keys.size === keys.add(String(named.value)).size) return true;
      open.push(key, value);
    }
  }
  return false;
}

type Token = Parameters<Composer['compose']>[0] extends Iterable<infer T> ? T : never;

/** What the composer would descend into, looked at without descending. */
function* bounded(tokens: Iterable<Token>): Iterable<Token> {
  let aliases = 0;
  for (const token of tokens) {
    const open: { readonly token: unknown; readonly depth: number }[] = [{ token, depth: 0 }];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      if (typeof one.token !== 'object' || one.token === null) continue;
      if (one.depth > maxPolicyDepth) throw new PolicyFileError('too-deep', `it is nested more than ${maxPolicyDepth} deep`);
      const { type, value, items, key } = one.token as { type?: unknown; value?: unknown; items?: unknown; key?: unknown };
      if (type === 'alias' && ++aliases > maxPolicyAliases)
        throw new PolicyFileError('too-many-aliases', `it has more than ${maxPolicyAliases} aliases`);
      if (type === 'document') open.push({ token: value, depth: one.depth });
      if (Array.isArray(items))
        for (const item of items as readonly { key?: unknown; value?: unknown }[])
          open.push({ token: item.key, depth: one.depth + 1 }, { token: item.value, depth: one.depth + 1 });
      if (key !== undefined && key !== null) open.push({ token: key, depth: one.depth + 1 });
    }
    yield token;
  }
}

/** A key of a map with its place and what it leads to. */
export interface Entry {
  readonly key: string;
  readonly keyRange: TextRange;
  readonly value: ParsedNode | null;
  readonly pair: Pair<ParsedNode, ParsedNode | null>;
}

export class Reading {
  readonly #yaml: Document.Parsed;
  readonly #lines: LineCounter;
  #read = 0;

  constructor(yaml: Document.Parsed, lines: LineCounter) {
    this.#yaml = yaml;
    this.#lines = lines;
  }

  policy(root: YAMLMap.Parsed): PolicyDocument | null {
    const entries = this.entries(root);
    const network = entries.find(({ key }) => key === 'network_policies');
    if (network === undefined) {
      // A policy that opens no network at all is one too.
      const known = entries.filter(({ key }) => ['version', 'filesystem_policy', 'landlock', 'process'].includes(key));
      return known.length >= 2 ? { networkKey: null, rules: [] } : null;
    }
    const rules = this.entries(network.value).map((entry) => this.#rule(entry));
    return { networkKey: network.keyRange, rules };
  }

  #rule({ key, keyRange, value }: Entry): PolicyRule {
    const parts = this.entries(value);
    const endpoints = parts.find((part) => part.key === 'endpoints');
    const binaries = parts.find((part) => part.key === 'binaries');
    return {
      key: { value: key, range: keyRange },
      endpointsKey: endpoints?.keyRange ?? null,
      endpoints: this.items(endpoints?.value).map((node) => this.#endpoint(node)),
      binariesKey: binaries?.keyRange ?? null,
      binaries: this.items(binaries?.value).flatMap((node) => this.#binary(node) ?? []),
    };
  }

  #binary(node: ParsedNode): Ranged<string> | null {
    // Some write the path alone.
    return this.#text(node) ?? this.#text(this.entries(node).find(({ key }) => key === 'path')?.value);
  }

  #endpoint(node: ParsedNode): PolicyEndpoint {
    const parts = new Map(this.entries(node).map((entry) => [entry.key, entry]));
    const many = this.items(parts.get('ports')?.value).flatMap((port) => this.#number(port) ?? []);
    const one = this.#number(parts.get('port')?.value);
    const rules = parts.get('rules');
    const deny = parts.get('deny_rules');
    const ips = parts.get('allowed_ips');
    return {
      range: this.rangeOf(node),
      host: this.#text(parts.get('host')?.value),
      ports: many.length > 0 || one === null ? many : [one],
      path: this.#text(parts.get('path')?.value),
      protocol: this.#text(parts.get('protocol')?.value),
      enforcement: this.#text(parts.get('enforcement')?.value),
      access: this.#text(parts.get('access')?.value),
      rulesKey: rules?.keyRange ?? null,
      rules: this.items(rules?.value).flatMap((rule) => {
        const allow = this.entries(rule).find(({ key }) => key === 'allow');
        return allow?.value === undefined || allow.value === null ? [] : [this.#methodRule(rule, allow.value)];
      }),
      denyKey: deny?.keyRange ?? null,
      denyRules: this.items(deny?.value).map((rule) => this.#methodRule(rule, rule)),
      allowedIps:
        ips === undefined ? null : { value: this.items(ips.value).flatMap((ip) => this.#text(ip)?.value ?? []), range: ips.keyRange },
    };
  }

  #methodRule(whole: ParsedNode, says: ParsedNode): PolicyMethodRule {
    const parts = this.entries(says);
    const text = (name: string): string | null => this.#text(parts.find(({ key }) => key === name)?.value)?.value ?? null;
    return {
      range: this.rangeOf(whole),
      method: text('method'),
      path: text('path'),
      more: parts.some(({ key }) => key !== 'method' && key !== 'path'),
    };
  }

  /** The entries of a map whose keys are plain text; none of anything else. */
  entries(given: ParsedNode | null | undefined): readonly Entry[] {
    const node = this.#resolved(given);
    if (!isMap(node)) return [];
    return this.#counted((node as YAMLMap.Parsed).items).flatMap((pair) => {
      const key = this.#text(pair.key);
      return key === null ? [] : [{ key: key.value, keyRange: key.range, value: pair.value, pair }];
    });
  }

  items(given: ParsedNode | null | undefined): readonly ParsedNode[] {
    const node = this.#resolved(given);
    return isSeq(node) ? this.#counted(node.items as ParsedNode[]) : [];
  }

  #counted<T>(items: readonly T[]): readonly T[] {
    const some = items.slice(0, maxItems);
    this.#read += some.length;
    if (this.#read > maxRead) throw new PolicyFileError('too-many-aliases', `more than ${maxRead} items would be read of it`);
    return some;
  }

  #resolved(node: ParsedNode | null | undefined): Node | null {
    if (node === null || node === undefined) return null;
    return isAlias(node) ? (node.resolve(this.#yaml) ?? null) : node;
  }

  #text(node: ParsedNode | null | undefined): Ranged<string> | null {
    const found = this.#resolved(node);
    if (node === null || node === undefined || !isScalar(found) || !['string', 'number', 'boolean'].includes(typeof found.value))
      return null;
    // What is written counts: an address such as 10.20 is a number to YAML.
    const value = typeof found.value === 'string' ? found.value : (found.source ?? String(found.value));
    return { value, range: this.rangeOf(node) };
  }

  #number(node: ParsedNode | null | undefined): Ranged<number> | null {
    const text = this.#text(node);
    const value = text === null ? NaN : Number(text.value);
    return text !== null && Number.isInteger(value) && value > 0 && value <= 65535 ? { value, range: text.range } : null;
  }

  /** Without what follows it: comments and empty lines. */
  rangeOf(node: ParsedNode): TextRange {
    const [start, end] = node.range;
    return { start: this.#position(start), end: this.#position(Math.max(start, contentEnd(node, end))) };
  }

  #position(offset: number): TextRange['start'] {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(0, line - 1), character: Math.max(0, col - 1) };
  }
}

/** Where the last thing in a node ends; a block's own range goes on over the comments and empty lines after it. */
export function contentEnd(node: ParsedNode, otherwise: number = node.range[1]): number {
  let last: ParsedNode | null = node;
  for (;;) {
    if (isMap(last) && !last.flow && last.items.length > 0) {
      const pair: Pair<ParsedNode, ParsedNode | null> | undefined = (last as YAMLMap.Parsed).items.at(-1);
      // A value that is not written has no place of its own worth having.
      const value: ParsedNode | null = pair?.value ?? null;
      last = value === null || value.range[0] === value.range[1] ? (pair?.key ?? null) : value;
    } else if (isSeq(last) && !last.flow && last.items.length > 0) last = last.items.at(-1) as ParsedNode;
    else break;
    if (last === null) return otherwise;
  }
  return last.range[1];
}
