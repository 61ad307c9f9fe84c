/** The page that the browser shows after Zoho's consent page. It never contains data of the request, because the address holds the code. */

const pages = {
  arrived: ['ok', 'Zoho has answered', 'You can close this window. The terminal shows what happens next.'],
  declined: ['no', 'Access was declined', 'Nothing was connected. You can close this window.'],
  failed: ['no', 'Zoho gave no access', 'The terminal shows why. You can close this window.'],
  stranger: ['no', 'This answer belongs to another login', 'It was ignored. Open the address that the terminal shows now.'],
  elsewhere: ['no', 'There is no page at this address', 'This program only waits for the answer from Zoho.'],
} as const;

export type PageName = keyof typeof pages;

const style = `
  :root {
    color-scheme: light dark;
    --ground: #f6f7f9; --card: #fff; --text: #1c2430; --soft: #55606e; --line: #e1e5ea; --ok: #177245; --no: #a15c00;
  }
  @media (prefers-color-scheme: dark) {
    :root { --ground: #14171c; --card: #1d2229; --text: #eceff3; --soft: #a9b3bf; --line: #303740; --ok: #5cc98f; --no: #e5a54b; }
  }
  * { box-sizing: border-box; }
  body {
    margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
    background: var(--ground); color: var(--text); font: 1.0625rem/1.55 system-ui, sans-serif;
  }
  main {
    width: 100%; max-width: 30rem; padding: 2.25rem 2.25rem 2rem;
    background: var(--card); border: 1px solid var(--line); border-top: .25rem solid var(--no); border-radius: .5rem;
  }
  main.ok { border-top-color: var(--ok); }
  h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; }
  p { margin: 0; color: var(--soft); }
  footer { margin-top: 1.75rem; font-size: .875rem; color: var(--soft); }
`;

export function callbackPage(name: PageName): string {
  const [mood, title, text] = pages[name];
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title} - zoho-payments-mcp</title>
    <style>${style}</style>
  </head>
  <body>
    <main class="${mood}">
      <h1>${title}</h1>
      <p>${text}</p>
      <footer>zoho-payments-mcp</footer>
    </main>
  </body>
</html>
`;
}
