"""What MkDocs does with the pages of this site, beside its plugins.

A line `<<< path/to/file.py Name.method` becomes the source of that definition, cut from
the file when the site is built, without its docstring: what a page shows is what runs.
Formulas in LaTeX become MathML, which browsers draw themselves. RESULTS.md and other
pages that lie outside of `docs/` become pages of the site.
"""

import ast
import pathlib
import re
import textwrap
from html import unescape

import latex2mathml.converter
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parents[1]

# Pages of the repository -> pages of the site.
PAGES = {
  "RESULTS.md": "figures.md",
  "benchmarks/README.md": "benchmarks.md",
  "CHANGELOG.md": "changelog.md",
  "CONTRIBUTING.md": "contributing.md",
}
# Links in pages, as they are in the repository -> as they are in the site.
_LINKS = {
  "](docs/results)": "](results/README.md)",
  "](docs/": "](",
  "](../../RESULTS.md": "](../figures.md",
}
_CUT = re.compile(r"^<<< (\S+) (\S+)$", re.M)
_FORMULA = re.compile(
  r'<(span|div) class="arithmatex">\\(?:\(|\[)(.*?)\\(?:\)|\])</\1>', re.S
)
# Cells of a notebook with text, and the formulas in them.
_CELL = re.compile(r'<div class="[^"]*jp-RenderedMarkdown[^"]*".*?</div>', re.S)
_CELL_FORMULA = re.compile(r"(\$\$?)([^$]+)\1")
# A table in which a row has an empty first cell: in docstrings it continues a row.
_TABLE = re.compile(r"<table>(?:(?!</table>).)*<td></td>.*?</table>", re.S)


def on_files(files, config):
  """Adds the pages that lie outside of `docs/`."""
  for path, page in PAGES.items():
    files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
  picture = str(ROOT / "benchmarks" / "growth.png")
  files.append(File.generated(config, "growth.png", abs_src_path=picture))
  return files


def on_page_markdown(markdown, page, config, files):
  """Puts source in the place of `<<<` lines, and moves links."""
  for before, after in _LINKS.items():
    markdown = markdown.replace(before, after)
  return _CUT.sub(lambda match: _fenced(*match.groups()), markdown)


def on_page_content(html, page, config, files):
  """Turns LaTeX into MathML, joins rows of tables, and names files as they are named."""
  html = html.replace("<code>build/package/", "<code>")
  html = _FORMULA.sub(lambda m: _mathml(m[2], m[1] == "div"), html)
  html = _CELL.sub(_formulas_of_cell, html)
  return _TABLE.sub(lambda match: _joined(match[0]), html)


def source(path: str, name: str) -> str:
  """The source of a definition without its docstring.

  Args:
    path: File, relative to the checkout.
    name: Name of a function, class or assigned variable, such as `VAE.fit`.

  Returns:
    Its lines, from the file, without common indentation.

  Raises:
    PluginError: There is no such definition.
  """
  try:
    text = (ROOT / path).read_text(encoding="utf-8")
  except OSError as error:
    raise PluginError(f"{path} cannot be read: {error.strerror}") from error
  node = ast.parse(text)
  for part in name.split("."):
    node = next((child for child in node.body if part in _names(child)), None)
    if node is None:
      raise PluginError(f"{path} has no {name}")
  lines = text.splitlines()
  first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
  kept = list(range(first, node.end_lineno + 1))
  if not isinstance(node, (ast.Assign, ast.AnnAssign)) and ast.get_docstring(node):
    doc = node.body[0]
    kept = [i for i in kept if not doc.lineno <= i <= doc.end_lineno]
  return textwrap.dedent("\n".join(lines[i - 1] for i in kept)).strip("\n")


def _names(node):
  if isinstance(node, ast.Assign):
    return [target.id for target in node.targets if isinstance(target, ast.Name)]
  if isinstance(node, ast.AnnAssign):
    return [getattr(node.target, "id", None)]
  return [getattr(node, "name", None)]


def _fenced(path, name):
  return f'```python title="{path}"\n{source(path, name)}\n```'


def _mathml(latex, is_block):
  display = "block" if is_block else "inline"
  return latex2mathml.converter.convert(unescape(latex).strip(), display=display)


def _formulas_of_cell(match):
  return _CELL_FORMULA.sub(lambda m: _mathml(m[2], m[1] == "$$"), match[0])


def _joined(table):
  """A table in which each row with an empty first cell is part of the row above."""
  rows = []
  for row in re.findall(r"<tr>.*?</tr>", table, re.S):
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S)
    if rows and cells and not cells[0].strip():
      rows[-1] = [" ".join(pair).strip() for pair in zip(rows[-1], cells, strict=True)]
    else:
      rows.append(cells)
  head, *body = rows
  return (
    f"<table><thead>{_row(head, 'th')}</thead>"
    f"<tbody>{''.join(_row(cells, 'td') for cells in body)}</tbody></table>"
  )


def _row(cells, tag):
  return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"
