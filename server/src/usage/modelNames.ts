/**
 * Which row of a price list a model's id means. Lists find models by what a name begins with or contains, and so give a model they do
 * not know the price of another: `claude-sonnet-5-5` that of `claude-sonnet-5`, `claude-opus-4-6-fast` a sixth of its own. Here a row is
 * taken only when the id is one of its names, but for what is known to leave the price as it is: the vendor before it, dots or hyphens,
 * a date or a revision behind it.
 */
export interface NamedRow<Row> {
  readonly row: Row;
  /** Names that mean this row and nothing else. */
  readonly exact: readonly string[];
  /** Names that the list lets go on: with a version or `-latest`, `-preview` behind them they mean it still. */
  readonly open: readonly string[];
}

export interface NameIndex<Row> {
  /** The row that the id means; null: none, or more than one. */
  readonly find: (model: string) => Row | null;
}

/** A longer id is no model's. */
export const longestModelId = 300;

/** A snapshot of the same model, by its date or a revision; `@default` is Vertex's word for the newest one. */
const snapshot = /^(?:-\d{8}|-\d{4}-\d\d-\d\d|-00[1-9])?(?:-v\d{1,2}(?::\d{1,2})?)?(?:-default)?$/;
/** What the same model is called while it is new, or whatever is newest of it. */
const version = /^-(?:latest|\d{3,4}|preview(?:-\d\d-\d\d(?:\d\d)?|-\d\d-\d{4})?|(?:preview-)?customtools)$/;
/** Paths under which sellers list the models of others, and their own. A path that a customer chose may lead to a model of his own. */
const path =
  /^(?:(?:anthropic|openai|google|models|mistralai|deepseek|deepseek-ai|x-ai|xai|moonshotai|z-ai|zai|zai-org|minimax|minimaxai|nvidia|groq|cerebras|fireworks)\/|publishers\/[a-z]+\/models\/|accounts\/fireworks\/(?:models|routers)\/|arn:aws[a-z-]*:bedrock:[a-z0-9-]*:\d*:(?:inference-profile|foundation-model)\/)/;
/** Lists that do not tell the regions of Amazon Bedrock apart have the prices of the United States. */
const region = /^us\./;

export function nameIndex<Row>(rows: readonly NamedRow<Row>[]): NameIndex<Row> {
  const written = new Map<string, Row>();
  const spelt = new Map<string, Row | null>();
  const open = new Set<string>();
  for (const { row, exact, open: going } of rows) {
    for (const name of [...exact, ...going]) {
      const lower = name.toLowerCase();
      if (!written.has(lower)) written.set(lower, row);
      const canonical = spelling(lower);
      const other = spelt.get(canonical);
      // Two rows of one spelling: only what is written exactly so can be told apart.
      spelt.set(canonical, other === undefined || other === row ? row : null);
    }
    for (const name of going) open.add(spelling(name.toLowerCase()));
  }

  const exactly = (name: string): Row | null => written.get(name) ?? spelt.get(spelling(name)) ?? null;
  const shortened = (name: string): Row | null => {
    const canonical = spelling(name);
    // The longest name first.
    for (let end = canonical.length - 1; end > 2; end -= 1) {
      const row = spelt.get(canonical.slice(0, end));
      if (row === undefined || row === null) continue;
      const rest = canonical.slice(end);
      if (snapshot.test(rest) || (open.has(canonical.slice(0, end)) && version.test(rest))) return row;
    }
    return null;
  };

  return {
    find: (model) => {
      if (model.length > longestModelId) return null;
      const names = namesOf(model);
      for (const name of names) {
        const row = exactly(name);
        if (row !== null) return row;
      }
      for (const name of names) {
        const row = shortened(name);
        if (row !== null) return row;
      }
      return null;
    },
  };
}

/** Dots, at-signs and underscores are hyphens to some. A colon is not: what stands behind it is another offer. */
function spelling(name: string): string {
  return name.replace(/[._@]/g, '-');
}

/** The id as written, then without what stands before it: a vendor, a path, a region. */
function namesOf(model: string): readonly string[] {
  const id = model.trim().toLowerCase();
  const names = [id];
  const unrouted = id.startsWith('inference/') ? id.slice('inference/'.length) : id;
  if (unrouted !== id) names.push(unrouted);
  const bare = unrouted.replace(path, '');
  if (bare !== unrouted) names.push(bare);
  if (region.test(bare)) names.push(bare.replace(region, ''));
  return names;
}
