const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 34rem; margin: 10vh auto; padding: 0 1.5rem; }
  .sandbox { border-left: .25rem solid #b45309; padding-left: .75rem; }
  button { font: inherit; padding: .6rem 1.4rem; margin-right: .75rem; min-height: 2.75rem; cursor: pointer; }
  code { overflow-wrap: anywhere; }
`;

/** What each kind of access allows, in words for the user. */
const MEANINGS: Record<string, string> = {
  ALL: 'see, create, change and delete',
  READ: 'see',
  CREATE: 'create',
  UPDATE: 'change',
  DELETE: 'delete',
};

const MODULES = {
  customerpayments: 'customer payments and refunds',
  contacts: 'contacts',
  invoices: 'invoices',
  banking: 'bank accounts',
  settings: 'settings and organizations',
  accountants: 'the chart of accounts',
  fullaccess: 'everything in Zoho Books',
};

/** A module of the API with a description for the user: the part of a scope after `ZohoBooks.`. */
export type Module = keyof typeof MODULES;

interface Consent {
  app: string;
  scopes: string[];
  /** parameters of the request, repeated with the decision */
  hidden: [string, string][];
}

/** Plain HTML without scripts: a heading, the requested access, and a form with two buttons. All outside text is escaped. */
export function consentPage({ app, scopes, hidden }: Consent): string {
  const fields = hidden
    .filter(([name]) => name !== 'decision')
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('\n      ');
  const items = scopes.map((scope) => `<li>${meaning(scope)} <code>${escapeHtml(scope)}</code></li>`).join('\n      ');
  return page(
    `${app} wants access`,
    `<p class="sandbox"><strong>Sandbox.</strong> This is not Zoho. The books are practice data on this machine.</p>
    <h1>${escapeHtml(app)} would like to access your books</h1>
    <p id="asks">It asks to:</p>
    <ul aria-labelledby="asks">
      ${items}
    </ul>
    <form method="post" action="/oauth/v2/auth">
      ${fields}
      <button type="submit" name="decision" value="accept">Accept</button>
      <button type="submit" name="decision" value="reject">Reject</button>
    </form>`,
  );
}

export function problemPage(title: string, problem: string): string {
  return page(title, `<h1>${escapeHtml(title)}</h1>\n    <p>${escapeHtml(problem)}</p>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escapeHtml(title)} - sandbox</title>
    <style>${STYLE}</style>
  </head>
  <body>
    <main>
    ${body}
    </main>
  </body>
</html>
`;
}

function meaning(scope: string): string {
  const [, module = '', kind = ''] = scope.split('.');
  const what = new Map(Object.entries(MODULES)).get(module.toLowerCase()) ?? module;
  return `${escapeHtml(MEANINGS[kind.toUpperCase()] ?? kind)} ${escapeHtml(what)}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
