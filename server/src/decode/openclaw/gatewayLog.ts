/**
 * A line of OpenClaw's own log (one JSON object), as it is or cut by the reader to the fields below. The log repeats what agents say,
 * word for word: only a line that a part of OpenClaw wrote under its own name tells anything, and only of the few kinds that
 * transcripts lack. Names of auth profiles are not read.
 */
import type { AttributeValue } from '../../protocol/document';
import type { GatewayFact, GatewayLine } from '../../model/gatewayLines';
import { asNumber, asObject, asString, asTime, parseObject } from '../json';
import type { JsonObject } from '../json';
import { plainLine, preview } from '../preview';

const idShape = /^[\w:.-]{1,200}$/;
const traceShape = /^[0-9a-f]{8,64}$/;
const nameLimit = 120;

export function decodeGatewayLine(text: string): GatewayLine | null {
  const json = parseObject(text);
  const time = asTime(json?.['time']);
  const subsystem = asString(parseObject(asString(json?.['0']) ?? '')?.['subsystem']);
  if (json === null || time === null || subsystem === null) return null;
  const given = json['1'];
  const message = asString(given) ?? '';
  const told = asObject(given);
  const runId = idOf(told?.['runId']) ?? idOf(/\brunId=(\S+)/.exec(message)?.[1]) ?? runThatEnded(subsystem, message);
  const fact = told === null ? factOfMessage(subsystem, message) : factOfEvent(subsystem, told);
  if (fact === null && runId === null) return null;
  return {
    time,
    traceId: traceOf(json['traceId']),
    spanId: traceOf(json['spanId']),
    parentSpanId: traceOf(json['parentSpanId']),
    runId,
    sessionId: idOf(told?.['sessionId']) ?? idOf(/\bsessionId=(\S+)/.exec(message)?.[1]),
    fact,
  };
}

function idOf(value: unknown): string | null {
  const id = asString(value);
  return id !== null && idShape.test(id) ? id : null;
}

function traceOf(value: unknown): string | null {
  const id = asString(value);
  return id !== null && traceShape.test(id) ? id : null;
}

function runThatEnded(subsystem: string, message: string): string | null {
  return subsystem === 'agents/agent-command' ? idOf(/^\[agent\] run (\S+) ended\b/.exec(message)?.[1]) : null;
}

function nameOf(value: unknown): string | null {
  const name = asString(value);
  return name === null || name === '' ? null : plainLine(name, nameLimit);
}

function factOfMessage(subsystem: string, message: string): GatewayFact | null {
  if (subsystem === 'provider-transport-fetch') return response(message);
  if (subsystem !== 'agent/embedded') return null;
  const again = /^transient same-model retry (\d{1,4})\/(\d{1,4}) for (\S+) reason=(\S+?): delayMs=(\d{1,9})/.exec(message);
  if (again !== null) {
    return {
      kind: 'retry',
      attempt: Number(again[1]),
      of: Number(again[2]),
      model: modelOf(again[3]),
      reason: nameOf(again[4]),
      delayMs: Number(again[5]),
    };
  }
  const compaction = /^\[compaction-diag\] end .*\btrigger=(\S+).*\boutcome=failed\b.*\breason=(\S+)/.exec(message);
  if (compaction !== null) {
    // Nothing was wrong: there was nothing to do.
    if (/already|nothing|below|not_needed/.test(compaction[2] ?? '')) return null;
    return event('compaction-failed', true, `Compaction (${compaction[1]}) failed: ${compaction[2]}`, {
      'error.type': nameOf(compaction[2]),
    });
  }
  for (const [shape, name, words] of told) if (shape.test(message)) return event(name, false, `${words}: ${withoutIds(message)}`, {});
  return null;
}

/** What it says in a line of words. */
const told: readonly (readonly [shape: RegExp, name: string, words: string])[] = [
  [/^\[llm-idle-timeout\] /, 'model-timeout', 'No reply in time'],
  [/^\[empty-error-retry\] /, 'model-retry', 'An empty reply, asked again'],
  [/^\[timeout-compaction\] /, 'model-timeout', 'A timeout with a full context'],
  [/^\[run-retry-limit\] /, 'retries-ended', 'Asked too often'],
  [/^\[idle-timeout-circuit-breaker-tripped\] /, 'retries-ended', 'Too many timeouts'],
  [/^\[context-overflow-recovery\] /, 'context-overflow', 'The context was too long'],
];

function withoutIds(message: string): string {
  return message.replace(/^\[[\w-]+\] /, '').replace(/\b(?:runId|sessionId|sessionKey|session|diagId)=\S+ ?/g, '');
}

function response(message: string): GatewayFact | null {
  if (!message.startsWith('[model-fetch] response ')) return null;
  const status = Number(/ status=(\d{3})\b/.exec(message)?.[1] ?? 0);
  if (status < 400) return null;
  const elapsed = / elapsedMs=(\d{1,9})\b/.exec(message)?.[1];
  return {
    kind: 'response',
    status,
    elapsedMs: elapsed === undefined ? null : Number(elapsed),
    model: nameOf(/ model=(\S+)/.exec(message)?.[1]),
  };
}

/** Without the provider, as transcripts name it. */
function modelOf(value: string | undefined): string | null {
  return value === undefined ? null : nameOf(value.slice(value.indexOf('/') + 1));
}

function factOfEvent(subsystem: string, told: JsonObject): GatewayFact | null {
  const reason = nameOf(told['failoverReason'] ?? told['reason']);
  const error = asString(told['rawErrorPreview'] ?? told['errorPreview'] ?? told['error']);
  switch (`${subsystem} ${asString(told['event'])}`) {
    case 'agent/embedded embedded_run_agent_end':
      if (told['isError'] !== true) return null;
      return { kind: 'attempt', reason, error: error === null ? null : preview(error), model: nameOf(told['model']) };
    case 'model-fallback/decision model_fallback_decision':
      return fallback(told, reason, error);
    case 'agent/embedded embedded_run_failover_decision': {
      const decision = asString(told['decision']);
      // What is shown to the user, or taken up by a fallback, is told elsewhere.
      if (decision === null || decision === 'surface_error' || decision === 'fallback_model') return null;
      const words = decision === 'rotate_profile' ? 'asked again with another auth profile' : plainLine(decision, nameLimit);
      return event('model-failover', false, `${nameOf(told['model']) ?? 'The model'} failed (${reason ?? 'no reason'}), ${words}`, {
        'gen_ai.request.model': nameOf(told['model']),
        'error.type': reason,
      });
    }
    case 'agent/embedded embedded_run_compaction_end':
      if (told['completed'] !== false) return null;
      return event(
        'compaction-failed',
        true,
        `Compaction (${reason ?? 'no reason'}) did not complete${told['willRetry'] === true ? ', tried again' : ''}`,
        {
          'error.type': reason,
        },
      );
    default:
      return asString(told['event']) === 'auth_profile_failure_state_updated' ? cooldown(told, reason) : null;
  }
}

function fallback(told: JsonObject, reason: string | null, error: string | null): GatewayFact | null {
  const candidate = nameOf(told['candidateModel']);
  const next = nameOf(told['nextCandidateModel']);
  const why = [reason, error === null ? null : preview(error)].filter((part) => part !== null).join(': ');
  const attributes = {
    'gen_ai.request.model': candidate,
    'sandglass.fallback.model': next,
    'error.type': reason,
    'http.response.status_code': asNumber(told['status']),
  };
  switch (told['decision']) {
    case 'candidate_failed':
      // With none to fall back to, the failure is the reply, and the transcript has it.
      return next === null ? null : event('model-fallback', false, `${candidate} failed (${why}), fell back to ${next}`, attributes);
    case 'skip_candidate':
      return event('model-fallback', false, `${candidate} was not asked (${why})${next === null ? '' : `, but ${next}`}`, attributes);
    case 'probe_cooldown_candidate':
      return event('model-fallback', false, `${candidate} was asked while it cools down (${why})`, attributes);
    case 'candidate_succeeded':
      return told['isPrimary'] === false
        ? event('model-fallback', false, `${candidate} answered in place of ${nameOf(told['requestedModel'])}`, attributes)
        : null;
    default:
      return null;
  }
}

function cooldown(told: JsonObject, reason: string | null): GatewayFact {
  const until = asTime(told['cooldownUntil']) ?? asTime(told['disabledUntil']);
  const provider = nameOf(told['provider']);
  const when = until === null ? '' : ` until ${new Date(until).toISOString()}`;
  return event('auth-cooldown', false, `A profile of ${provider ?? 'a provider'} is not used${when} (${reason ?? 'no reason'})`, {
    'gen_ai.provider.name': provider,
    'error.type': reason,
  });
}

function event(name: string, failed: boolean, words: string, attributes: Readonly<Record<string, AttributeValue>>): GatewayFact {
  return { kind: 'event', name, failed, preview: preview(words), attributes };
}
