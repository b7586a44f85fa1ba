"""Python in the pages runs when it is pasted, block after block."""

import os
import pathlib
import re

import keras
import pytest

from aevb_tf.evidence import EvidenceWarning

ROOT = pathlib.Path(__file__).parents[2]
PAGES = sorted(
  path
  for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
  if "```python\n" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_package_is_imported_before_tensorflow(path):
  """Otherwise TensorFlow logs lines about the machine, which notebooks show in red."""
  text = path.read_text(encoding="utf-8")
  code = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.S | re.M))
  imports = re.findall(r"^(?:import|from) (aevb_tf|keras|tensorflow)", code, re.M)
  assert imports[:1] == ["aevb_tf"]


# An estimate that says how reliable it is does what it should.
@pytest.mark.filterwarnings(f"ignore::{EvidenceWarning.__module__}.EvidenceWarning")
@pytest.mark.filterwarnings("ignore::aevb_tf.imputation.ImputationWarning")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_snippets_run(path, tmp_path, monkeypatch):
  """In one namespace, in an empty folder, as in a notebook of that page's blocks."""
  monkeypatch.chdir(tmp_path)
  keras.utils.set_random_seed(0)  # a page need not
  text = path.read_text(encoding="utf-8")
  if needed := re.search(r"<!-- needs: (.*) -->", text):
    for package in needed[1].split():
      pytest.importorskip(package, reason=f"{package} is for `make pipelines`")
  names = {"__name__": "__main__"}
  for match in re.finditer(r"^```python\n(.*?)^```", text, re.S | re.M):
    line = text.count("\n", 0, match.start()) + 1
    code = compile("\n" * line + match[1], str(path), "exec")
    exec(code, names)  # noqa: S102
  assert os.getcwd() == str(tmp_path)
