"""`aevb-serving` moves labels, removes versions and measures."""

import pytest

from aevb_tf.export.serving import labels, main
from aevb_tf.training.configuration import ConfigError
from tests.export.serving.conftest import NAME


def _run(base, *argv):
  return main.main(["aevb-serving", *argv, f"--base_path={base}"])


def test_promote_rollback_prune(four_versions, capsys):
  assert _run(four_versions, "promote") == 0
  assert "canary is 4, previous is 1, stable is 4" in capsys.readouterr().out
  assert _run(four_versions, "rollback", f"--name={NAME}") == 0
  assert "stable is 1" in capsys.readouterr().out
  assert _run(four_versions, "prune", "--keep=1") == 0
  assert "removed [2, 3]; there are [1, 4]" in capsys.readouterr().out
  assert labels.versions(four_versions, NAME) == [1, 4]


def test_the_curve_is_printed(bundle, capsys, monkeypatch):
  from aevb_tf.export.serving import batching

  monkeypatch.setattr(batching.measure, "__defaults__", ((1, 2), 1))
  assert _run(bundle, "curve") == 0
  told = capsys.readouterr().out
  assert "rows/s" in told and "<- chosen" in told


@pytest.mark.parametrize(
  "argv, message",
  [
    ([], "nothing: say one of"),
    (["demote"], "demote: say one of"),
    (["check"], "check needs --rest=URL"),
    (["check", "--rest=http://a", "--label=tested"], "no label 'tested'"),
    (["rollback"], "no previous version"),
    (["promote", "--version=9"], "no version 9"),
    (["promote", "--name=smal"], "Did you mean 'small'"),
    (["promote", "--bogus=1"], "unknown flag"),
  ],
)
def test_mistakes_are_one_line(bundle, argv, message):
  with pytest.raises(ConfigError, match=message) as told:
    _run(bundle, *argv)
  assert "\n" not in str(told.value)


def test_a_folder_with_no_models(tmp_path):
  with pytest.raises(ConfigError, match="--name is missing"):
    _run(tmp_path, "promote")
