/** Groups of tools that are switched on or off together. Separate from the catalogue, so that reading the settings loads no tools. */
export const toolsetNames = ['payments', 'lookups', 'workflows'] as const;
export type Toolset = (typeof toolsetNames)[number];

/** Lookups are off by default, because workflows find records by name. */
export const defaultToolsets: readonly Toolset[] = ['payments', 'workflows'];
