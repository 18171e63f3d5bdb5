// Which commands a few typed letters mean: all letters in order, better at the begin of words and side by side.

const WORD_START = 8;
const ADJACENT = 5;
const FIRST = 6;

/** A score, higher is better; null when the letters are not all there. Every word typed must match. */
export function score(typed: string, text: string): number | null {
  let total = 0;
  for (const word of typed.toLowerCase().split(/\s+/).filter(Boolean)) {
    const found = scoreWord(word, text.toLowerCase());
    if (found === null) return null;
    total += found;
  }
  // Of two equally good ones the shorter is meant.
  return total - text.length / 100;
}

function scoreWord(word: string, text: string): number | null {
  const whole = text.indexOf(word);
  if (whole >= 0) return word.length * (1 + ADJACENT) + bonus(text, whole);
  let total = 0;
  let at = -1;
  for (const letter of word) {
    const next = nextMeant(text, letter, at);
    if (next < 0) return null;
    total += 1 + (next === at + 1 ? ADJACENT : WORD_START);
    at = next;
  }
  return total;
}

/** Where a letter goes on from `at` or begins a word: letters scattered within words are chance. */
function nextMeant(text: string, letter: string, at: number): number {
  for (let next = text.indexOf(letter, at + 1); next >= 0; next = text.indexOf(letter, next + 1)) {
    if (isWordStart(text, next) || (at >= 0 && next === at + 1)) return next;
  }
  return -1;
}

const isWordStart = (text: string, at: number): boolean => at === 0 || /[^a-z0-9]/.test(text[at - 1] ?? "");

const bonus = (text: string, at: number): number => (at === 0 ? FIRST : 0) + (isWordStart(text, at) ? WORD_START : 0);

export function rank<T>(typed: string, items: readonly T[], textOf: (item: T) => string, most: number): T[] {
  if (!typed.trim()) return items.slice(0, most);
  return items
    .map((item) => ({ item, score: score(typed, textOf(item)) }))
    .filter((scored): scored is { item: T; score: number } => scored.score !== null)
    .sort((one, other) => other.score - one.score)
    .slice(0, most)
    .map((scored) => scored.item);
}
