/** Groups of tools that are switched on and off together. Apart from the catalogue, so that reading the settings loads no tool. */
export const toolsetNames = ['payments', 'lookups', 'workflows'] as const;
export type Toolset = (typeof toolsetNames)[number];

/** Workflows find records by name, so lookups are for those who want Zoho's own operations. */
export const defaultToolsets: readonly Toolset[] = ['payments', 'workflows'];
