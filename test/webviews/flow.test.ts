/** What flow writes is what the real Mermaid reads: each diagram parses, draws, and has just our boxes with just our texts. */
import fc from 'fast-check';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildFlow } from '../../server/src/flow/buildFlow';
import type { FlowDiagram } from '../../server/src/protocol/messages';
import { launchChromium } from '../harness/browser.mts';
import { hostileStrings } from '../unit/flow/hostile';
import { parseFlow } from '../unit/flow/flowText';
import { flowInput } from '../unit/flow/rows';
import { FakeBackend } from './support/fakeBackend';
import { eventually } from './support/eventually';
import { TestPage, viewState } from './support/tracePage';

let browser: Browser;
let test: TestPage;
let shown: FlowDiagram;

/** A host that answers any question for a flow with the diagram under test. */
class OneDiagram extends FakeBackend {
  override async flow({ turnId }: { readonly turnId: string }): Promise<FlowDiagram> {
    return { ...shown, turnId, revision: this.revision };
  }
}
const backend = new OneDiagram({ turns: 1, callsInTurn: 1 });

beforeAll(async () => {
  browser = await launchChromium();
  shown = diagramOf('first');
  test = await TestPage.open(browser, { backend, state: viewState(backend.sourceId, backend.sessionId), width: 1000, height: 900 });
  backend.onChanged((_session, now) => test.link.changed(now));
  await test.flowDrawn();
});
afterAll(async () => {
  await test?.close();
  await browser?.close();
});

function diagramOf(text: string): FlowDiagram {
  return buildFlow(
    flowInput({
      prompt: text,
      status: 'error',
      message: text,
      chats: [
        { thinking: text, text, calls: [{ name: text, preview: text, status: 'error', message: text, denials: [text], child: text }] },
        { calls: [{ name: text }, { name: 'exec', preview: text }] },
      ],
      retries: [['c0', 'c1']],
    }),
  );
}

/** Draws it and reads the texts of the boxes back from the SVG. */
async function draw(diagram: FlowDiagram): Promise<readonly string[]> {
  const before = await test.page.locator('.flow-canvas svg').getAttribute('id');
  const other = diagram.mermaid !== shown.mermaid;
  shown = diagram;
  backend.announce();
  // The same text is not drawn twice.
  if (other) await eventually(() => test.page.locator('.flow-canvas svg').getAttribute('id')).not.toBe(before);
  return test.page
    .locator('.flow-canvas g.node')
    .evaluateAll((nodes) => nodes.map((node) => [...node.querySelectorAll('tspan.row')].map((row) => row.textContent ?? '').join('\n')));
}

const squeeze = (text: string): string => text.replace(/\s+/g, '');

function expectTexts(drawn: readonly string[], diagram: FlowDiagram): void {
  expect(drawn.length).toBe(diagram.nodes.length);
  const { labels } = parseFlow(diagram.mermaid);
  // Mermaid wraps lines as it likes; the characters are the same, in the same order.
  expect(drawn.map(squeeze)).toEqual(labels.map(squeeze));
}

it.each(hostileStrings.filter((text) => text.length < 1000).map((text): [string, string] => [text, text]))(
  'draws %j as the text it is',
  async (_, text) => {
    const diagram = diagramOf(text);
    expectTexts(await draw(diagram), diagram);
  },
);

it('draws any strings as the texts they are', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({ maxLength: 60 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 6, maxLength: 6 }), async (texts) => {
      const diagram = buildFlow(
        flowInput({ prompt: 'x', chats: texts.map((each) => ({ thinking: each, text: each, calls: [{ name: each, preview: each }] })) }),
      );
      expectTexts(await draw(diagram), diagram);
    }),
    { numRuns: 12 },
  );
});

it('draws the largest diagram there can be', async () => {
  const diagram = buildFlow(
    flowInput({
      prompt: 'A long turn',
      chats: Array.from({ length: 240 }, (_, index) => ({
        thinking: '\u{1f980}'.repeat(80),
        calls: [
          {
            name: `tool ${index % 60}`,
            preview: '"'.repeat(80),
            status: 'error' as const,
            message: '<'.repeat(80),
            denials: ['#'.repeat(80)],
          },
        ],
      })),
    }),
  );
  const drawn = await draw(diagram);
  expect(drawn.length).toBe(diagram.nodes.length);
  expect(drawn.length).toBeGreaterThan(40);
}, 60_000);

it('shows the texts alone when Mermaid cannot draw them', async () => {
  shown = { ...diagramOf('broken'), mermaid: 'flowchart TD\n  n0["unclosed\n' };
  backend.announce();
  await test.page.getByText('The diagram could not be drawn').waitFor();
  await eventually(() => test.page.locator('.flow-item').count()).toBe(shown.nodes.length);
  expect(test.seen).toMatchObject({ requests: [], violations: [], dialogs: [], errors: [] });
});
