"""Figures as a part of a page: no styles, no scripts, links over boxes."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET
from typing import Any

from evisynth.figures import Figure, FigureLink, Scene, flow_diagram, inline_svg
from evisynth.figures.scene import Circle, Line, Polygon, Polyline, Rect, Text
from evisynth.review import FlowCounts

SVG = "{http://www.w3.org/2000/svg}"
NASTY = '"><script>alert(1)</script>'


def counts() -> FlowCounts:
    numbers: dict[str, Any] = {
        each.name: 3
        for each in dataclasses.fields(FlowCounts)
        if str(each.type) == "int" and each.default is dataclasses.MISSING
    }
    return FlowCounts(
        found=(), excluded_reasons=((NASTY, 2),), full_text_reasons=(), heading=NASTY, **numbers
    )


def test_the_flow_diagram_has_a_link_a_box_and_nothing_that_a_page_forbids() -> None:
    figure = flow_diagram(counts())
    boxes = [item for item in figure.pages[0].items
             if isinstance(item, Rect) and item.group == "box"]  # fmt: skip
    links = [FigureLink(f"/r/?a=1&b={number}" if number else "", f"{NASTY} {number}")
             for number in range(len(boxes))]  # fmt: skip
    drawn = inline_svg(figure, ident="flow", links=links)
    assert "<script" not in drawn
    assert "style=" not in drawn
    root = ET.fromstring(drawn)
    found = root.findall(f"{SVG}a")
    assert len(found) == len(boxes) - 1  # the first leads nowhere
    assert found[0].get("href") == "/r/?a=1&b=1"
    assert found[0].get("aria-label") == f"{NASTY} 1"
    over, box = found[0][0], boxes[1]
    assert float(over.get("width", "")) == round(box.width, 2)
    assert root.get("aria-labelledby") == "flow-title"
    words = " ".join("".join(each.itertext()) for each in root.iter(f"{SVG}text"))
    assert "Records screened" in words
    # where boxes and links do not match none is put in the wrong place
    assert "<a " not in inline_svg(figure, ident="flow", links=links[1:])


def test_every_primitive_is_drawn_with_its_look() -> None:
    items = (
        Text(5, 5, "Ärger & mehr", 8, "bold", "italic", "#1a1a1a", "center", "middle", 90),
        Text(0, 0, "  "), Line(0, 0, 5, 5, "#404040", 0.5, (1, 2)),
        Polyline(((0, 0), (1, 1)), "#404040"), Polygon(((0, 0), (1, 1), (2, 0)), "#ffffff"),
        Circle(3, 3, 1.5, "#ffffff", "#404040"), Rect(0, 0, 2, 2, "", "", radius=1),
    )  # fmt: skip
    figure = Figure((Scene(60, 20, items),), "T <b>", "Alt")
    root = ET.fromstring(inline_svg(figure, ident="f"))
    group = root.find(f"{SVG}g")
    assert group is not None
    names = [each.tag.removeprefix(SVG) for each in group]
    assert names == ["text", "line", "polyline", "polygon", "circle", "rect"]
    text, line = group[0], group[1]
    assert text.text == "Ärger & mehr"
    assert text.get("transform") == "translate(5 5)rotate(-90)"
    assert (text.get("text-anchor"), text.get("font-weight")) == ("middle", "bold")
    assert line.get("stroke-dasharray") == "1 2"
    assert line.get("class") == "stroke-404040"
    assert group[5].get("fill") == "none"
