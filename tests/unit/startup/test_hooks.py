"""A hook runs right after its module's body, whichever way the module is imported, and leaves no trace of itself."""

from __future__ import annotations

import importlib
import importlib.util
import runpy
import sys
import threading
import traceback
import warnings
import zipfile
from importlib.machinery import SourceFileLoader

import pytest

from otelrun.startup import hooks


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """Give each test hooks of its own, a folder to import from, and the modules as they were."""
    before = set(sys.modules)
    monkeypatch.setattr(hooks, "_hooks", {})
    monkeypatch.setattr(hooks, "_half_imported", [])
    monkeypatch.setattr(hooks, "_discover", None)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.syspath_prepend(tmp_path)
    hooks.install()
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def fired():
    return []


def write(tmp_path, name, text=""):
    path = tmp_path / (name.replace(".", "/") + ".py")
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    return path


def test_runs_after_the_body(tmp_path, fired):
    write(tmp_path, "otr_a", "value = 1")
    hooks.register("otr_a", lambda name: fired.append((name, sys.modules[name].value)))

    import otr_a

    assert fired == [("otr_a", 1)]
    assert type(otr_a.__loader__) is SourceFileLoader
    assert otr_a.__spec__.loader is otr_a.__loader__
    assert "exec_module" not in vars(otr_a.__loader__)


def test_the_body_sees_its_own_loader(tmp_path, fired):
    write(tmp_path, "otr_a", "seen = (__loader__ is __spec__.loader, 'exec_module' in vars(__loader__))")
    hooks.register("otr_a", fired.append)

    import otr_a

    assert otr_a.seen == (True, False)


def test_other_modules_are_left_to_the_other_finders(tmp_path):
    write(tmp_path, "otr_b")

    assert hooks.PostImportFinder.find_spec("otr_b") is None


def test_runs_at_once_for_a_loaded_module(fired):
    hooks.register("sys", fired.append)

    assert fired == ["sys"]


def test_hooks_run_in_the_order_of_registration(tmp_path, fired):
    write(tmp_path, "otr_a")
    hooks.register("otr_a", lambda _: fired.append(1))
    hooks.register("otr_a", lambda _: fired.append(2))

    import otr_a  # noqa: F401

    assert fired == [1, 2]


def test_runs_again_on_reload(tmp_path, fired):
    write(tmp_path, "otr_a")
    hooks.register("otr_a", fired.append)

    import otr_a

    importlib.reload(otr_a)

    assert fired == ["otr_a", "otr_a"]


def test_runs_for_a_submodule_that_its_package_imports(tmp_path, fired):
    write(tmp_path, "otr_p.__init__", "from otr_p.inner import value")
    write(tmp_path, "otr_p.inner", "value = 1")
    hooks.register("otr_p.inner", fired.append)
    hooks.register("otr_p", fired.append)

    import otr_p  # noqa: F401

    assert fired == ["otr_p.inner", "otr_p"]


def test_runs_after_both_bodies_of_a_circular_import(tmp_path, fired):
    write(tmp_path, "otr_a", "import otr_b\nvalue = 1")
    write(tmp_path, "otr_b", "import otr_a\nseen = hasattr(otr_a, 'value')")
    hooks.register("otr_a", lambda name: fired.append(sys.modules[name].value))

    import otr_a  # noqa: F401

    assert fired == [1]
    assert sys.modules["otr_b"].seen is False


def test_a_module_registered_while_it_is_imported_fires_when_it_is_ready(tmp_path, fired):
    write(tmp_path, "otr_a", "import otr_registers\nvalue = 1")
    write(tmp_path, "otr_registers")
    write(tmp_path, "otr_later")
    hooks.register("otr_registers", lambda _: hooks.register("otr_a", lambda n: fired.append(sys.modules[n].value)))

    import otr_a  # noqa: F401

    assert fired == []

    import otr_later  # noqa: F401

    assert fired == [1]


def test_a_failing_import_stays_the_programs_own(tmp_path, fired):
    write(tmp_path, "otr_a", "1 / 0")

    def failure():
        with pytest.raises(ZeroDivisionError) as caught:
            importlib.import_module("otr_a")
        return [(frame.filename, frame.name) for frame in traceback.extract_tb(caught.value.__traceback__)]

    def through_statement():
        try:
            import otr_a  # noqa: F401
        except ZeroDivisionError as error:
            return [frame.filename for frame in traceback.extract_tb(error.__traceback__)]

    bare = failure(), through_statement()
    hooks.register("otr_a", fired.append)
    hooked = failure(), through_statement()

    assert hooked[1] == bare[1]
    assert hooks.__file__ not in {filename for filename, _ in hooked[0]}
    assert fired == []
    assert "otr_a" not in sys.modules


def test_a_missing_module_is_missing(fired):
    hooks.register("otr_missing", fired.append)

    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'otr_missing'$") as caught:
        import otr_missing  # noqa: F401

    assert caught.value.name == "otr_missing"
    assert fired == []


def test_a_warning_of_the_body_names_who_imports(tmp_path, fired):
    write(tmp_path, "otr_a", "import warnings\nwarnings.warn('old', DeprecationWarning, stacklevel=2)")
    hooks.register("otr_a", fired.append)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import otr_a  # noqa: F401

    assert [warning.filename for warning in caught] == [__file__]


def test_a_failing_hook_is_told_and_the_next_one_runs(tmp_path, fired, capfd):
    write(tmp_path, "otr_failing_hook")
    hooks.register("otr_failing_hook", lambda _: 1 / 0)
    hooks.register("otr_failing_hook", fired.append)

    import otr_failing_hook  # noqa: F401

    assert fired == ["otr_failing_hook"]
    expected = "otelrun: hook of otr_failing_hook failed, the program goes on: ZeroDivisionError: division by zero\n"
    assert capfd.readouterr().err == expected


def test_a_lazily_loaded_module_fires_at_its_first_use(tmp_path, fired):
    write(tmp_path, "otr_a", "value = 1")
    hooks.register("otr_a", fired.append)
    spec = importlib.util.find_spec("otr_a")
    loader = importlib.util.LazyLoader(spec.loader)
    spec.loader = loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["otr_a"] = module
    loader.exec_module(module)
    assert fired == []

    assert module.value == 1
    assert fired == ["otr_a"]


def test_asking_for_a_spec_changes_nothing(tmp_path, fired):
    write(tmp_path, "otr_a")
    hooks.register("otr_a", fired.append)

    spec = importlib.util.find_spec("otr_a")

    assert type(spec.loader) is SourceFileLoader
    assert fired == []
    assert "otr_a" not in sys.modules


def test_a_module_in_a_zip_file_fires(tmp_path, fired, monkeypatch):
    archive = tmp_path / "modules.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("otr_zipped.py", "import otr_beside\nloader = type(__loader__).__name__")
        file.writestr("otr_beside.py", "")
    monkeypatch.syspath_prepend(archive)
    hooks.register("otr_zipped", fired.append)

    import otr_zipped

    assert fired == ["otr_zipped"]
    assert otr_zipped.loader == "zipimporter"
    assert type(otr_zipped.__spec__.loader).__name__ == "zipimporter"


def test_a_builtin_module_fires(fired, monkeypatch):
    monkeypatch.delitem(sys.modules, "_symtable", raising=False)
    hooks.register("_symtable", fired.append)

    import _symtable

    assert fired == ["_symtable"]
    assert _symtable.__spec__.loader is _symtable.__loader__
    assert not isinstance(_symtable.__loader__, hooks.WatchedLoader)


def test_a_module_that_replaces_itself_fires(tmp_path, fired):
    write(tmp_path, "otr_a", "import sys, types\nsys.modules[__name__] = types.SimpleNamespace(value=2)")
    hooks.register("otr_a", lambda name: fired.append(sys.modules[name].value))

    import otr_a

    assert fired == [2]
    assert otr_a.value == 2


def test_a_namespace_package_has_no_body_to_wait_for(tmp_path, fired):
    (tmp_path / "otr_namespace").mkdir()
    hooks.register("otr_namespace", fired.append)

    import otr_namespace

    assert fired == []
    assert list(otr_namespace.__path__) == [str(tmp_path / "otr_namespace")]


def test_fires_once_when_many_threads_import(tmp_path, fired):
    write(tmp_path, "otr_a", "value = 1")
    hooks.register("otr_a", fired.append)
    barrier = threading.Barrier(4)
    seen = []

    def load():
        barrier.wait(10)
        seen.append(importlib.import_module("otr_a").value)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert (fired, seen) == (["otr_a"], [1, 1, 1, 1])


def test_a_finder_may_ask_for_the_same_name_again(tmp_path, fired):
    write(tmp_path, "otr_a")

    class Asking:
        @staticmethod
        def find_spec(name, *_):
            return (
                importlib.util.find_spec(name)
                if name == "otr_a" and not asked.append(name) and len(asked) == 1
                else None
            )

    asked = []
    sys.meta_path.insert(1, Asking)
    hooks.register("otr_a", fired.append)

    import otr_a  # noqa: F401

    assert fired == ["otr_a"]


def test_discovery_runs_once_before_the_body_of_the_first_foreign_module(tmp_path, fired):
    write(tmp_path, "otr_a", "import otr_b\nvalue = 1")
    write(tmp_path, "otr_b")

    def discover(name):
        fired.append(f"discovered at {name}")
        hooks.register("otr_b", fired.append)
        hooks.register("otr_a", fired.append)

    sys.modules.pop("colorsys", None)
    hooks.discover_with(discover, frozenset())
    import colorsys  # noqa: F401

    assert fired == []
    import otr_a  # noqa: F401

    assert fired == ["discovered at otr_a", "otr_b", "otr_a"]


def test_discovery_runs_at_a_named_module_of_the_standard_library(fired, monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    hooks.discover_with(fired.append, frozenset({"colorsys"}))

    import colorsys  # noqa: F401

    assert fired == ["colorsys"]


def test_a_hook_of_a_half_imported_module_that_imports_is_called_once(tmp_path, fired):
    write(tmp_path, "otr_first", "import otr_second")
    write(tmp_path, "otr_second")
    write(tmp_path, "otr_third")
    write(tmp_path, "otr_fourth")

    def wait(_):
        hooks.register("otr_first", lambda name: (fired.append(name), importlib.import_module("otr_fourth")))
        hooks.register("otr_first", lambda name: fired.append(f"{name} too"))

    hooks.register("otr_second", wait)
    importlib.import_module("otr_first")
    importlib.import_module("otr_third")

    assert fired == ["otr_first", "otr_first too"]


def test_a_hook_finds_the_modules_of_otelrun_that_a_program_has_cleared_away(tmp_path, fired, monkeypatch):
    write(tmp_path, "otr_a")
    hooks.register("otr_a", lambda _: fired.append(sys.modules["otelrun.diagnostics"]))
    hooks.remember_own_modules()
    diagnostics = sys.modules["otelrun.diagnostics"]
    for name in [name for name in sys.modules if name.startswith("otelrun")]:
        monkeypatch.delitem(sys.modules, name)
    import otr_a

    assert otr_a is not None
    assert fired == [diagnostics]


@pytest.mark.parametrize("suffix", [".py", ".zip"])
def test_runpy_is_given_the_loader_as_it_is(tmp_path, monkeypatch, capsys, suffix):
    hooks.discover_with(lambda _: None, frozenset())
    text = "print(type(__loader__).__name__, 'exec_module' in getattr(__loader__, '__dict__', ()))"
    if suffix == ".zip":
        with zipfile.ZipFile(tmp_path / "library.zip", "w") as file:
            file.writestr("otr_main.py", text)
        monkeypatch.syspath_prepend(tmp_path / "library.zip")
    else:
        write(tmp_path, "otr_main", text)

    runpy.run_module("otr_main", run_name="__main__")

    assert capsys.readouterr().out == f"{'zipimporter' if suffix == '.zip' else 'SourceFileLoader'} False\n"


def test_a_finder_in_front_is_asked_once(tmp_path, fired, monkeypatch):
    class Finder:
        @staticmethod
        def find_spec(name, *_):
            fired.append(name)

    write(tmp_path, "otr_a")
    hooks.register("otr_a", fired.append)
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    import otr_a

    assert otr_a is not None
    assert fired == ["otr_a", "otr_a"]  # searched once, and the hook
