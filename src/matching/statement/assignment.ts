/** Matches lines with records one to one, so that the costs of the whole statement are least. */

export interface Possible {
  readonly line: number;
  readonly record: number;
  readonly cost: number;
}

/** The records that lines get, by line. A line stays without a record if its edges cost more than `unmatched`. */
export function cheapestMatches(edges: readonly Possible[], unmatched: number): ReadonlyMap<number, number> {
  const matches = new Map<number, number>();
  for (const component of componentsOf(edges)) for (const [line, record] of matchesIn(component, unmatched)) matches.set(line, record);
  return matches;
}

/** Edges that share lines or records, directly or through others. */
function componentsOf(edges: readonly Possible[]): Possible[][] {
  const parents = new Map<string, string>();
  const rootOf = (node: string): string => {
    let root = node;
    for (let parent = parents.get(root); parent !== undefined && parent !== root; parent = parents.get(root)) root = parent;
    parents.set(node, root);
    return root;
  };
  for (const { line, record } of edges) parents.set(rootOf(`line ${line}`), rootOf(`record ${record}`));
  const components = new Map<string, Possible[]>();
  for (const edge of edges) {
    const root = rootOf(`line ${edge.line}`);
    const component = components.get(root);
    if (component === undefined) components.set(root, [edge]);
    else component.push(edge);
  }
  return [...components.values()];
}

/**
 * The Hungarian algorithm with shortest augmenting paths: each line in turn takes the cheapest record, and pushes others on if that costs
 * less. Every line has a column of its own beside the records, in which it stays unmatched.
 */
function matchesIn(edges: readonly Possible[], unmatched: number): [line: number, record: number][] {
  const lines = [...new Set(edges.map(({ line }) => line))].toSorted((a, b) => a - b);
  const records = [...new Set(edges.map(({ record }) => record))].toSorted((a, b) => a - b);
  const [rows, columns] = [lines.length, records.length + lines.length];
  const rowOf = new Map(lines.map((line, i) => [line, i]));
  const columnOf = new Map(records.map((record, i) => [record, i]));
  const costs = lines.map((_, row) => {
    const all = new Float64Array(columns).fill(Infinity);
    all[records.length + row] = unmatched;
    return all;
  });
  for (const { line, record, cost } of edges) costs[rowOf.get(line)!]![columnOf.get(record)!] = cost;

  // Index 0 of rows and columns is nobody, so that a path has somewhere to begin.
  const rowPrice = new Float64Array(rows + 1);
  const columnPrice = new Float64Array(columns + 1);
  const rowAt = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row += 1) {
    const least = new Float64Array(columns + 1).fill(Infinity);
    const from = new Int32Array(columns + 1);
    const used = new Uint8Array(columns + 1);
    let column = 0;
    rowAt[0] = row;
    do {
      used[column] = 1;
      const current = rowAt[column]!;
      let [delta, next] = [Infinity, 0];
      for (let other = 1; other <= columns; other += 1) {
        if (used[other]) continue;
        const reduced = costs[current - 1]![other - 1]! - rowPrice[current]! - columnPrice[other]!;
        if (reduced < least[other]!) [least[other], from[other]] = [reduced, column];
        if (least[other]! < delta) [delta, next] = [least[other]!, other];
      }
      for (let other = 0; other <= columns; other += 1) {
        if (used[other]) {
          rowPrice[rowAt[other]!]! += delta;
          columnPrice[other]! -= delta;
        } else least[other]! -= delta;
      }
      column = next;
    } while (rowAt[column] !== 0);
    while (column !== 0) {
      rowAt[column] = rowAt[from[column]!]!;
      column = from[column]!;
    }
  }
  return records.flatMap((record, i): [number, number][] => (rowAt[i + 1] === 0 ? [] : [[lines[rowAt[i + 1]! - 1]!, record]]));
}
