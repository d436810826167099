"""The pieces of Word's XML that python-docx has no words for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docx.document import Document

__all__ = [
    "add_field",
    "add_hyperlink",
    "bookmark",
    "describe_picture",
    "element",
    "keep_with_next",
    "prepare_styles",
    "set_language",
    "shade",
    "style_ids",
]

SERIF, SANS, MONO = "Times New Roman", "Arial", "Courier New"
"""Faces that every Word has, with free ones of the same widths elsewhere."""

INK, ACCENT, MUTED = "1C2126", "0B5394", "565F69"


def element(name: str, /, **attributes: str) -> Any:
    """Make an element of the ``w`` namespace; attribute names get the same prefix."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(f"w:{name}")
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def add_field(paragraph: Any, instruction: str, shown: str, *, bold: bool = False) -> None:
    """Add a field that Word can update, with the value it shows until then."""
    from docx.oxml.ns import qn

    def run(*children: Any) -> None:
        written = paragraph.add_run()
        written.bold = True if bold else None
        for child in children:
            written._r.append(child)

    run(element("fldChar", fldCharType="begin"))
    text = element("instrText")
    text.set(qn("xml:space"), "preserve")
    text.text = f" {instruction} "
    run(text)
    run(element("fldChar", fldCharType="separate"))
    paragraph.add_run(shown).bold = True if bold else None
    run(element("fldChar", fldCharType="end"))


def add_hyperlink(paragraph: Any, text: str, *, href: str = "", anchor: str = "") -> None:
    """Add a link to an address, or to a bookmark of the document."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml.ns import qn
    from docx.text.run import Run

    made = element("hyperlink")
    if href:
        relation = paragraph.part.relate_to(href, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        made.set(qn("r:id"), relation)
    else:
        made.set(qn("w:anchor"), anchor)
    inner = element("r")
    made.append(inner)
    run = Run(inner, paragraph)
    run.text = text
    if href:
        run.style = paragraph.part.document.styles["Hyperlink"]
    paragraph._p.append(made)


def bookmark(paragraph: Any, name: str, number: int) -> None:
    """Put a bookmark around the contents of a paragraph."""
    start = element("bookmarkStart", id=str(number), name=name)
    end = element("bookmarkEnd", id=str(number))
    properties = paragraph._p.pPr
    place = 0 if properties is None else paragraph._p.index(properties) + 1
    paragraph._p.insert(place, start)
    paragraph._p.append(end)


def describe_picture(picture: Any, name: str, description: str) -> None:
    """Give a picture its name and its description for screen readers."""
    properties = picture._inline.docPr
    properties.set("name", name)
    properties.set("descr", description)


def keep_with_next(paragraph: Any) -> None:
    """Keep a paragraph on the page of the next one."""
    paragraph.paragraph_format.keep_with_next = True


def shade(paragraph: Any, colour: str) -> None:
    """Colour the ground of a paragraph."""
    paragraph._p.get_or_add_pPr().append(element("shd", val="clear", color="auto", fill=colour))


def set_language(document: Document, language: str) -> None:
    """Tell Word's spelling check which language the text is in."""
    from docx.oxml.ns import qn

    properties = document.styles.element.find(
        f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}"
    )
    if properties is not None:
        for old in properties.findall(qn("w:lang")):
            properties.remove(old)
        properties.append(element("lang", val=language))


def style_ids(document: Document) -> dict[str, str]:
    """Return the id of each style by its name; python-docx searches all styles for every use."""
    return {style.name: style.style_id for style in document.styles if style.name}


def _face(style: Any, name: str) -> None:
    from docx.oxml.ns import qn

    style.font.name = name
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in list(fonts.attrib):
        if "heme" in attribute:
            del fonts.attrib[attribute]
    for kind in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{kind}"), name)


def _look(
    style: Any,
    face: str,
    size: float,
    *,
    before: float = 0,
    after: float = 0,
    spacing: float = 1.15,
    colour: str = INK,
    bold: bool | None = None,
    italic: bool | None = None,
) -> None:
    from docx.shared import Pt, RGBColor

    _face(style, face)
    style.font.size = Pt(size)
    style.font.color.rgb = RGBColor.from_string(colour)
    style.font.bold, style.font.italic = bold, italic
    style.paragraph_format.space_before = Pt(before)
    style.paragraph_format.space_after = Pt(after)
    style.paragraph_format.line_spacing = spacing


def prepare_styles(document: Document) -> None:
    """Set the look of Word's own styles and add the few of ours."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt, RGBColor

    styles = document.styles
    _look(styles["Normal"], SERIF, 11, after=0)
    _look(styles["Body Text"], SERIF, 11, after=7)
    _look(styles["Title"], SANS, 19, after=10, bold=True, spacing=1.05)
    border = styles["Title"].element.pPr.find(qn("w:pBdr"))
    if border is not None:
        styles["Title"].element.pPr.remove(border)
    for level, (size, before) in enumerate(((15, 20), (12.5, 14), (11, 11)), start=1):
        _look(
            styles[f"Heading {level}"], SANS, size, before=before, after=4, bold=True, spacing=1.1
        )
        styles[f"Heading {level}"].paragraph_format.keep_with_next = True
    _look(styles["Caption"], SANS, 9, before=8, after=4, bold=False)
    styles["Caption"].paragraph_format.keep_together = True
    for name in ("List Bullet", "List Number"):
        _look(styles[name], SERIF, 11, after=2)
    _look(styles["Header"], SANS, 8, colour=MUTED, spacing=1.0)
    _look(styles["Footer"], SANS, 8, colour=MUTED, spacing=1.0)

    def own(name: str, base: str, kind: Any = WD_STYLE_TYPE.PARAGRAPH) -> Any:
        made = styles.add_style(name, kind)
        if base:
            made.base_style = styles[base]
        made.quick_style = True
        return made

    _look(own("Evisynth Authors", "Normal"), SERIF, 11, after=2)
    _look(own("Evisynth Small", "Normal"), SANS, 9, after=8, colour=MUTED)
    _look(own("Evisynth Placeholder", "Body Text"), SERIF, 11, after=7, colour=MUTED, italic=True)
    note = own("Evisynth Note", "Normal")
    _look(note, SERIF, 10.5, before=6, after=10)
    note.paragraph_format.left_indent = note.paragraph_format.right_indent = Mm(2)
    query = own("Evisynth Query", "Normal")
    _look(query, MONO, 8.5, after=8, spacing=1.1)
    query.paragraph_format.left_indent = Mm(4)
    for name, bold in (("Evisynth Table", None), ("Evisynth Table Head", True)):
        _look(own(name, "Normal"), SANS, 7.5, bold=bold, spacing=1.05)
    _look(own("Evisynth Table Note", "Normal"), SANS, 7.5, after=1, colour=MUTED, spacing=1.05)
    figure = own("Evisynth Figure", "Normal")
    figure.paragraph_format.space_before = Pt(8)
    figure.paragraph_format.keep_with_next = True
    reference = own("Evisynth Reference", "Normal")
    _look(reference, SERIF, 10, after=3)
    reference.paragraph_format.left_indent = Mm(9)
    reference.paragraph_format.first_line_indent = Mm(-9)
    reference.paragraph_format.tab_stops.add_tab_stop(Mm(9), WD_TAB_ALIGNMENT.LEFT)
    code = own("Evisynth Code", "", WD_STYLE_TYPE.CHARACTER)
    _face(code, MONO)
    code.font.size = Pt(9)
    anchor = own("Hyperlink", "", WD_STYLE_TYPE.CHARACTER)
    anchor.font.color.rgb = RGBColor.from_string(ACCENT)
