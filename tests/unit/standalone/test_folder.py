from __future__ import annotations

import pytest

from ai4k8s_standalone.errors import AlreadyRunningError, StandaloneError
from ai4k8s_standalone.folder import DataFolder, choose_folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.delenv("AI4K8S_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    (tmp_path / "checkout" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "checkout" / "deep")


def test_the_folder_asked_for_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("AI4K8S_HOME", str(tmp_path / "home"))
    assert choose_folder(tmp_path / "asked").path == tmp_path / "asked"


def test_the_environment_comes_second(tmp_path, monkeypatch):
    (tmp_path / "checkout" / ".ai4k8s").mkdir()
    monkeypatch.setenv("AI4K8S_HOME", str(tmp_path / "home"))
    assert choose_folder(None).path == tmp_path / "home"


def test_a_project_folder_further_up_comes_third(tmp_path):
    (tmp_path / "checkout" / ".ai4k8s").mkdir()
    assert choose_folder(None).path == tmp_path / "checkout" / ".ai4k8s"


def test_the_own_data_folder_comes_last(tmp_path):
    assert choose_folder(None).path == tmp_path / "share" / "ai4k8s"


def test_only_one_can_hold_the_lock_and_it_is_let_go_of(tmp_path):
    folder = DataFolder(tmp_path / "data")
    folder.create()
    with folder.locked(), pytest.raises(AlreadyRunningError), folder.locked():
        pass
    with folder.locked():
        pass


def test_a_folder_that_cannot_be_made_is_reported_with_a_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StandaloneError, match="cannot be used") as caught:
        DataFolder(tmp_path / "file" / "data").create()
    assert "--data-dir" in caught.value.hint
