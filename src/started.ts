/** How this program was started, as far as what it says depends on it. */
export interface Started {
  /** Inside an extension (.mcpb) there is no terminal, and what is set elsewhere by variables has fields. */
  readonly extension: boolean;
  /** The text with its commands and settings as they are called here: `zoho-payments-mcp login` stands for however login is called. */
  here(text: string): string;
}

/** By its name, from a terminal. */
export const startedByName: Started = { extension: false, here: (text) => text };
