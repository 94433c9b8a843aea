// Mermaid for flowcharts alone. Its other diagrams, its other layouts and its formula renderer are chunks that nothing of
// ours can reach (we write `flowchart` texts laid out by dagre); left in, they would be seven eighths of the package.
const kept = /\/(?:flowDiagram|dagre)-[A-Z0-9]+\.mjs$/;

export const mermaidFlowchart = {
  name: 'mermaid-flowchart',
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, importer, kind }) => {
      if (kind !== 'dynamic-import' || !/[\\/]node_modules[\\/]mermaid[\\/]/.test(importer) || kept.test(path)) return undefined;
      return { path: 'otherDiagrams', namespace: 'left-out' };
    });
    build.onLoad({ filter: /./, namespace: 'left-out' }, () => ({
      contents: "throw new Error('Only flowcharts are part of this build of Mermaid.');",
    }));
  },
};
