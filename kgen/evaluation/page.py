"""The frame of a report: one HTML file that needs nothing else, on any machine, in ten years.

No scripts, no fonts, no links to other files; the page forbids itself to ask for any. Pictures are
`data:` addresses, charts are inline SVG.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root{--paper:#fbfbfa;--card:#fff;--ink:#1d2430;--soft:#5d6778;--line:#e2e5ea;--blue:#2563b8;
--orange:#c8611a;--bar:#8fb4e3;--good:#1d7f4e;--shade:#f1f3f6;--note:#fff6e6;--noteline:#edc980}
@media(prefers-color-scheme:dark){:root{--paper:#14171c;--card:#1c2027;--ink:#e7eaf0;--soft:#9aa5b5;
--line:#313844;--blue:#79aef0;--orange:#f0a066;--bar:#41618c;--good:#6ccb98;--shade:#242a33;
--note:#3a2f1a;--noteline:#80632a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:36px 28px 48px}
h1{font-size:27px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:18px;margin:40px 0 12px}
h3{font-size:15px;margin:0 0 10px}
p{margin:0 0 12px}.soft{color:var(--soft)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:12px;margin:24px 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:13px 16px}
.card b{display:block;font-size:26px;line-height:1.25;font-variant-numeric:tabular-nums}
.card b small{font-size:15px;font-weight:400;color:var(--soft)}
.card span{color:var(--soft);font-size:13px}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:10px;background:var(--card)}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:8px 12px;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{border-top:0;background:var(--shade);font-weight:600;font-size:13px;white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.win{font-weight:700;color:var(--good)}
td code,li code{font-size:12.5px;color:var(--soft)}
code{font-family:ui-monospace,"DejaVu Sans Mono",monospace}
.note{background:var(--note);border:1px solid var(--noteline);border-radius:10px;
padding:10px 16px;margin:0 0 10px}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:14px}
figure{margin:0}.charts figure{background:var(--card);border:1px solid var(--line);
border-radius:10px;padding:14px 14px 8px}
figcaption{font-weight:600;font-size:14px;margin:0 0 6px}
figcaption span{font-weight:400;color:var(--soft)}
.charts img{display:block;height:200px;width:auto;max-width:100%;margin:6px auto 8px;
border-radius:5px}
svg{display:block;width:100%;height:auto}
svg text{font:11px system-ui,"DejaVu Sans",sans-serif;fill:var(--soft)}
svg .bar{fill:var(--bar)}svg .axis{stroke:var(--soft);fill:none}
svg .grid{stroke:var(--line);fill:none}
svg .middle{stroke:var(--blue);stroke-width:2.5}
svg .mean{stroke:var(--orange);stroke-width:2}
svg .median{stroke:var(--blue);stroke-width:2;stroke-dasharray:4 3}
svg .curve{fill:none;stroke-width:2}svg .c0{stroke:var(--blue)}svg .c1{stroke:var(--orange)}
.key{white-space:nowrap}
.key::before{content:"";display:inline-block;width:14px;height:3px;border-radius:2px;
margin:0 5px 3px 12px;background:var(--orange)}.key.blue::before{background:var(--blue)}
.pictures{display:grid;gap:14px}
.group{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px}
.row{display:grid;grid-template-columns:repeat(var(--columns),minmax(0,1fr)) 130px;gap:10px;
align-items:center;margin:0 0 10px}.row:last-child{margin:0}
.row img{display:block;width:100%;height:auto;border-radius:5px;background:var(--shade)}
.row img.small{image-rendering:pixelated}
.row.head{font-size:13px;color:var(--soft);margin:0 0 6px}
.row div{font-size:13px;overflow-wrap:anywhere}.row div b{font-size:15px}
details{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
summary{cursor:pointer;font-weight:600}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(310px,1fr));gap:0 24px;
margin:10px 0 0;font-size:14px}
dl div{display:flex;gap:12px;padding:6px 0;border-top:1px solid var(--line)}
dt{color:var(--soft);flex:0 0 42%;overflow-wrap:anywhere}dd{margin:0;overflow-wrap:anywhere}
footer{margin-top:36px;color:var(--soft);font-size:13px}
@media print{body{background:#fff}.card,.group,figure{break-inside:avoid}}
"""
LARGEST = 256  # pixels of a picture's longer side; larger ones are reduced
PIXELATED = 128  # smaller pictures are shown pixel by pixel


def page(title: str, content: str) -> str:
    """A whole HTML document.

    Example:

    >>> "https:" in page("A title", "<p>text</p>")
    False
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<link rel="icon" href="data:,">\n<title>{text(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{content}\n</main>\n</body>\n</html>\n"
    )


def text(content: Any) -> str:
    """Any content as text in HTML."""
    return html.escape(str(content))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of cells that are HTML already.

    Args:
        head: of the columns, plain text.
        rows: of cells.
        numbers: columns that are set to the right.
    """

    def cell(tag: str, index: int, content: str) -> str:
        if content.startswith("<td"):  # a cell with a class of its own
            return content
        kind = ' class="n"' if index in numbers else ""
        return f"<{tag}{kind}>{content}</{tag}>"

    header = "".join(cell("th", index, text(title)) for index, title in enumerate(head))
    body = "".join(
        "<tr>" + "".join(cell("td", i, content) for i, content in enumerate(row)) + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{header}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def settings_list(settings: Mapping[str, Any]) -> str:
    """Nested settings as names and values."""
    rows = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>\n"
        for name, value in flat(settings)
        if value not in (None, "", [], {})
    )
    return f"<dl>{rows}</dl>"


def flat(content: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Nested names as pairs, joined to one name; short lists as text.

    Example:

    >>> flat({"model": {"class": "Pix2Pix", "step": 4}, "n": 2})
    [('model: class', 'Pix2Pix'), ('model: step', 4), ('n', 2)]
    """
    pairs: list[tuple[str, Any]] = []
    for name, value in content.items():
        if isinstance(value, Mapping):
            pairs += flat(value, f"{before}{name}: ")
        else:
            shown = " x ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
            pairs.append((f"{before}{name}".replace("_", " "), shown))
    return pairs


def picture(image: np.ndarray, description: str) -> str:
    """An `<img>` that carries its pixels itself.

    Args:
        image: (H, W, 3) or (H, W) uint8.
        description: read out where pictures are not seen.

    Example:

    >>> picture(np.zeros((8, 8, 3), "uint8"), "black")[:44]
    '<img class="small" src="data:image/png;base6'
    """
    height, width = image.shape[:2]
    kind = ' class="small"' if max(height, width) <= PIXELATED else ""
    drawn = Image.fromarray(image)
    drawn.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)  # only ever makes it smaller
    buffer = io.BytesIO()
    drawn.save(buffer, format="png", optimize=True)
    code = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<img{kind} src="data:image/png;base64,{code}" width="{drawn.width}" '
        f'height="{drawn.height}" alt="{text(description)}">'
    )
