"""Whether text that is not UTF-8 may be taken for windows-1252, and if hardly, what else it may be.

Windows-1252 gives a character to almost any byte, so only what comes out tells. In texts of western Europe,
characters beyond ASCII stand one by one between ASCII letters, and signs stand beside words. Chinese,
Japanese, Korean, Cyrillic and Greek texts come out as words of nothing but accents and signs, those of DOS
and of Mac OS as signs and capitals in the midst of words.
"""

import codecs
import re
from typing import Final

from lightning_eda.errors import CsvError
from lightning_eda.tables.text.rows import lines_in

WINDOWS: Final = "windows-1252"
SAMPLE_BYTES: Final = 1 << 16
MOST_ODD: Final = 0.15
"""The part of the characters beyond ASCII that may stand where western texts have none."""
LEAST_ASCII: Final = 0.5
"""ASCII letters in words that have others, for each of those."""
WORD: Final = re.compile(r"[A-Za-z\u0080-\uffff]*[\u0080-\uffff][A-Za-z\u0080-\uffff]*")
ALONE: Final = frozenset("\u00a0€£§°²³µ·ºª«»‹›®©™½¼¾…–—“”‘’„•¿¡×±\u00ad")  # noqa: RUF001
"""What may stand by itself beside a single letter: signs, and marks around words."""
AROUND: Final = frozenset("“”‘’„‚«»‹›…–—•\u00a0\u00ad°µ·ºª²³¿¡€£")  # noqa: RUF001
"""Signs that may stand right before a letter at the start of a word, or right behind the last."""
QUOTES: Final = frozenset("“”‘’„‚«»‹›–—")  # noqa: RUF001
BESIDE_SIGNS: Final = frozenset("\u00a0\u00ad…")
BETWEEN: Final = frozenset("’‘·–—\u00a0\u00ad")  # noqa: RUF001
STRANGE: Final = frozenset("¤¦¬¸ƒˆ")  # noqa: RUF001
BESIDE_ANY: Final = frozenset("çðþ")
UMLAUTS: Final = frozenset("äöüõåøæ")
CANDIDATES: Final = (
    ("gb18030", "\u4e00-\u9fff\u3000-\u303f\uff00-\uff60"),
    ("big5", "\u4e00-\u9fff\u3000-\u303f\uff00-\uff60"),
    ("shift_jis", "\u3040-\u30ff\u4e00-\u9fff\u3000-\u303f\uff00-\uff60"),
    ("euc_jp", "\u3040-\u30ff\u4e00-\u9fff\u3000-\u303f\uff00-\uff60"),
    ("euc_kr", "\uac00-\ud7af\u3000-\u303f"),
    ("windows-1251", "\u0400-\u045f\u2116\u00ab\u00bb"),
    ("koi8-r", "\u0400-\u045f\u2116"),
    ("windows-1253", "\u0370-\u03ff"),
    ("windows-1255", "\u0590-\u05ff"),
    ("windows-1256", "\u0600-\u06ff"),
    ("cp874", "\u0e00-\u0e7f"),
    ("windows-1250", ""),
    ("iso8859-15", ""),
    ("cp850", ""),
    ("mac-roman", ""),
)
"""Encodings, and the characters that text in them is of; "" for those of European letters."""
OF_SCRIPT: Final = 0.9
MOST_CANDIDATES: Final = 6
LOWER_UPPER: Final = r"[a-zß-öø-ÿα-ωа-яё][A-ZÀ-ÖØ-ÞŸŽŠŒΑ-ΩА-ЯЁ]"
SHOWN: Final = 24


def require_windows_1252(data: bytes, name: str, line: int = 1) -> None:
    """Refuses text that is not UTF-8 and that reads oddly as windows-1252.

    Args:
        data: Some of the text, with its first byte beyond ASCII.
        name: What errors call the CSV.
        line: The line that `data` starts on.

    Raises:
        CsvError: The guess is in doubt; the encodings that may be meant are named, with what they would read.
    """
    first = next((place for place, byte in enumerate(data) if byte > 0x7F), 0)
    start = max(data.rfind(b"\n", 0, first), data.rfind(b"\r", 0, first)) + 1
    sample = data[start : start + SAMPLE_BYTES]
    if not reads_oddly(sample.decode(WINDOWS, "replace")):
        return
    others = ", ".join(f"{encoding} reads {shown!r}" for encoding, shown in readings(sample))
    raise CsvError(
        f"{name} line {line + lines_in(data[:first])}: the text is not UTF-8, and windows-1252 would read "
        f"{_first_word(sample.decode(WINDOWS, 'replace'))!r}, which is hardly meant; set CSV_ENCODING to the "
        f"file's encoding ({others or 'none of the usual ones fits'})"
    )


def reads_oddly(text: str) -> bool:
    """Whether text is hardly one of western Europe."""
    beyond = ascii_letters = odd = 0
    for word in WORD.finditer(text):
        if len(word[0]) == 1 and (word[0].isalpha() or word[0] in ALONE):
            continue
        found = sum(not letter.isascii() and letter != "\ufffd" for letter in word[0])
        beyond += found
        ascii_letters += len(word[0]) - found
        odd += sum(_is_odd(word[0], place) for place in range(len(word[0])))
    return beyond > 0 and (odd > MOST_ODD * beyond or ascii_letters < LEAST_ASCII * beyond)


def readings(sample: bytes) -> list[tuple[str, str]]:
    """The encodings that text may be in, each with how it reads the first word beyond ASCII."""
    found = []
    for encoding, characters in CANDIDATES:
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(sample)
        except UnicodeDecodeError:
            continue
        if _is_of_script(text, characters):
            found.append((encoding, _first_word(text)))
    return found[:MOST_CANDIDATES]


def _is_of_script(text: str, characters: str) -> bool:
    """Whether words beyond ASCII are of a script alone, or of European letters, with capitals in front."""
    words = [word[0] for word in WORD.finditer(text)]
    own = re.compile(f"[{characters}]+") if characters else re.compile(r"[^\W\d_]+|\W")
    good = [word for word in words if own.fullmatch(word) and not re.search(LOWER_UPPER, word)]
    return len(good) >= OF_SCRIPT * len(words)


def _first_word(text: str) -> str:
    word = WORD.search(text)
    return word[0][:SHOWN] if word else ""


def _is_odd(word: str, place: int) -> bool:
    """Whether a character of a word is one that western words do not have in that place."""
    letter = word[place]
    if letter.isascii() or letter == "\ufffd":
        return False
    before, after = word[place - 1 : place] if place else "", word[place + 1 : place + 2]
    if letter in STRANGE:
        return True
    if not letter.isalpha() or letter in "ªº":
        return _is_odd_sign(letter, before, after)
    if letter.isupper() and before.islower():
        return True
    if letter.isupper() and before.isalpha() and after.islower():
        return True
    return before.isalpha() and not before.isascii() and not _may_meet(before.lower(), letter.lower())


def _is_odd_sign(sign: str, before: str, after: str) -> bool:
    if before and not before.isascii() and not before.isalpha() and not _may_follow(before, sign):
        return True
    if sign in BETWEEN:
        return False
    if before.isalpha() and (after.isalpha() or sign in "„‚"):  # noqa: RUF001
        return True
    return after.isalpha() and sign not in AROUND


def _may_meet(one: str, other: str) -> bool:
    """Whether two letters beyond ASCII may stand side by side."""
    pair = {one, other}
    return one == other or other == "ß" or one == "ñ" or bool(pair & BESIDE_ANY) or pair <= UMLAUTS


def _may_follow(one: str, other: str) -> bool:
    """Whether two signs may stand side by side."""
    pair = {one, other}
    return one == other or bool(pair & BESIDE_SIGNS) or pair <= QUOTES
