"""Subheadings (qualifiers) of MeSH and their codes, after the National Library of Medicine."""

from __future__ import annotations

import re

__all__ = ["subheading_codes", "subheading_name"]

_NAMES = """
ab=abnormalities;ad=administration & dosage;ae=adverse effects;ag=agonists;ah=anatomy & histology
ai=antagonists & inhibitors;an=analysis;bi=biosynthesis;bl=blood;bs=blood supply
cf=cerebrospinal fluid;ch=chemistry;ci=chemically induced;cl=classification;cn=congenital
co=complications;cs=chemical synthesis;cy=cytology;de=drug effects;df=deficiency
dg=diagnostic imaging;dh=diet therapy;di=diagnosis;dt=drug therapy;ec=economics;ed=education
eh=ethnology;em=embryology;en=enzymology;ep=epidemiology;es=ethics;et=etiology;ge=genetics
gd=growth & development;hi=history;im=immunology;in=injuries;ip=isolation & purification
ir=innervation;lj=legislation & jurisprudence;me=metabolism;mi=microbiology;mo=mortality
mt=methods;nu=nursing;og=organization & administration;pa=pathology;pc=prevention & control
pd=pharmacology;ph=physiology;pk=pharmacokinetics;po=poisoning;pp=physiopathology;ps=parasitology
px=psychology;py=pathogenicity;re=radiation effects;rh=rehabilitation;rt=radiotherapy
sc=secondary;sd=supply & distribution;se=secretion;sn=statistics & numerical data;st=standards
su=surgery;td=trends;th=therapy;tm=transmission;to=toxicity;tr=transplantation
tu=therapeutic use;ul=ultrastructure;ur=urine;ut=utilization;ve=veterinary;vi=virology
"""
_BY_CODE = dict(entry.split("=", 1) for entry in re.split(r"[;\n]", _NAMES.strip()) if "=" in entry)
_BY_NAME = {name.replace("&", "and"): code for code, name in _BY_CODE.items()}


def subheading_codes(text: str) -> tuple[str, ...]:
    """Read subheadings, given by code or by name, as sorted codes; what is unknown stays.

    Examples
    --------
    >>> subheading_codes("drug therapy, TH"), subheading_codes("")
    (('dt', 'th'), ())
    """
    found = set()
    for part in text.split(","):
        word = " ".join(part.casefold().split())
        if word:
            found.add(_BY_NAME.get(word.replace("&", "and"), word))
    return tuple(sorted(found))


def subheading_name(code: str) -> str:
    """Return the name of a code; a code that is unknown is its own name.

    Examples
    --------
    >>> subheading_name("dt")
    'drug therapy'
    """
    return _BY_CODE.get(code, code)
