/** PUBLIC: why an LLM call has no price, in English; a part of the texts of the cost page and of the trace page. */
export const reasonStrings = {
  'reason.no-usage': 'No tokens are recorded',
  'reason.no-model': 'No model is recorded',
  'reason.vendor-unknown': 'The sandbox names its provider only as inference, and its registry, which says whose it is, is not known',
  'reason.provider-unknown': 'The provider is in no price list',
  'reason.model-unknown': 'The model is in no price list',
  'reason.counts-impossible': 'The recorded counts contradict each other',
  'reason.free-trial': 'The list has it at zero as a free trial, which is no price',
  'reason.duration-unknown': 'It is priced by the hour, and how long its calls took is not known',
} as const;
