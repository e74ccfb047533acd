"""However a program comes by a library, its instrumentation is there before the program can use it."""

from __future__ import annotations

import pytest

from tests.support.programs import run_otelrun, run_python
from tests.support.store_rows import stored_spans

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]  # the first one to run makes the environment

RENDER = "print(Template('{{ a }}').render(a=1))"
QUERY = "print(connect(':memory:').cursor().execute('SELECT 1').fetchone())"
WAYS = {
    "from a submodule": f"from jinja2.environment import Template\n{RENDER}",
    "in a function": f"def f():\n    from jinja2 import Template\n    {RENDER}\nf()",
    "by name": f"import importlib\nTemplate = importlib.import_module('jinja2').Template\n{RENDER}",
    "through another module": f"import flask.templating\nfrom jinja2 import Template\n{RENDER}",
    "lazily": (
        "import importlib.util, sys\nspec = importlib.util.find_spec('jinja2')\n"
        "spec.loader = importlib.util.LazyLoader(spec.loader)\nmodule = importlib.util.module_from_spec(spec)\n"
        f"sys.modules['jinja2'] = module\nspec.loader.exec_module(module)\nTemplate = module.Template\n{RENDER}"
    ),
    "in a thread": (
        f"import threading\ndef f():\n    from jinja2 import Template\n    {RENDER}\n"
        "thread = threading.Thread(target=f)\nthread.start()\nthread.join()"
    ),
    "in many threads at once": (
        "import threading\nbarrier = threading.Barrier(4)\nlines = []\ndef f():\n    barrier.wait()\n"
        "    from jinja2 import Template\n    lines.append(Template('{{ a }}').render(a=1))\n"
        "threads = [threading.Thread(target=f) for _ in range(4)]\n[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\nprint(lines)"
    ),
    "in a forked child": (
        f"import os\nif not os.fork():\n    from jinja2 import Template\n    {RENDER}\n    os.sys.stdout.flush()\n"
        "    os._exit(0)\nos.wait()"
    ),
    "before a fork": (
        f"import os\nfrom jinja2 import Template\nif not os.fork():\n    {RENDER}\n    os.sys.stdout.flush()\n"
        "    os._exit(0)\nos.wait()"
    ),
    "in a spawned child": (
        "import multiprocessing, sys\nsys.path.insert(0, '.')\nimport late\nif __name__ == '__main__':\n"
        "    process = multiprocessing.get_context('spawn').Process(target=late.f)\n    process.start()\n    process.join()"
    ),
    "in a circle of modules": "import sys\nsys.path.insert(0, '.')\nimport one",
    "of the standard library": f"from sqlite3 import connect\n{QUERY}",
    "of the standard library, below": f"from sqlite3.dbapi2 import connect\n{QUERY}",
    "at the end": (f"import atexit\ndef f():\n    from jinja2 import Template\n    {RENDER}\natexit.register(f)"),
}
MODULES = {
    "late.py": f"def f():\n    from jinja2 import Template\n    {RENDER}\n",
    "one.py": f"import two\nfrom jinja2 import Template\n{RENDER}\n",
    "two.py": "import one\nfrom jinja2 import Template\nassert not hasattr(one, 'Template')\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_library_is_instrumented_whichever_way_it_is_imported(tmp_path, contrib_python, way):
    for name, text in {**MODULES, "program.py": WAYS[way]}.items():
        (tmp_path / name).write_text(text)
    bare = run_python(["program.py"], python=contrib_python, cwd=tmp_path)

    observed = run_otelrun(
        [contrib_python, "program.py"], python=contrib_python, cwd=tmp_path, otelrun_dir=tmp_path / "runs"
    )

    assert (bare.stderr, bare.returncode) == (b"", 0)
    assert (observed.stdout, observed.stderr, observed.returncode) == (bare.stdout, b"", 0)
    expected = {"SELECT"} if "sqlite3" in WAYS[way] else {"jinja2.compile", "jinja2.render"}
    assert {span.name for span in stored_spans(tmp_path / "runs")} == expected


SWITCHES = {
    "its own entry": ("instrumentation/development: {python: {jinja2: {enabled: false}}}", {}),
    "above the list of those that are on": (
        (
            "instrumentation/development: {python: {jinja2: {enabled: false}}}\n"
            "distribution: {otelrun: {instrumentation: {enabled: [jinja2]}}}"
        ),
        {},
    ),
    "the list of those that are off, above its own entry": (
        (
            "instrumentation/development: {python: {jinja2: {enabled: true}}}\n"
            "distribution: {otelrun: {instrumentation: {disabled: [jinja2]}}}"
        ),
        {},
    ),
    "the environment, above its own entry": (
        (
            "instrumentation/development: {python: {jinja2: {enabled: true}}}\n"
            "distribution: {otelrun: {environment_variables: honour}}"
        ),
        {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "flask,jinja2"},
    ),
    "its own entry, whatever the environment leaves on": (
        (
            "instrumentation/development: {python: {jinja2: {enabled: false}}}\n"
            "distribution: {otelrun: {environment_variables: honour}}"
        ),
        {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "flask"},
    ),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_is_switched_off_anywhere_is_off(tmp_path, contrib_python, switch):
    text, env = SWITCHES[switch]
    profile = tmp_path / "profile.yaml"
    profile.write_text(f'file_format: "1.1"\n{text}\n')
    program = "import sys, jinja2\nprint([name for name in sys.modules if name.startswith('opentelemetry.instr')])"

    observed = run_otelrun(["--profile", str(profile), contrib_python, "-c", program], python=contrib_python, env=env)

    assert (observed.stdout, observed.stderr, observed.returncode) == (b"[]\n", b"", 0)


OPTIONS = {
    "sqlalchemy": (
        "{enable_commenter: true, commenter_options: {db_driver: false, opentelemetry_values: false}}",
        (
            "from sqlalchemy import create_engine, event, text\nengine = create_engine('sqlite://')\n"
            "event.listen(engine, 'before_cursor_execute', lambda *a: print(a[2]))\n"
            "connection = engine.connect()\nconnection.execute(text('SELECT 1'))"
        ),
        b"/*db_framework",
    ),
    "requests": (
        "{excluded_urls: 'items'}",
        (
            "import requests, requests.sessions\nimport inspect\n"
            "cells = inspect.getclosurevars(requests.sessions.Session.send).nonlocals\n"
            "print(cells['excluded_urls'].url_disabled('http://shop/items'))"
        ),
        b"True",
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_of_the_profile_arrive(tmp_path, contrib_python, name):
    options, program, expected = OPTIONS[name]
    profile = tmp_path / "profile.yaml"
    profile.write_text(f'file_format: "1.1"\ninstrumentation/development: {{python: {{{name}: {options}}}}}\n')

    observed = run_otelrun(["--profile", str(profile), contrib_python, "-c", program], python=contrib_python)

    assert (observed.stderr, observed.returncode) == (b"", 0)
    assert expected in observed.stdout


def test_an_option_that_a_framework_does_not_have_is_told(tmp_path, contrib_python):
    profile = tmp_path / "profile.yaml"
    profile.write_text(
        'file_format: "1.1"\ninstrumentation/development: {python: {flask: {exclude_urls: health, enable_commenter: true}}}\n'
    )

    observed = run_otelrun(["--profile", str(profile), contrib_python, "-c", "import flask"], python=contrib_python)

    told = b"otelrun: instrumentation flask has no option 'exclude_urls'; did you mean 'excluded_urls'?\n"
    assert (observed.stderr, observed.returncode) == (told, 0)
