"""The syntax of each platform, as data."""

from __future__ import annotations

from collections.abc import Mapping

from evisynth.errors import OptionError
from evisynth.searches.syntax import (
    ABSTRACT,
    ACCESSION,
    AFFILIATION,
    ANY_FIELD,
    AUTHOR,
    HEADING_WORDS,
    ISSN,
    JOURNAL,
    KEY_CONCEPTS,
    KEYWORDS,
    KEYWORDS_PLUS,
    LANGUAGE,
    MULTI_PURPOSE,
    ORIGINAL_TITLE,
    PLATFORMS,
    PUBLICATION_TYPE,
    SUBHEADING,
    SUBSTANCE,
    TEXT_WORD_PUBMED,
    TITLE,
    Platform,
    Syntax,
    Tag,
    date_tags,
    field_tags,
)

__all__ = ["SYNTAX", "platform_named", "tags_for", "vocabulary"]

_NOT_FIRST = (("or",), ("and", "not"), ("near",))
_LEFT_TO_RIGHT = (("and", "or", "not"), ("near",))

_OVID = Syntax(
    platform="ovid",
    title="Ovid",
    levels=_NOT_FIRST,
    offset=1,
    near="adj{n}",
    next_adjacent="adj",
    wildcards={"any": "*", "one": "#", "optional": "?"},
    limited=True,
    implicit="phrase",
    untagged=frozenset({MULTI_PURPOSE}),
    lower=True,
    reference="{n}",
    tags={
        **field_tags(f"""
            ti; m_titl = {TITLE}
            ab = {ABSTRACT}
            kf = {KEYWORDS}
            kw = keyword headings
            hw = {HEADING_WORDS}
            tw = text word
            mp = {MULTI_PURPOSE}
            af = {ANY_FIELD}
            au = {AUTHOR}
            jn; jw; jx; ja = {JOURNAL}
            in = {AFFILIATION}
            nm = {SUBSTANCE}
            rn = registry number
            pt = {PUBLICATION_TYPE}
            lg; la = {LANGUAGE}
            fs = {SUBHEADING}
            ot = {ORIGINAL_TITLE}
            id = {KEY_CONCEPTS}
            tn = trade name
            dv = device trade name
            do = doi
            an; ui = {ACCESSION}
            sb = subset
            cn = corporate author
            is = {ISSN}
            dq = candidate terms
            md = methodology
            po = population
            ag = age group
            cc = classification
            tc = table of contents
            so = source
            ai = author identifier
            tx = full text
        """),
        **date_tags(
            published="yr;dp", created="dt;dc", entered="ed;em", revised="rd", indexed="da"
        ),
        "sh": Tag(heading=(False, False)),
    },
    printed="ti ab kf kw hw tw mp af au jn in nm rn pt lg fs ot id tn dv do an sb cn is tx",
    dates={
        "published": ("year",),
        "created": ("day",),
        "entered": ("day",),
        "revised": ("day",),
        "indexed": ("day",),
    },
)

_PUBMED = Syntax(
    platform="pubmed",
    title="PubMed",
    levels=_LEFT_TO_RIGHT,
    offset=0,
    near="~{n}",
    wildcards={"any": "*"},
    implicit="mapping",
    untagged=frozenset({ANY_FIELD}),
    tags={
        **field_tags(f"""
            ti; title = {TITLE}
            ab; abstract = {ABSTRACT}
            tiab; title/abstract = {TITLE} + {ABSTRACT}
            tw; text word; text words = {TEXT_WORD_PUBMED}
            all; all fields = {ANY_FIELD}
            ot; other term = {KEYWORDS}
            au; author = {AUTHOR}
            ta; journal; jour = {JOURNAL}
            ad; affiliation = {AFFILIATION}
            nm; supplementary concept; substance name = {SUBSTANCE}
            rn; ec/rn number = registry number
            pt; ptyp; publication type = {PUBLICATION_TYPE}
            la; lang; language = {LANGUAGE}
            sh; mesh subheading; subheading = {SUBHEADING}
            tt; transliterated title = {ORIGINAL_TITLE}
            sb; subset = subset
            filter = subset
            aid; doi = doi
            pmid; uid = {ACCESSION}
            cn; corporate author = corporate author
            pa; pharmacological action = pharmacological action
            is; issn = {ISSN}
            1au; first author name; first author = first author
            lastau; last author name; last author = last author
            fau; full author name; fir; ir; investigator = {AUTHOR}
            si; secondary source id = registry of the record
            gr; grants and funding; grant number = grant number
            ps; subject - personal name = person as a subject
            text = presence of a field
            auid; author - identifier = author identifier
            vi; volume = volume
            ip; issue = issue
            pg; pagination = pages
            pl; place of publication = place of publication
            lid; location id = doi
            book = book
            isbn = isbn
        """),
        **date_tags(
            published="dp;pdat;date - publication;publication date;epdat;ppdat",
            entered="edat;date - entry;entrez date;entry date",
            created="crdt;date - create;create date",
            indexed="mhda;date - mesh;mesh date",
            revised="lr;date - modification;modification date",
        ),
        **{name: Tag(heading=(True, False)) for name in ("mh", "mesh", "mesh terms")},
        **{f"{name}:noexp": Tag(heading=(False, False)) for name in ("mh", "mesh", "mesh terms")},
        **{name: Tag(heading=(True, True)) for name in ("majr", "mesh major topic")},
        **{f"{name}:noexp": Tag(heading=(False, True)) for name in ("majr", "mesh major topic")},
    },
    printed="tiab ti ab tw all ot au ta ad nm rn pt la sh tt sb doi pmid cn pa is 1au lastau"
    " si gr ps text auid vi ip pg pl book isbn",
    dates=dict.fromkeys(
        ("published", "entered", "created", "indexed", "revised"), ("year", "month", "day")
    ),
    notes=("[tiab] of PubMed also searches author keywords and other abstracts.",),
)

_EMBASE = Syntax(
    platform="embase",
    title="Embase.com",
    levels=_LEFT_TO_RIGHT,
    offset=1,
    near="NEAR/{n}",
    next="NEXT/{n}",
    wildcards={"any": "*", "one": "?", "optional": "$"},
    quote="'",
    implicit="and",
    untagged=frozenset({ANY_FIELD}),
    tags={
        **field_tags(f"""
            ti = {TITLE}
            ab = {ABSTRACT}
            kw = {KEYWORDS}
            de = {HEADING_WORDS}
            au = {AUTHOR}
            jt = {JOURNAL}
            ad; ff = {AFFILIATION}
            it = {PUBLICATION_TYPE}
            la = {LANGUAGE}
            lnk = {SUBHEADING}
            tt = {ORIGINAL_TITLE}
            tn = trade name
            dn = device trade name
            rn = registry number
            an; ui = {ACCESSION}
            do; doi = doi
            all = {ANY_FIELD}
            is = {ISSN}
            cn = registry of the record
            dq = candidate terms
            oa = {ABSTRACT} + {ORIGINAL_TITLE}
        """),
        **date_tags(published="py", entered="sd"),
        "/exp": Tag(heading=(True, False)),
        "/de": Tag(heading=(False, False)),
        "/mj": Tag(heading=(False, True)),
        "/exp/mj": Tag(heading=(True, True)),
    },
    printed="ti ab kw de au jt ad it la lnk tt tn dn rn an do all is cn dq",
    dates={"published": ("year",), "entered": ("day",)},
)

_EBSCO = Syntax(
    platform="ebsco",
    title="EBSCOhost",
    levels=_NOT_FIRST,
    offset=0,
    near="N{n}",
    next="W{n}",
    wildcards={"any": "*", "one": "?", "optional": "#"},
    implicit="phrase",
    untagged=frozenset({MULTI_PURPOSE}),
    reference="S{n}",
    tags={
        **field_tags(f"""
            ti = {TITLE}
            ab = {ABSTRACT}
            kw = {KEYWORDS}
            mw; su = {HEADING_WORDS}
            tx = {ANY_FIELD}
            au = {AUTHOR}
            so; jn = {JOURNAL}
            af = {AFFILIATION}
            nm = {SUBSTANCE}
            rn = registry number
            pt; zt = {PUBLICATION_TYPE}
            la = {LANGUAGE}
            an; ui = {ACCESSION}
            do; doi = doi
            id = {KEY_CONCEPTS}
            is = {ISSN}
        """),
        **date_tags(published="py;dt", entered="em"),
        "mh": Tag(heading=(False, False)),
        "mm": Tag(heading=(False, True)),
        "de": Tag(heading=(False, False)),
    },
    printed="TI AB KW MW TX AU SO AF NM RN PT LA AN DO ID IS",
    dates={"published": ("year", "day"), "entered": ("day",)},
    notes=("TX of EBSCOhost also searches the full text where the database has it.",),
)

_PROQUEST = Syntax(
    platform="proquest",
    title="ProQuest",
    levels=(("not",), ("or",), ("and",), ("near",)),
    offset=0,
    near="NEAR/{n}",
    next="PRE/{n}",
    near_default=4,
    wildcards={"any": "*", "one": "?"},
    limited=True,
    implicit="and",
    untagged=frozenset({"full text"}),
    reference="S{n}",
    tags={
        **field_tags(f"""
            ti = {TITLE}
            ab = {ABSTRACT}
            if = {KEYWORDS}
            su = {HEADING_WORDS}
            noft; all = {ANY_FIELD}
            ft = full text
            au = {AUTHOR}
            pub = {JOURNAL}
            af = {AFFILIATION}
            dtype; rtype = {PUBLICATION_TYPE}
            la = {LANGUAGE}
            an = {ACCESSION}
            doi = doi
            rn = registry number
            ot = {ORIGINAL_TITLE}
            issn = {ISSN}
            stype = source type
        """),
        **date_tags(published="yr;pd"),
        **{
            f"{major}{name}{exact}{explode}": Tag(heading=(bool(explode), bool(major)))
            for major in ("", "mj")
            for name in ("mesh", "mainsubject", "emb")
            for exact in ("", ".exact")
            for explode in ("", ".explode")
        },
        **{name: Tag(heading=(False, False)) for name in ("su.exact", "subject.exact")},
    },
    printed="TI AB IF SU NOFT FT AU PUB AF DTYPE LA AN DOI RN OT ISSN STYPE",
    dates={"published": ("year", "day")},
    notes=("* of ProQuest stands for at most five letters by default; *10 allows ten.",),
)

_WOS = Syntax(
    platform="wos",
    title="Web of Science",
    levels=(("or",), ("and",), ("not",), ("near",)),
    offset=0,
    near="NEAR/{n}",
    near_default=15,
    wildcards={"any": "*", "one": "?", "optional": "$"},
    implicit="and",
    untagged=frozenset({ANY_FIELD}),
    headings=False,
    major=False,
    tags={
        **field_tags(f"""
            ts = {TITLE} + {ABSTRACT} + {KEYWORDS} + {KEYWORDS_PLUS}
            ti = {TITLE}
            ab = {ABSTRACT}
            ak = {KEYWORDS}
            kp = {KEYWORDS_PLUS}
            all = {ANY_FIELD}
            au = {AUTHOR}
            so = {JOURNAL}
            ad; og; oo = {AFFILIATION}
            dt = {PUBLICATION_TYPE}
            la = {LANGUAGE}
            do = doi
            ut; pmid = {ACCESSION}
            wc = category
            su = research area
            is = {ISSN}
            gp = corporate author
            fo; fg = grant number
        """),
        **date_tags(published="py;dop", entered="ld"),
    },
    printed="TS TI AB AK KP ALL AU SO AD DT LA DO UT WC SU IS GP FG",
    dates={"published": ("year", "day"), "entered": ("day",)},
    notes=("Web of Science adds inflected forms to words without quotes and wildcards.",),
)

_SCOPUS = Syntax(
    platform="scopus",
    title="Scopus",
    levels=(("not",), ("and",), ("near",), ("or",)),
    offset=0,
    near="W/{n}",
    next="PRE/{n}",
    wildcards={"any": "*", "one": "?"},
    implicit="and",
    untagged=frozenset({ANY_FIELD}),
    headings=False,
    major=False,
    tags=field_tags(f"""
        title-abs-key = {TITLE} + {ABSTRACT} + {KEYWORDS} + {HEADING_WORDS}
        title-abs = {TITLE} + {ABSTRACT}
        key = {KEYWORDS} + {HEADING_WORDS}
        title = {TITLE}
        abs = {ABSTRACT}
        authkey = {KEYWORDS}
        indexterms = {HEADING_WORDS}
        all = {ANY_FIELD}
        auth; author-name = {AUTHOR}
        srctitle; exactsrctitle = {JOURNAL}
        affil; affilorg = {AFFILIATION}
        doctype = {PUBLICATION_TYPE}
        language = {LANGUAGE}
        doi = doi
        pmid; eid = {ACCESSION}
        casregnumber = registry number
        chemname = {SUBSTANCE}
        tradename = trade name
        issn = {ISSN}
        subjarea = subject area
        affilcountry = country of affiliation
        firstauth = first author
        fund-no = grant number
    """),
    printed="TITLE-ABS-KEY TITLE-ABS KEY TITLE ABS AUTHKEY INDEXTERMS ALL AUTH SRCTITLE AFFIL"
    " DOCTYPE LANGUAGE DOI EID CASREGNUMBER CHEMNAME TRADENAME"
    " ISSN SUBJAREA AFFILCOUNTRY FIRSTAUTH FUND-NO",
    dates={"published": ("year",), "entered": ("day",)},
    notes=(
        "Scopus adds plurals and spelling variants to words outside braces.",
        "ALL of Scopus also searches the references of a document.",
    ),
)

_COCHRANE = Syntax(
    platform="cochrane",
    title="Cochrane Library",
    levels=(("or",), ("and",), ("not",), ("near",)),
    offset=0,
    near="NEAR/{n}",
    next_adjacent="NEXT",
    near_default=6,
    wildcards={"any": "*", "one": "?"},
    implicit="and",
    untagged=frozenset({ANY_FIELD}),
    major=False,
    tags={
        **field_tags(f"""
            ti = {TITLE}
            ab = {ABSTRACT}
            kw = {KEYWORDS} + {HEADING_WORDS}
            au = {AUTHOR}
            so = {JOURNAL}
            pt = {PUBLICATION_TYPE}
            doi = doi
            an = {ACCESSION}
            all = {ANY_FIELD}
        """),
    },
    printed="ti ab kw au so pt doi an all",
    dates={"published": ("year",), "entered": ("month",)},
    notes=(
        "Guides differ on whether NEAR/n of the Cochrane Library counts the words between or the"
        " places apart; here it is taken as the words between.",
    ),
)

SYNTAX: Mapping[Platform, Syntax] = {
    syntax.platform: syntax
    for syntax in (_OVID, _PUBMED, _EMBASE, _EBSCO, _PROQUEST, _WOS, _SCOPUS, _COCHRANE)
}

_NAMES: Mapping[str, Platform] = {
    "ovid": "ovid",
    "ovidsp": "ovid",
    "pubmed": "pubmed",
    "national library of medicine": "pubmed",
    "nlm": "pubmed",
    "ncbi": "pubmed",
    "embase": "embase",
    "embase.com": "embase",
    "elsevier": "embase",
    "ebsco": "ebsco",
    "ebscohost": "ebsco",
    "proquest": "proquest",
    "dialog": "proquest",
    "wos": "wos",
    "web of science": "wos",
    "clarivate": "wos",
    "web of science core collection": "wos",
    "scopus": "scopus",
    "cochrane": "cochrane",
    "cochrane library": "cochrane",
    "wiley": "cochrane",
    "central": "cochrane",
}


def platform_named(name: str, database: str = "") -> Platform:
    """Return the platform of a name; where the name says nothing, that of the database.

    Raises
    ------
    OptionError
        The name is of no platform whose syntax is known.

    Examples
    --------
    >>> platform_named("Web of Science"), platform_named("", "PubMed")
    ('wos', 'pubmed')
    """
    for word in (name, database):
        found = _NAMES.get(" ".join(word.casefold().split()))
        if found:
            return found
    hint = "Name the platform that the query is written for."
    raise OptionError("platform", name or database, PLATFORMS, hint)


def tags_for(fields: tuple[str, ...], platform: Platform) -> tuple[str, ...] | None:
    """Return the codes that search exactly these fields, or None if there are none.

    Examples
    --------
    >>> tags_for(("abstract", "title"), "pubmed"), tags_for(("abstract", "title"), "ovid")
    (('tiab',), ('ti', 'ab'))
    >>> tags_for(("keywords plus",), "ovid")
    """
    syntax = SYNTAX[platform]
    wanted, left, found = frozenset(fields), set(fields), []
    for code in syntax.codes:
        covered = syntax.tags[code.casefold()].fields
        if covered <= wanted and covered & left:
            found.append(code)
            left -= covered
    return None if left or not found else tuple(found)


def vocabulary(platform: Platform, database: str = "") -> str:
    """Return the name of the controlled vocabulary of a database on a platform.

    Examples
    --------
    >>> vocabulary("ovid", "Embase"), vocabulary("pubmed"), vocabulary("ebsco", "MEDLINE")
    ('Emtree', 'MeSH', 'MeSH')
    """
    name = database.casefold()
    for words, found in (
        (("embase", "emcare"), "Emtree"),
        (("psyc",), "APA Thesaurus"),
        (("cinahl",), "CINAHL Headings"),
        (("global health", "cab "), "CAB Thesaurus"),
        (("medline", "pubmed", "central", "cochrane"), "MeSH"),
        (("eric",), "ERIC Thesaurus"),
    ):
        if any(word in name for word in words):
            return found
    if name:
        return f"headings of {database}"
    return {
        "ovid": "MeSH",
        "pubmed": "MeSH",
        "cochrane": "MeSH",
        "embase": "Emtree",
        "ebsco": "CINAHL Headings",
        "proquest": "headings of the database on ProQuest",
        "wos": "none",
        "scopus": "none",
    }[platform]
