"""British and American spelling of a word: a short built-in list, and the plural."""

from __future__ import annotations

import re

__all__ = ["other_number", "other_spelling"]

_PAIRS = """
tumour=tumor;behaviour=behavior;colour=color;favour=favor;honour=honor;labour=labor;odour=odor
neighbour=neighbor;rumour=rumor;vapour=vapor;humour=humor;centre=center;fibre=fiber;litre=liter
metre=meter;theatre=theater;anaemi=anemi;anaesth=anesth;haem=hem;leukaemi=leukemi;oedema=edema
oesophag=esophag;oestr=estr;paediatr=pediatr;orthopaed=orthoped;gynaecolog=gynecolog;foet=fet
diarrhoea=diarrhea;caesarean=cesarean;aetiolog=etiolog;coeliac=celiac;faec=fec;ischaemi=ischemi
uraemi=uremi;bacteraemi=bacteremi;glycaemi=glycemi;lipidaemi=lipidemi;programme=program
counsell=counsel;ageing=aging;sulph=sulf;grey=gray;judgement=judgment;dyspnoea=dyspnea
apnoea=apnea;manoeuvr=maneuver;mould=mold;plough=plow;sceptic=skeptic;tyre=tire;enrol=enroll
fulfil=fulfill;practise=practice;licence=license;defence=defense;offence=offense;modell=model
labell=label;travell=travel;signall=signal;channell=channel;haemorrhag=hemorrhag;naev=nev
"""
_BRITISH = dict(entry.split("=") for entry in re.split(r"[;\n]", _PAIRS.strip()))
_AMERICAN = {american: british for british, american in _BRITISH.items() if len(american) > 4}
_ENDING = re.compile(r"([a-z]{3,})(is|iz)(e|ed|er|ers|es|ing|ation|ations|ational)")
_STEM = re.compile(r"([a-z]{4,})(is|iz)")
_YSE = re.compile(r"([a-z]{3,}ly)(s|z)(e|ed|es|ing)")
_WITH_S = """
exercis advis promis precis otherwis likewis surpris expertis supervis revis compris
compromis enterpris concis franchis televis improvis premis disguis treatis paradis aris
devis circumcis incis excis demis despis rais prais nois bruis cruis chastis merchandis
pois brais
"""
_ALWAYS_S = frozenset(_WITH_S.split())
_ALWAYS_Z = frozenset(["siz", "priz", "seiz", "capsiz", "maiz"])


def other_spelling(word: str) -> str:
    """Return the word in the other spelling, or ``""``; a stem may be given.

    Examples
    --------
    >>> other_spelling("tumours"), other_spelling("randomized"), other_spelling("exercise")
    ('tumors', 'randomised', '')
    """
    low = word.casefold()
    for form in (_ENDING, _YSE):
        found = form.fullmatch(low)
        if found:
            stem = found[1] + found[2] if form is _ENDING else ""
            if stem in _ALWAYS_S or stem in _ALWAYS_Z:
                return ""
            other = found[2].translate(str.maketrans("sz", "zs"))
            return found[1] + other + found[3]
    for pairs in (_BRITISH, _AMERICAN):
        for stem in sorted(pairs, key=len, reverse=True):
            if low.startswith(stem) or (len(stem) > 5 and stem in low):
                other = low.replace(stem, pairs[stem], 1)
                return other if other != low else ""
    return ""


def other_number(word: str) -> str:
    """Return the plural of a singular or the singular of a plural, by rule; ``""`` if unsure.

    Examples
    --------
    >>> other_number("trial"), other_number("therapies"), other_number("stress")
    ('trials', 'therapy', '')
    """
    low = word.casefold()
    if len(low) < 4 or not low.isalpha():
        return ""
    if low.endswith("ies") and len(low) > 5:
        return low[:-3] + "y"
    if low.endswith(("ss", "us", "is", "ics", "ing", "ed", "ive", "ous", "al")):
        return "" if not low.endswith("ial") else low + "s"
    if low.endswith("s"):
        return low[:-1]
    if low.endswith("y") and low[-2] not in "aeiou":
        return low[:-1] + "ies"
    return low + ("es" if low.endswith(("x", "ch", "sh")) else "s")
