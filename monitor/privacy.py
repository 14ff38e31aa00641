"""Numbers that belong to a person, hidden wherever text is shown or stored.

Telephone numbers, ID-card numbers and bank-card numbers, as digits or as they are spoken (零一二…,
幺, 两), also in groups. The length of the text does not change, so word times and quotes still fit.
It errs towards hiding: any run of seven digits goes, since a partial shows a number before it is
complete. Amounts, dates and model numbers as people say them («三百九十八», «十一月», «110») stay.
"""

import re
from typing import Final

_DIGIT: Final = "0-9０-９〇零一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"
_GAP: Final = r"[ \-－—,，、.·]{0,2}"
_RUN: Final = re.compile(rf"[{_DIGIT}](?:{_GAP}[{_DIGIT}]){{6,}}(?:{_GAP}[xXＸ])?")
_SPELT: Final = re.compile(
    rf"^\W*(?:(?:是|嗯|呃|啊|然后|尾号)\W*)?[{_DIGIT}](?:{_GAP}[{_DIGIT}]){{3,}}\W*(?:吧|啊|的|对)?\W*$"
)
"""An utterance that is nothing but digits: one group of a number that is read out with pauses."""
_ONE: Final = re.compile(rf"[{_DIGIT}xXＸ]")

_WHOLE: Final = 11
"""From a mobile number's length on a number is complete enough to leave its tail readable."""
_HEAD, _TAIL = 3, 4
MASK: Final = "*"


def mask(text: str) -> str:
    """``text`` with personal numbers starred out, the same length.

    Of seven to ten digits the first three stay, of more the first three and the last four (the usual
    form 138****8000); of a lone group of digits none.
    """
    if _SPELT.match(text) and not _RUN.search(text):
        return _ONE.sub(MASK, text)
    return _RUN.sub(_hide, text)


def _hide(found: re.Match[str]) -> str:
    run = found.group()
    places = [at for at, char in enumerate(run) if _ONE.match(char)]
    shown = set(places[:_HEAD])
    if len(places) >= _WHOLE:
        shown |= set(places[-_TAIL:])
    hidden = set(places) - shown
    return "".join(MASK if at in hidden else char for at, char in enumerate(run))
