"""Which words of a question are worth looking for as they stand.

Whoever asks in their own words shares some with many passages by accident, and fusion counts each
as found. So words count in two cases alone: a code or a number, which says little by its meaning
and much by its letters, and a question whose every word is in the passage, such as a name.
"""

import re

MOST = 16
"""Words. A question of more is a text; its meaning finds what its words would."""

# A word may hold what joins its parts: `M-204`, `v1.2`, `report_2024.pdf`. No other character is
# left, so that what becomes of them in a query language cannot be more than a word.
WORD = re.compile(r"\w+(?:[-._/]\w+)*")

# What a question in English is made of, and an answer need not hold.
FILLERS = """
a about after all also am an and any are as at be been before but by can could did do does for from
had has have he her here his how i if in into is it its just may me mean means might more most must
my no not of on one or our out over shall she should so some such than that the their them then
there these they this to up us was we were what when where which while who whom whose why will with
would you your
"""
COMMON = frozenset(FILLERS.split())


def wanted(query: str) -> list[list[str]]:
    """Alternatives; a passage fits one if it holds each of its words. None if no word tells much.

    Words are in small letters; one may hold parts, which must follow each other in the passage.
    """
    found = dict.fromkeys(WORD.findall(query.lower()))
    words = [word for word in found if word not in COMMON][:MOST]
    codes = [word for word in words if any(character.isdigit() for character in word)]
    if codes:
        return [[code] for code in codes]
    return [words] if words else []
