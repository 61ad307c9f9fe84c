/** Answers the sandbox's consent page over HTTP, as a user's browser does. */

export type Decision = 'accept' | 'reject';

/** Opens the page, submits its form with this button, and returns the address of the redirect. */
export async function decide(address: string, decision: Decision): Promise<URL> {
  const page = await fetch(address);
  const html = await page.text();
  if (!page.ok) throw new Error(`the consent page answered ${page.status}: ${html}`);
  const form = new URLSearchParams();
  for (const [, name = '', value = ''] of html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g))
    form.append(unescapeHtml(name), unescapeHtml(value));
  form.set('decision', decision);
  const action = new URL(/<form method="post" action="([^"]*)">/.exec(html)?.[1] ?? '', address);
  const answer = await fetch(action, { method: 'POST', body: form, redirect: 'manual' });
  return new URL(answer.headers.get('location') ?? '');
}

function unescapeHtml(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
