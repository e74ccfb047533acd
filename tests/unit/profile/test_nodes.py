"""YAML with places: duplicates, merges, aliases, depth, tags, and one line for text that is not YAML."""

from __future__ import annotations

import pytest
import yaml

from otelrun.errors import ProfileError
from otelrun.profile import nodes
from otelrun.profile.checker import plain
from otelrun.profile.nodes import Budget, compose
from otelrun.profile.problems import Problems


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def loader(request, monkeypatch):
    if request.param == "python":
        monkeypatch.setattr(nodes, "LOADER", yaml.SafeLoader)
    elif not hasattr(yaml, "CSafeLoader"):
        pytest.skip("PyYAML without libyaml")


def read(text, environment=None):
    problems = Problems()
    try:
        node = compose(text, "p.yaml", environment or {}, problems, Budget())
    except ProfileError as error:
        problems.include(error)
    else:
        problems.raise_errors()
        return node
    raise problems.as_error()


def problems_of(text):
    with pytest.raises(ProfileError) as caught:
        read(text)
    return caught.value.problems


def test_nodes_know_their_places():
    node = read("a:\n  b: [1, two]\n")
    inner = node.get("a").get("b")
    assert (str(node.entries["a"].position), str(inner.position)) == ("p.yaml:1:1", "p.yaml:2:6")
    assert [str(item.position) for item in inner.items] == ["p.yaml:2:7", "p.yaml:2:10"]


def test_a_merge_key_fills_what_is_not_there():
    assert plain(read("base: &b {x: 1, y: 2}\nnew:\n  <<: *b\n  y: 3\n"))["new"] == {"y": 3, "x": 1}


def test_of_several_merged_mappings_the_first_counts():
    assert plain(read("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nnew: {<<: [*a, *b]}\n"))["new"] == {"x": 1, "y": 2}


def test_a_quoted_merge_key_is_a_key():
    assert plain(read('"<<": 1\n')) == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2\n", "p.yaml:2:1: the key 'a' is here twice, first in line 1; keep one"),
        ("", 'p.yaml:1:1: the file is empty; write at least file_format: "1.1"'),
        ("# nothing\n", 'p.yaml:1:1: the file is empty; write at least file_format: "1.1"'),
        ("a: 1\n---\nb: 2\n", "p.yaml:2:1: a second document begins; a profile is one document, without '---' inside"),
        ("a:\n\tb: 1\n", "p.yaml:2:1: a tab; YAML is indented with spaces"),
        (
            "a: b: c\n",
            "p.yaml:1:5: not YAML: a ': ' that cannot stand here; look at the indentation, or quote the text",
        ),
        ("a: [${X}]\n", 'p.yaml:1:6: not YAML; inside [ ] and { } a reference is quoted: "${NAME}"'),
        ("a: &x\n  b: *x\n", "p.yaml:2:6: the alias '*x' stands inside what it names; write it out once"),
        ("a: *x\n", "p.yaml:1:4: the alias '*x' has no anchor before it; write & instead of * where it is defined"),
        ("<<: 1\n", "p.yaml:1:1: '<<' merges mappings only; write <<: *name of a mapping's anchor"),
        ("[a]: 1\n", "p.yaml:1:1: this key is no name; a key is one plain word before ': '"),
        ("'': 1\n", "p.yaml:1:1: this key is no name; a key is one plain word before ': '"),
        (
            "a: !env X\n",
            "p.yaml:1:4: the tag '!env' is not for profiles; write the plain value, and ${NAME} for a variable",
        ),
        ("a: !!int x\n", "p.yaml:1:4: 'x' is not of the kind its tag '!!int' says"),
        ("a: !!set {x}\n", "p.yaml:1:4: the tag 'tag:yaml.org,2002:set' is not for profiles; leave it out"),
        (
            "a: ${1X}\n",
            "p.yaml:1:4: '${1X}' is not a reference; write ${NAME} or ${NAME:-default}, and $$ for a $ itself",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_place(text, problem):
    assert problems_of(text) == (problem,)


def test_python_tags_run_nothing():
    [problem] = problems_of('a: !!python/object/apply:os.system ["true"]\n')
    assert problem.startswith("p.yaml:1:4: the tag ")


def test_mistakes_before_unreadable_text_are_told_too():
    assert len(problems_of("a: 1\na: 2\nb: [\n")) == 2


def test_text_nested_too_deeply_is_refused():
    [problem] = problems_of("a: " + "[" * 5_000)
    assert problem == "p.yaml:1:67: nested deeper than 64 levels; nothing in a profile is that deep"


def test_nesting_through_aliases_is_refused():
    chain = ["a0: &a0 [" + "[" * 30 + "]" * 30 + "]"] + [
        f"a{n}: &a{n} [{'[' * 30}*a{n - 1}{']' * 30}]" for n in (1, 2, 3)
    ]
    [problem] = problems_of("\n".join(chain) + "\n")
    assert problem.endswith("nested deeper than 64 levels, aliases written out")


def test_an_alias_bomb_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    [problem] = problems_of("\n".join(lines) + "\n")
    assert problem.endswith("more than 100,000 values, aliases written out; write fewer or smaller aliases")


def test_a_shell_reference_gets_a_warning():
    problems = Problems()
    compose("a: $HOME\n", "p.yaml", {}, problems, Budget())
    text = "p.yaml:1:4: a '$' before a name is plain text; write ${NAME} for a variable, and $$ for a '$' itself"
    assert problems.warnings == (text,)


def test_names_of_files_and_keys_stay_on_one_line():
    problems = Problems()
    compose('"a\\nb": 1\n"a\\nb": 2\n', "p\n.yaml", {}, problems, Budget())
    assert problems.as_error().problems == ("p\\n.yaml:2:1: the key 'a\\nb' is here twice, first in line 1; keep one",)
