"""Detection of texts without spaces between words, for which a vocabulary of words is useless."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from textrnn.text.word_rules import fold_case, split_items

# Scripts written without spaces between words: ideographs and kana, and the South East Asian scripts of line-breaking
# class SA (Unicode Standard Annex 14).
_SCRIPTS: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaadf"
    "\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
_SCRIPT: Final = re.compile(f"[{_SCRIPTS}]")

LONG: Final = 5  # letters: Chinese words have 1 to 4, so a text that somebody has cut into words has few so long
LOST: Final = 0.5  # of a text's letters in words of no other text: what is left of it says little
# Of 20 to 35,000 Chinese reviews 90% to 97% are lost, of those of up to 8 characters 59%, of Chinese news 91%, and
# of these cut into words up to 5%; of eleven tables of reviews, news, messages and questions in English 0%.
TEXTS_LOST: Final = 0.08
# A text that is one word, such as a name, is no loss in a table of phrases, where few are: 0.1% of the phrases of the
# Stanford Sentiment Treebank. Of a list of names all are.
WORDS_LOST: Final = 0.5
WORDS_AT_LEAST: Final = 50  # distinct ones: of few single words nobody can tell


@dataclass(frozen=True)
class Unspaced:
    """Fraction of texts that share hardly a word with another text, and one of them."""

    share: float
    example: str


def find_unspaced(texts: Iterable[str]) -> Unspaced | None:
    """Find texts without spaces between words, if there are too many for a word tokenizer.

    Each text is treated as held out from the others: a word that no other text has would be unknown. Repeated texts
    count once. Texts in scripts with spaces cost a search each.
    """
    distinct = list(dict.fromkeys(text for text in texts if not text.isspace()))
    of_script = [text for text in distinct if _SCRIPT.search(text)]
    single = [text for text in distinct if len(text.split()) == 1] if len(distinct) >= WORDS_AT_LEAST else []
    if len(of_script) < TEXTS_LOST * len(distinct) and len(single) < WORDS_LOST * len(distinct):
        return None
    texts_with = Counter(word for text in distinct for word in set(_words(text)))
    for candidates, least, letters in ((of_script, TEXTS_LOST, LONG), (single, WORDS_LOST, 1)):
        lost = [text for text in candidates if _share_lost(text, texts_with, letters) >= LOST]
        if lost and len(lost) >= least * len(distinct):
            return Unspaced(len(lost) / len(distinct), lost[0].strip())
    return None


def _words(text: str) -> list[str]:
    return [fold_case(item)[1] for item in split_items(text) if item[0].isalnum() or item[0] == "_"]


def _share_lost(text: str, texts_with: Counter[str], letters: int) -> float:
    words = _words(text)
    lost = sum(len(word) for word in words if len(word) >= letters and texts_with[word] == 1)
    return lost / max(sum(map(len, words)), 1)
