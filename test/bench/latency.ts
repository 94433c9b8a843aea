export async function latency(): Promise<void> {}
