/** How this program was started. Texts with commands depend on it. */
export interface Started {
  /** Inside an extension (.mcpb) there is no terminal, and settings are fields, not variables. */
  readonly extension: boolean;
  /** Adapts commands such as `zoho-payments-mcp login` and names of settings in a text to the way the program was started. */
  here(text: string): string;
}

/** Started from a terminal, by the program's name. */
export const startedByName: Started = { extension: false, here: (text) => text };
