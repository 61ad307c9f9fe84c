import { distance } from 'fastest-levenshtein';
import { closedUp, collapsed, folded } from '../same-name.ts';
import { isBankWord, isBankWordApart, isClearBankWord } from './bank-words.ts';

/** Names of contacts as banks write them: in upper case, without accents, cut in the middle of a word. */

export interface NamedContact {
  readonly contact_id: string;
  readonly contact_name: string;
  readonly company_name?: string | undefined;
}

/** How well a text names a contact. `longer`: the text has the whole name, but goes on like the name of somebody else. */
export const nameLevels = { full: 4, core: 3, cut: 2, alike: 1.5, longer: 1.2, weak: 1, none: 0 } as const;

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
  /** Contacts with another name, of which the best name may be the beginning: "Riverbend Cafe & Bakery" of "RIVERBEND CAFE". */
  readonly cut: readonly string[];
  /** True if the text has words that belong neither to a name that it holds nor to a bank's words. */
  readonly hasOtherWords: boolean;
}

/** Where a text holds a name. */
interface Span {
  level: number;
  /** The level without regard to what stands around the name. */
  readonly said: number;
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

/** Legal forms, which a bank may leave out. */
export const LEGAL = new Set(
  (
    'inc incorporated llc llp lp ltd limited corp corporation co company plc pty pvt private gmbh ag kg ohg ug ev ek mbh sarl sas sa sasu eurl ' +
    'bv nv vof srl spa snc sl slu lda ltda sp z oo zoo kk gk oy ab as aps b v n k'
  ).split(' '),
);
export const CONNECTING = new Set('and und et e y en i the der die das of de la le les'.split(' '));

/** The words that tell names apart, without "and" and the like, and what stands behind each of them. */
interface Words {
  readonly words: readonly string[];
  readonly gaps: readonly string[];
}

function tellingWords(text: string): Words {
  const plain = collapsed(closedUp(folded(text)));
  const all = [...plain.matchAll(/[\p{L}\p{M}\p{N}]+/gu)];
  const telling = all.filter(([word]) => !CONNECTING.has(word));
  const used = telling.length > 0 ? telling : all;
  return {
    words: used.map(([word]) => word),
    gaps: used.map(({ 0: word, index }, i) => plain.slice(index + word.length, used[i + 1]?.index)),
  };
}

const connectsIn = (gap: string): boolean => /[&+]/.test(gap) || (gap.match(/[\p{L}\p{M}]+/gu) ?? []).length > 0;
/** Whether the words on both sides may belong to one name. Other signs than these separate the fields of a bank. */
const isJoined = (gap: string): boolean => /^[\s.&+]*$/.test(gap.replaceAll(/[\p{L}\p{M}]+/gu, ''));

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
    const keep = (name: WrittenName, said: number, part: number, from: number, to: number) => {
      const isOther = said > nameLevels.weak && isOfAnother(name, parts[part]!, from, to);
      const level = !isOther ? said : said >= nameLevels.core ? nameLevels.longer : nameLevels.weak;
      const before = found.get(name.contact_id);
      if (level > 0 && (before === undefined || level > before.level || (level === before.level && to - from > before.to - before.from)))
        found.set(name.contact_id, { level, said, part, from, to });
    };
    for (const [part, { words }] of parts.entries())
      for (const [from, word] of words.entries())
        for (const name of byStart.get(word.slice(0, START)) ?? []) {
          const { level, to } = aligned(name, words, from);
          keep(name, level, part, from, to);
        }
    // "Acme Corp" within "Acme Corp. (UK)" is a part of the longer name, and "ACME" of Acme Corporation a part of "Acme Corp". If the longer
    // name is cut, either may be meant.
    const all = [...found.values()].map((one) => ({ ...one }));
    const cut: string[] = [];
    for (const [id, one] of found) {
      const around = all.filter((other) => other.part === one.part && other.from <= one.from && other.to >= one.to);
      const isLonger = (other: Span) => other.to - other.from > one.to - one.from;
      const better = around.filter((other) => other.level >= nameLevels.core && (isLonger(other) || other.level > one.level));
      const begun = around.filter((other) => other.level >= nameLevels.cut);
      if (better.length > 0) {
        if (one.level >= nameLevels.cut && !better.some(isLonger)) cut.push(id);
        one.level = Math.min(one.level, nameLevels.weak);
      } else if (one.level === nameLevels.longer && begun.length > 0) one.level = nameLevels.weak;
      else if (begun.some(isLonger)) one.level = Math.min(one.level, nameLevels.cut);
    }
    if (Math.max(0, ...all.map(({ said }) => said)) < nameLevels.cut)
      for (const [part, { words }] of parts.entries())
        for (const { name, from, to } of namesAlike(words, byWord)) keep(name, nameLevels.alike, part, from, to);
    const levels = new Map([...found].map(([id, { level }]) => [id, level]));
    const top = Math.max(0, ...levels.values());
    const owners = [...levels].filter(([, level]) => level >= nameLevels.core || level === nameLevels.longer).map(([id]) => id);
    return {
      level: (id) => levels.get(id ?? '') ?? 0,
      top,
      best: top === 0 ? [] : [...levels].filter(([, level]) => level === top).map(([id]) => id),
      isAnother: (id) => owners.some((owner) => owner !== id),
      cut,
      hasOtherWords: parts.some(({ words, gaps }, part) =>
        words.some((word, i) => {
          const isNamed = all.some((one) => one.part === part && one.level >= nameLevels.cut && one.from <= i && one.to > i);
          return !isNamed && !LEGAL.has(word) && !isBankWordApart(word, isLastWord(gaps, i));
        }),
      ),
    };
  };
}

const isLastWord = (gaps: readonly string[], at: number): boolean => at === gaps.length - 1 && gaps[at] === '';

/** True if the words around a name belong to it, and make it another name: "Bowman Furniture Repair", "New Acme", "Friends of Acme". */
function isOfAnother({ words: name, core }: WrittenName, { words, gaps }: Words, from: number, to: number): boolean {
  const isBanks = (at: number) => isBankWord(words[at]!, isLastWord(gaps, at)) || gaps[at]!.startsWith(':');
  const isOfName = (at: number) => !LEGAL.has(words[at]!) && !isBanks(at);
  // "VENDOR PMT" is a bank's, but "Acme Vendors" may be a name.
  const isBanksPair = (at: number) => isBankWordApart(words[at]!, false) && at + 1 < words.length && isBanks(at + 1);
  const before = from - 1;
  if (from > 0 && isJoined(gaps[before]!) && isOfName(before) && (connectsIn(gaps[before]!) || !isBankWordApart(words[before]!, false)))
    return true;
  const begun = to - from;
  let [at, left] = [to, name.slice(begun, core)];
  while (at < words.length && isJoined(gaps[at - 1]!)) {
    const said = words[at]!;
    const isInitials = left.length > 1 && said === left.map((word) => word[0]).join('');
    if (isInitials) left = [];
    else if (left[0] !== undefined && isShortFor(said, left[0])) left = left.slice(1);
    else if (isOfName(at) && !isBanksPair(at)) return true;
    // "PINE STREET PART" may be "Pine Street Partners" and not "Pine Street Dental".
    else if (at === to && left[0]?.startsWith(said) === false && !LEGAL.has(said) && !isClearBankWord(said)) return true;
    // "School District 12".
    else if (!LEGAL.has(said) && !/^\d{1,2}$/.test(said)) return false;
    at += 1;
  }
  // "RIVERBEND CAFE &" goes on.
  return begun >= core && /^[\s.]*[&+\p{L}]/u.test(gaps[to - 1]!);
}

/** "MGMT" for Management. */
function isShortFor(said: string, word: string): boolean {
  let at = 0;
  for (const letter of word) if (letter === said[at]) at += 1;
  return said.length > 1 && said[0] === word[0] && at === said.length;
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
    const { words } = tellingWords(name);
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
function namesAlike(
  words: readonly string[],
  byWord: ReadonlyMap<string, WrittenName[]>,
): { readonly name: WrittenName; readonly from: number; readonly to: number }[] {
  const keys = new Set(words.flatMap(endsOf));
  const some = [...keys].map((key) => byWord.get(key) ?? []).filter((names) => names.length <= MOST_ALIKE);
  return [...new Set(some.flat())].flatMap((name) => {
    const whole = name.words.slice(0, name.core).join('');
    if (whole.length < SHORTEST_ALIKE) return [];
    // A lost accent may have split a word in two.
    return words.flatMap((_, from) =>
      [name.core, name.core + 1, name.core - 1].flatMap((count) => {
        const said = words.slice(from, from + count).join('');
        const isAlike = Math.abs(said.length - whole.length) <= 2 && distance(said, whole) <= (whole.length > 14 ? 2 : 1);
        return isAlike ? [{ name, from, to: Math.min(from + count, words.length) }] : [];
      }),
    );
  });
}
