import { distance } from 'fastest-levenshtein';
import { closedUp, collapsed, folded, wordsIn } from '../same-name.ts';

/** Names of contacts as banks write them: in upper case, without accents, cut in the middle of a word. */

export interface NamedContact {
  readonly contact_id: string;
  readonly contact_name: string;
  readonly company_name?: string | undefined;
}

/** How well a text names a contact. */
export const nameLevels = { full: 4, core: 3, cut: 2, alike: 1.5, weak: 1, none: 0 } as const;

/** The contacts whose names the text may hold. */
export interface NamesFound {
  /** 0 for a contact whose name is not in the text. */
  level(contact_id: string | undefined): number;
  /** The highest level of all contacts. */
  readonly top: number;
  /** The contacts of this level. */
  readonly best: readonly string[];
  /** True if the text has the full name of another contact. */
  isAnother(contact_id: string | undefined): boolean;
}

/** Where a text holds a name. */
interface Span {
  level: number;
  readonly part: number;
  readonly from: number;
  readonly to: number;
}

/** One spelling of a name. */
interface WrittenName {
  readonly contact_id: string;
  /** All words, and how many of them are without the legal form at the end. */
  readonly words: readonly string[];
  readonly core: number;
  /** A part of the name cannot be more than the core. */
  readonly most: number;
}

const LEGAL = new Set(
  (
    'inc incorporated llc llp lp ltd limited corp corporation co company plc pty pvt private gmbh ag kg ohg ug ev ek mbh sarl sas sa sasu eurl ' +
    'bv nv vof srl spa snc sl slu lda ltda sp z oo zoo kk gk oy ab as aps b v n k'
  ).split(' '),
);
const CONNECTING = new Set('and und et e y en i the der die das of de la le les'.split(' '));

const wordsOf = (text: string): string[] => wordsIn(collapsed(closedUp(folded(text))));

/** Words that tell names apart: without "and" and the like. */
const tellingWords = (text: string): string[] => {
  const words = wordsOf(text);
  const telling = words.filter((word) => !CONNECTING.has(word));
  return telling.length > 0 ? telling : words;
};

/** Looks for the names of these contacts in texts. */
export function nameFinder(contacts: readonly NamedContact[]): (texts: readonly string[]) => NamesFound {
  const byStart = new Map<string, WrittenName[]>();
  const byWord = new Map<string, WrittenName[]>();
  const note = (index: Map<string, WrittenName[]>, key: string, name: WrittenName) => {
    const names = index.get(key);
    if (names === undefined) index.set(key, [name]);
    else if (!names.includes(name)) names.push(name);
  };
  for (const name of contacts.flatMap(writtenNames)) {
    note(byStart, name.words[0]!.slice(0, START), name);
    for (const word of name.words.slice(0, name.core)) for (const key of endsOf(word)) note(byWord, key, name);
  }
  return (texts) => {
    const parts = texts.map(tellingWords);
    const found = new Map<string, Span>();
    const keep = (contact_id: string, level: number, part: number, from: number, to: number) => {
      const before = found.get(contact_id);
      if (level > 0 && (before === undefined || level > before.level || (level === before.level && to - from > before.to - before.from)))
        found.set(contact_id, { level, part, from, to });
    };
    for (const [part, words] of parts.entries())
      for (const [from, word] of words.entries())
        for (const name of byStart.get(word.slice(0, START)) ?? []) {
          const { level, to } = aligned(name, words, from);
          keep(name.contact_id, level, part, from, to);
        }
    // "Acme Corp" within "Acme Corp. (UK)" is a part of the longer name, and "ACME" of Acme Corporation a part of "Acme Corp". If the longer
    // name is cut, either may be meant.
    const all = [...found.values()].map((one) => ({ ...one }));
    for (const one of found.values()) {
      const around = all.filter((other) => other.part === one.part && other.from <= one.from && other.to >= one.to);
      const isLonger = (other: Span) => other.to - other.from > one.to - one.from;
      if (around.some((other) => other.level >= nameLevels.core && (isLonger(other) || other.level > one.level)))
        one.level = Math.min(one.level, nameLevels.weak);
      else if (around.some((other) => other.level >= nameLevels.cut && isLonger(other))) one.level = Math.min(one.level, nameLevels.cut);
    }
    const known = Math.max(0, ...[...found.values()].map(({ level }) => level));
    if (known < nameLevels.cut)
      for (const [part, words] of parts.entries())
        for (const name of namesAlike(words, byWord)) keep(name.contact_id, nameLevels.alike, part, 0, 0);
    const levels = new Map([...found].map(([id, { level }]) => [id, level]));
    const top = Math.max(0, ...levels.values());
    const owners = [...levels].filter(([, level]) => level >= nameLevels.core).map(([id]) => id);
    return {
      level: (id) => levels.get(id ?? '') ?? 0,
      top,
      best: top === 0 ? [] : [...levels].filter(([, level]) => level === top).map(([id]) => id),
      isAnother: (id) => owners.some((owner) => owner !== id),
    };
  };
}

/** Names are looked up by this many letters of their first word. */
const START = 3;
/** A cut name needs so many letters to tell a contact. */
const LEAST_LETTERS = 6;

/** The names of the contact and the company, and the text inside and outside of brackets. */
function writtenNames({ contact_id, contact_name, company_name = '' }: NamedContact): WrittenName[] {
  const whole = [contact_name, company_name];
  const parts = whole.flatMap((name) => [
    name.replace(/[([].*?[)\]]/g, ' '),
    ...[...name.matchAll(/[([](.*?)[)\]]/g)].map(([, inner]) => inner!),
  ]);
  const names = [
    ...whole.map((name) => ({ name, most: nameLevels.full })),
    ...parts.filter((part) => !whole.includes(part)).map((name) => ({ name, most: nameLevels.core })),
  ];
  return names.flatMap(({ name, most }) => {
    const words = tellingWords(name);
    const legal = words.toReversed().findIndex((word) => !LEGAL.has(word));
    const core = legal === -1 ? words.length : words.length - legal;
    const letters = words.slice(0, core).join('').length;
    // "UK" or "Inc" alone tells nothing.
    return letters < START ? [] : [{ contact_id, words, core, most }];
  });
}

/** Compares the words of a text, from a given word on, with the words of a name. `to`: behind the last word of the name. */
function aligned(
  { words: name, core, most }: WrittenName,
  words: readonly string[],
  from: number,
): { readonly level: number; readonly to: number } {
  let [matched, letters, at] = [0, 0, from];
  for (; matched < name.length && at < words.length; matched += 1, at += 1) {
    const [word, said] = [name[matched]!, words[at]!];
    if (word === said) letters += said.length;
    else {
      // "B.V." is written "BV" as well.
      const joined = name.slice(matched, matched + 2).join('');
      if (joined === said && name.length > matched + 1) {
        matched += 1;
        letters += said.length;
        continue;
      }
      const least = matched === 0 ? 4 : 2;
      const isCut = word.startsWith(said) && said.length >= least;
      if (!isCut) break;
      letters += said.length;
      // A word may be cut in the middle of the text: "SUMMIT OFF INTERIORS".
      const next = wholeAt(name, matched + 1, words, at + 1);
      if (next === 0) return { level: cutLevel(matched + 1, core, letters), to: at + 1 };
      return { level: cutLevel(matched + 1 + next, core, letters + LEAST_LETTERS), to: at + 1 + next };
    }
  }
  if (matched === name.length) return { level: most, to: at };
  if (matched >= core) return { level: Math.min(most, nameLevels.core), to: from + core };
  return { level: matched === 0 ? 0 : cutLevel(matched, core, letters), to: at };
}

/** The number of whole words that are the same from here on. */
function wholeAt(name: readonly string[], i: number, words: readonly string[], at: number): number {
  let same = 0;
  while (i + same < name.length && name[i + same] === words[at + same]) same += 1;
  return same;
}

/** A name of one word is cut within it; of a longer name, two words are begun at least. */
const cutLevel = (begun: number, core: number, letters: number): number =>
  letters >= LEAST_LETTERS && (begun > 1 || core === 1) ? nameLevels.cut : letters >= 4 ? nameLevels.weak : nameLevels.none;

/** Beginning and end of a word, by which names with a wrong letter are found. */
const endsOf = (word: string): string[] => (word.length < 5 ? [] : [`${word.slice(0, START)}…`, `…${word.slice(-START)}`]);

const MOST_ALIKE = 100;
const SHORTEST_ALIKE = 10;

/** Names of which the text has all letters but one or two, because accents were lost. */
function namesAlike(words: readonly string[], byWord: ReadonlyMap<string, WrittenName[]>): WrittenName[] {
  const keys = new Set(words.flatMap(endsOf));
  const some = [...keys].map((key) => byWord.get(key) ?? []).filter((names) => names.length <= MOST_ALIKE);
  return [...new Set(some.flat())].filter(({ words: name, core }) => {
    const whole = name.slice(0, core).join('');
    if (whole.length < SHORTEST_ALIKE) return false;
    // A lost accent may have split a word in two.
    return words.some((_, from) =>
      [core, core + 1, core - 1].some((count) => {
        const said = words.slice(from, from + count).join('');
        return Math.abs(said.length - whole.length) <= 2 && distance(said, whole) <= (whole.length > 14 ? 2 : 1);
      }),
    );
  });
}
