"""How names sound: pinyin without tones, for searching and matching. The dictionary is loaded at the first use."""

import re
import unicodedata
from functools import lru_cache
from itertools import islice, product

from cim.normalize.surnames import COMPOUND_READINGS, CORRECTIONS, GIVEN_READINGS, READINGS
from cim.normalize.texts import fold

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(f"[{HAN}]+|[^\\W{HAN}_]+")
_HAN = re.compile(f"[{HAN}]")
_GAP = re.compile(f"(?<=[{HAN}]) (?=[{HAN}])")
_LONGEST_PHRASE = 4
MOST_READINGS = 4


@lru_cache(maxsize=50_000)
def pinyin(text: str) -> tuple[str, ...]:
    """Return the syllables of a name as it is most probably read: ("ou", "yang", "na", "na"), ("zeng", "li").

    Latin words and numbers stay whole; a character without a known reading stands for itself. The first character is
    read as a surname when it stands in the table of surnames and no longer phrase begins there.
    """
    return _syllables(_pieces(text), surname=True)


def pinyin_readings(name: str) -> list[list[str]]:
    """Return every likely reading of a name, `pinyin` first: 单伟 gives shan wei and dan wei. At most four."""
    return [list(reading) for reading in _readings(name)]


@lru_cache(maxsize=50_000)
def _readings(name: str) -> tuple[tuple[str, ...], ...]:
    usual = pinyin(name)
    if not usual:
        return ()
    characters = "".join(_pieces(name))
    found = dict.fromkeys([usual])
    if characters[0] in READINGS or characters[:2] in COMPOUND_READINGS:
        found.setdefault(_syllables(_pieces(name), surname=False))
    choices = _choices(characters, usual)
    if any(len(sounds) > 1 for sounds in choices):
        found |= dict.fromkeys(islice(product(*choices), 2 * MOST_READINGS))
    return tuple(islice(found, MOST_READINGS))


def _choices(characters: str, usual: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return for each syllable the readings its character may have in a name, the usual one first."""
    first = tuple(dict.fromkeys((usual[0], *READINGS.get(characters[0], ()))))
    if len(characters) != len(usual):  # Latin words or numbers: one syllable is more than one character
        return [first, *((syllable,) for syllable in usual[1:])]
    others = zip(characters[1:], usual[1:], strict=True)
    return [first, *(tuple(dict.fromkeys((sound, *GIVEN_READINGS.get(one, ())))) for one, sound in others)]


def initials(syllables: tuple[str, ...] | list[str]) -> str:
    """Return the first letters: ("ou", "yang") gives "oy". A number stays whole."""
    return "".join(part if part.isdigit() else part[:1] for part in syllables)


@lru_cache(maxsize=1_000)
def _pieces(text: str) -> tuple[str, ...]:
    """Part a name into runs of Chinese characters and of other letters; kept, because each reading asks for it."""
    return tuple(_PIECE.findall(_GAP.sub("", fold(text))))


def _syllables(pieces: tuple[str, ...], *, surname: bool) -> tuple[str, ...]:
    result: list[str] = []
    for position, piece in enumerate(pieces):
        if _HAN.match(piece):
            result += _read(piece, surname=surname and position == 0)
        else:
            result.append(piece)
    return tuple(result)


def _read(run: str, *, surname: bool) -> list[str]:
    """Read a run of Chinese characters: the longest phrases first, then character by character."""
    result: list[str] = []
    position = 0
    if surname and run[:2] in COMPOUND_READINGS:
        result, position = list(COMPOUND_READINGS[run[:2]]), 2
    elif surname and run[0] in READINGS and (len(run) <= 3 or not _phrase_length(run, 0)):
        result, position = [READINGS[run[0]][0]], 1
    while position < len(run):
        length = _phrase_length(run, position) or 1
        result += _sounds(run[position : position + length])
        position += length
    return result


def _phrase_length(run: str, position: int) -> int:
    _, phrases, beginnings = _dictionary()
    if run[position : position + 2] not in beginnings:
        return 0
    for length in range(min(_LONGEST_PHRASE, len(run) - position), 1, -1):
        if run[position : position + length] in phrases:
            return length
    return 0


@lru_cache(maxsize=30_000)
def _sounds(word: str) -> tuple[str, ...]:
    """Return the toneless syllables of one character or of one phrase of the dictionary."""
    if word in CORRECTIONS:
        return (CORRECTIONS[word],)
    characters, phrases, _ = _dictionary()
    if len(word) > 1:
        return tuple(_toneless(choices[0]) for choices in phrases[word])
    return (_toneless(characters.get(ord(word), word).partition(",")[0]),)


def _toneless(syllable: str) -> str:
    marked = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(letter for letter in marked if not unicodedata.combining(letter))


@lru_cache(maxsize=1)
def _dictionary() -> tuple[dict[int, str], dict[str, list[list[str]]], frozenset[str]]:
    """Return the readings of characters, the readings of phrases, and the first two characters of every phrase."""
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT  # slow to import: never before it is needed

    return PINYIN_DICT, PHRASES_DICT, frozenset(phrase[:2] for phrase in PHRASES_DICT)
