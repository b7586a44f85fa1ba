"""`aevb-serving` moves labels, removes versions and measures."""

import shutil

import pytest

from aevb_tf.export import manifest, verify
from aevb_tf.export.serving import main, models_config
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
  assert models_config.versions(four_versions, NAME) == [1, 4]


def test_an_export_is_published_as_the_next_version(
  exported, copied, capsys, monkeypatch
):
  monkeypatch.setattr(verify, "_compare", lambda *args: [])  # it was just run
  assert _run(copied, "publish", f"--export={exported[0]}") == 0
  assert f"{copied}/{NAME}/2\n{NAME}: canary is 2\n" == capsys.readouterr().out
  entry = models_config.find_model(models_config.read(copied), NAME)
  assert dict(entry.version_labels) == {"stable": 1, "canary": 2}
  one, two = (copied / NAME / version for version in ("1", "2"))
  assert manifest.files(one) == manifest.files(two) != []
  assert all(
    (one / path).read_bytes() == (two / path).read_bytes()
    for path in manifest.files(one)
  )


def test_a_damaged_export_is_not_published(exported, copied, tmp_path, monkeypatch):
  monkeypatch.setattr(verify, "_compare", lambda *args: [])
  folder = shutil.copytree(exported[0], tmp_path / "export")
  (folder / "serving" / NAME / "1" / "fingerprint.pb").write_bytes(b"")
  with pytest.raises(ConfigError, match="Nothing was published, since .* truncated"):
    _run(copied, "publish", f"--export={folder}")
  with pytest.raises(ConfigError, match="is not an export of aevb-export"):
    _run(copied, "publish", f"--export={copied}")
  assert models_config.versions(copied, NAME) == [1]


def test_the_curve_is_printed(bundle, capsys, monkeypatch):
  from aevb_tf.export.serving import batching

  monkeypatch.setattr(batching.measure, "__defaults__", ((1, 2), 1))
  assert _run(bundle, "curve") == 0
  result = capsys.readouterr().out
  assert "rows/s" in result and "<- chosen" in result


@pytest.mark.parametrize(
  "argv, message",
  [
    ([], "nothing: give one of"),
    (["demote"], "demote: give one of"),
    (["publish"], "publish needs --export"),
    (["check"], "check needs --rest=URL"),
    (["check", "--rest=http://a", "--label=tested"], "no label 'tested'"),
    (["rollback"], "no previous version"),
    (["promote", "--version=9"], "no version 9"),
    (["promote", "--name=smal"], "Did you mean small"),
    (["promote", "--bogus=1"], "unknown flag"),
  ],
)
def test_mistakes_are_one_line(copied, argv, message):
  with pytest.raises(ConfigError, match=message) as result:
    _run(copied, *argv)
  assert "\n" not in str(result.value)


def test_a_folder_with_no_models(tmp_path):
  with pytest.raises(ConfigError, match="--name is missing"):
    _run(tmp_path, "promote")
