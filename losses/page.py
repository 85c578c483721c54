"""What the tour and `compare` share: the folder they write to, and the HTML of their index.html."""

import html
import tempfile
from pathlib import Path


def writable(folder) -> Path:
    """The folder, made if it is missing; ValueError, before any work, if it cannot be used."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ValueError(f"cannot write to the folder {folder}: {error.strerror}") from None
    return folder


def html_figures(pictures) -> str:
    """The pictures, each with its alternative text and its caption."""
    return "\n".join(
        f'<figure><img src="{p.file}" alt="{html.escape(p.alt)}">'
        f"<figcaption>{html.escape(p.caption)}</figcaption></figure>" for p in pictures)


def html_table(rows) -> str:
    """Rows of text as an HTML table, the header first."""
    header, *rows = [[html.escape(cell) for cell in row] for row in rows]
    cells = "".join(f"<th>{cell}</th>" for cell in header)
    lines = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return f"<table><tr>{cells}</tr>\n{lines}\n</table>"


def document(title: str, body: str) -> str:
    """A whole page: a title, which is escaped, and a body, which is HTML already."""
    title = html.escape(title)
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 17px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
h2 {{ margin-top: 3.5rem }}
figure {{ margin: 2.5rem 0 }}
img {{ max-width: 100% }}
figcaption, p {{ max-width: 44rem }}
table {{ border-collapse: collapse }}
th, td {{ padding: .3rem .9rem; border-bottom: 1px solid #ccc; text-align: right }}
th:first-child, td:first-child {{ text-align: left }}
</style>
<h1>{title}</h1>
{body}
</html>
"""
