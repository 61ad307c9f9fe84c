import { randomUUID } from 'node:crypto';
import { concern, type Concern } from '../concern.ts';
import { formatMoney, sum } from '../money.ts';
import { MINUTE_MS } from '../time.ts';
import { declined, isOfProgram, shownOf, type Consent, type ConsentForm } from './confirm.ts';
import { consentTo } from './consent-to.ts';
import type { ListConsent, NotedConsent } from './journal/journal.ts';
import type { Row } from './list-rows.ts';
import type { ListRun } from './list-run.ts';
import type { ListPlan, PlannedRow } from './list-types.ts';
import { concernsToAskAbout } from './policy.ts';
import { requestDigest } from './request-digest.ts';
import { APPROVAL_MINUTES, digestOf } from './seal.ts';
import type { JudgedRow } from './types.ts';

/** Consent to a list: one question about all rows. The journal keeps a digest of what was shown for each row. */

/** A row that was checked and could be sent. */
export type CheckedRow = Row & { readonly judged: JudgedRow };

export const isChecked = (row: Row): row is CheckedRow => row.judged !== undefined;

/**
 * Returns the consent that came with this call, as the user's answer to a question. The journal has what was shown, so nothing is read
 * again.
 */
export async function answeredConsent(list: ListRun): Promise<ListConsent | undefined> {
  const { person } = list.call;
  const token = person.canBeAsked ? person.state : person.approval;
  const opened = token === undefined ? undefined : list.road.seal.open(token);
  if (opened?.kind !== 'good' || isOfProgram(person, list.road)) return undefined;
  const noted = (await notedConsents(list)).filter(({ approval }) => approval === opened.sealed.approval);
  const asked = noted.find(({ type }) => type === 'asked');
  if (asked === undefined || noted.some(({ type }) => type === 'consented')) return undefined;
  const consent = await consentToForm({ digest: asked.shown, question: '', about: [SEVERAL] }, asked, list);
  return consent.kind === 'given' ? await noteConsent(consent, asked, list) : undefined;
}

/** Returns the consents to the list that are still valid. */
export async function consentsInForce(list: ListRun): Promise<readonly ListConsent[]> {
  return (await notedConsents(list)).filter(({ type }) => type === 'consented');
}

/**
 * Returns the consent to exactly what was shown for the row. Each row can use it for one claim. If that write was not carried out, the
 * user is asked again.
 */
export async function consentToRow(
  row: Row,
  judged: JudgedRow,
  consents: readonly ListConsent[],
  { road }: ListRun,
): Promise<Consent | undefined> {
  const digest = digestOfRow(row, judged);
  for (const { asked = 'nobody', approval } of consents.filter(({ rows }) => rows.includes(digest))) {
    if (asked === 'nobody') return { kind: 'given', asked };
    const own = `${approval}/${row.id}`;
    if ((await road.journal.findByApproval(own)) === undefined) return { kind: 'given', asked, approval: own };
  }
  return undefined;
}

/** Asks the user about these rows. */
export async function askAboutRows(
  rows: readonly CheckedRow[],
  list: ListRun,
): Promise<ListConsent | (Exclude<Consent, { kind: 'given' }> & { readonly concerns: readonly Concern[] })> {
  const shown = questionAbout(rows, list);
  const requests = rows.map(({ judged }) => requestDigest(judged.request));
  const question = {
    rows: rows.map((row) => digestOfRow(row, row.judged)),
    declines: digestOf(['declined', requests.toSorted()]),
    requests,
  };
  const { agree } = list.call;
  if (agree === undefined) {
    const consent = await consentToForm(shown, question, list);
    if (consent.kind !== 'given') return { ...consent, concerns: shown.about };
    return await noteConsent(consent, { ...question, shown: shown.digest }, list);
  }
  const asked = await agree(planOf(shown, list));
  if (asked === undefined) throw declined();
  return await noteConsent({ kind: 'given', asked, approval: randomUUID() }, { ...question, shown: shown.digest }, list);
}

/** The total amount of the rows, by currency. */
export function amountsByCurrency(rows: readonly CheckedRow[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const { money } of rows.map(({ judged }) => judged.facts.policy))
    if (money !== undefined) totals.set(money.currency, sum([totals.get(money.currency) ?? 0, money.adds]));
  return totals;
}

const SEVERAL = concern('list', 'several payments are recorded with one call');
/** A changed row must be asked about again, also if no other row is left. */
const ONE_OF_LIST = concern('list', 'the payment is part of a list');

type ListQuestion = ConsentForm & { readonly title: string };

/** What the user is shown: totals, then each row in one line, rows with concerns first. */
function questionAbout(rows: readonly CheckedRow[], list: ListRun): ListQuestion {
  const lines = rows
    .toSorted((a, b) => Number(hasConcern(b)) - Number(hasConcern(a)) || a.number - b.number)
    .map(({ number, judged }) => {
      const { line, attention } = inLine(judged);
      return `Row ${number}: ${line}${attention.length === 0 ? '' : `. ATTENTION: ${attention.join('; ')}`}`;
    });
  const ofList = list.rows.length === 1 ? [] : [rows.length === 1 ? ONE_OF_LIST : SEVERAL];
  const ofRows = rows.flatMap(({ number, judged }) => judged.shown.about.map(({ code, text }) => concern(code, `row ${number}: ${text}`)));
  const totals = [...amountsByCurrency(rows)].map(([currency, amount]) => formatMoney(amount, currency));
  const title = `Record ${rows.length === 1 ? 'a payment' : `${rows.length} payments`}, ${totals.join(' and ')} in all`;
  const digests = rows.map((row) => digestOfRow(row, row.judged));
  const facts = {
    question: { title, lines, not_checked: [], ask: [] },
    policy: {},
    duplicates: {},
    lost: { touches: {}, before: {} },
  };
  return { ...shownOf(digests, facts, [...concernsToAskAbout(list.road.policy, ofList, []), ...ofRows]), title };
}

const hasConcern = ({ judged }: CheckedRow): boolean => judged.shown.about.length > 0;

function planOf({ title, about }: ListQuestion, { rows, stop }: ListRun): ListPlan {
  const planned = rows.map(({ judged, outcome }): PlannedRow =>
    judged === undefined ? { outcome: outcome ?? { outcome: 'not_started', error: stop }, attention: [] } : inLine(judged),
  );
  return { title, rows: planned, about };
}

/** A row that could be sent, as the user is shown it. */
function inLine({ facts: { question, duplicates }, shown: { about } }: JudgedRow) {
  const attention = [
    ...about.map(({ text }) => text),
    ...(duplicates.alike ?? []).map(({ text }) => `already recorded: ${text}`),
    ...question.not_checked.map((check) => `not checked: ${check}`),
  ];
  return { line: question.line ?? question.title, attention };
}

/** Digest of what was shown for a row. Two equal rows differ, because the user may have seen only one of them. */
const digestOfRow = ({ id }: Row, { shown }: JudgedRow): string => digestOf([id, shown.digest]);

async function consentToForm(
  shown: ConsentForm,
  { rows, declines, requests }: Pick<ListConsent, 'rows' | 'declines' | 'requests'>,
  list: ListRun,
) {
  const { call, intent, road } = list;
  return await consentTo(shown, { intent, declines, requests, rows }, { endpoint: call.workflow.row.endpoint, person: call.person }, road);
}

/** Writes the user's consent to the journal before anything is sent. */
async function noteConsent(
  { asked, approval = '' }: Extract<Consent, { kind: 'given' }>,
  { rows, shown, declines, requests }: Omit<ListConsent, 'approval'>,
  { call, intent, road: { journal, scope } }: ListRun,
): Promise<ListConsent> {
  const list = { approval, shown, rows, declines, requests, asked };
  const { name: endpoint } = call.workflow.row.endpoint;
  if (asked !== 'nobody') await journal.note({ scope, endpoint, intent, type: 'consented', reason: 'The user agreed.', list });
  return list;
}

/** Returns the questions and consents that have not expired. */
async function notedConsents({ intent, road: { journal, scope } }: ListRun): Promise<readonly NotedConsent[]> {
  const now = journal.now();
  const noted = await journal.listConsents(scope, intent, new Date(now - APPROVAL_MINUTES * MINUTE_MS).toISOString());
  // If the clock was set back after the note, the consent would be valid for too long.
  return noted.filter(({ at }) => Date.parse(at) <= now + MINUTE_MS);
}
