/** How this program was started. Hints depend on it. */
export interface Started {
  /** Inside an extension (.mcpb) there is no terminal, and settings are fields, not variables. */
  readonly extension: boolean;
  /** The text with commands and settings as they are called here. It is given with commands such as `zoho-payments-mcp login`. */
  here(text: string): string;
}

/** From a terminal, by the program's name. */
export const startedByName: Started = { extension: false, here: (text) => text };
