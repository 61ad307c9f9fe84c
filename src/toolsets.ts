/** Groups of tools that are switched on or off together. Not in the catalogue, because reading the settings must not load the tools. */
export const toolsetNames = ['payments', 'lookups', 'workflows'] as const;
export type Toolset = (typeof toolsetNames)[number];

/** Lookups are off by default, because workflows find records by name. */
export const defaultToolsets: readonly Toolset[] = ['payments', 'workflows'];
