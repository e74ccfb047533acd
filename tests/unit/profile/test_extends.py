"""Several files become one, and a message still names the file and line a value came from."""

from __future__ import annotations

import pytest

from otelrun.errors import ProfileError
from otelrun.profile.loading import load_profile
from otelrun.profile.model import Sampler

FORMAT = 'file_format: "1.1"\n'
BASE = (
    FORMAT
    + """resource:
  attributes:
    - {name: service.name, value: base}
    - {name: team, value: a}
propagator:
  composite: [{tracecontext: }, {baggage: }]
tracer_provider:
  sampler: {parent_based: {root: {always_on: }}}
  processors:
    - simple: {exporter: {otlp_http: {headers: [{name: a, value: b}], timeout: 5}}}
meter_provider:
  readers: [{periodic: {exporter: {console: }}}]
distribution:
  otelrun: {store: {enabled: false}}
"""
)


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def load_files(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        return load_profile("./top.yaml", {})

    return load_files


def extending(names, rest="", more=""):
    return f"{FORMAT}{rest}distribution:\n  otelrun:\n    extends: {names}\n{more}"


def problems_of(load, files):
    with pytest.raises(ProfileError) as caught:
        load(files)
    return caught.value.problems


def test_maps_merge_and_named_lists_merge_by_name(load):
    text = """resource:
  attributes:
    - {name: service.name, value: top}
    - {name: new, value: n}
propagator:
  composite: [{b3: }]
tracer_provider:
  limits: {event_count_limit: 1}
"""
    profile = load({"base.yaml": BASE, "top.yaml": extending("[./base.yaml]", text)}).profile
    assert profile.resource.attributes == (("service.name", "top"), ("team", "a"), ("new", "n"))
    assert profile.propagators == ("tracecontext", "baggage", "b3")
    assert profile.tracer_provider.limits.event_count_limit == 1
    assert profile.tracer_provider.processors[0].exporter.headers == (("a", "b"),)
    assert profile.otelrun.store.enabled is False


def test_other_lists_are_replaced(load):
    text = "tracer_provider:\n  processors: [{simple: {exporter: {console: }}}]\n"
    profile = load({"base.yaml": BASE, "top.yaml": extending("[./base.yaml]", text)}).profile
    assert [entry.exporter.kind for entry in profile.tracer_provider.processors] == ["console"]


@pytest.mark.parametrize(
    ("sampler", "expected"),
    [
        ("{always_off: }", Sampler("always_off")),
        (
            "{parent_based: {local_parent_sampled: {always_off: }}}",
            Sampler("parent_based", root=Sampler("always_on"), local_parent_sampled=Sampler("always_off")),
        ),
        (
            "{parent_based: {root: {trace_id_ratio_based: {ratio: 0.5}}}}",
            Sampler("parent_based", root=Sampler("trace_id_ratio_based", ratio=0.5)),
        ),
        ("{parent_based: }", Sampler("parent_based")),
    ],
)
def test_a_chosen_component_is_replaced_whole_where_another_is_chosen(load, sampler, expected):
    text = f"tracer_provider: {{sampler: {sampler}}}\n"
    profile = load({"base.yaml": BASE, "top.yaml": extending("[./base.yaml]", text)}).profile
    assert profile.tracer_provider.sampler == expected


def test_later_files_stand_above_earlier_ones_and_the_file_itself_above_all(load):
    files = {
        "a.yaml": FORMAT + "log_level: debug\ndisabled: true\nattribute_limits: {attribute_count_limit: 1}\n",
        "b.yaml": FORMAT + "log_level: warn\ndisabled: false\n",
        "top.yaml": extending("[./a.yaml, ./b.yaml]", "log_level: error\n"),
    }
    profile = load(files).profile
    assert (profile.log_level, profile.disabled) == ("error", False)


def test_paths_are_relative_to_the_file_and_names_are_shipped_profiles(load):
    files = {
        "top.yaml": extending("sub/middle.yaml"),
        "sub/middle.yaml": extending("[../base.yaml, off]"),
        "base.yaml": BASE,
    }
    profile = load(files).profile
    assert (profile.disabled, profile.resource.attributes[0]) == (True, ("service.name", "base"))


def test_remove_takes_out_what_was_inherited(load):
    pointers = (
        "[/meter_provider, /resource/attributes/team, /propagator/composite/0, /tracer_provider/processors/0/simple"
    )
    more = f"    remove: {pointers}/exporter/otlp_http/timeout]\n"
    profile = load({"base.yaml": BASE, "top.yaml": extending("[./base.yaml]", more=more)}).profile
    assert profile.meter_provider is None
    assert profile.resource.attributes == (("service.name", "base"),)
    assert profile.propagators == ("baggage",)
    assert profile.tracer_provider.processors[0].exporter.timeout_ms == 10_000


def test_remove_and_extends_are_not_inherited(load):
    files = {
        "base.yaml": BASE,
        "middle.yaml": extending("[./base.yaml]", more="    remove: [/meter_provider]\n"),
        "top.yaml": extending("[./middle.yaml]"),
    }
    assert load(files).profile.meter_provider is None


def test_a_message_names_the_file_a_value_came_from(load):
    files = {
        "sub/base.yaml": FORMAT + "tracer_provider:\n  processors: [{simple: {exporter: {otlphttp: }}}]\n",
        "top.yaml": extending("[sub/base.yaml]", "log_level: loud\n"),
    }
    path = "tracer_provider.processors[0].simple.exporter.otlphttp"
    [first, second] = problems_of(load, files)
    assert first == f"sub/base.yaml:3:37 {path}: unknown component; did you mean 'otlp_http'?"
    assert second.startswith("top.yaml:2:12 log_level: 'loud' is not known here; write ")


def test_each_file_needs_its_file_format(load):
    files = {"base.yaml": "disabled: true\n", "top.yaml": extending("[./base.yaml]")}
    assert problems_of(load, files) == ("base.yaml:1:1: 'file_format' is missing; write file_format: \"1.1\"",)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "extends: [defalt]",
            (
                "4:15 distribution.otelrun.extends[0]: no profile is named 'defalt'; did you mean 'default'? "
                "(shipped: default, dev, off, prod)"
            ),
        ),
        ("extends: ./missing.yaml", "4:14 distribution.otelrun.extends: missing.yaml: no such file"),
        ("extends: [1]", "4:15 distribution.otelrun.extends[0]: is not text; write a list of texts"),
        ("extends: {a: b}", "4:14 distribution.otelrun.extends: is not text; write a list of texts"),
        (
            "remove: [/meter_provider]",
            "4:14 distribution.otelrun.remove[0]: '/meter_provider' is not in what this profile extends; leave it out",
        ),
        (
            "remove: [meter_provider]",
            (
                "4:14 distribution.otelrun.remove[0]: 'meter_provider' is not a JSON pointer; "
                "write e.g. /tracer_provider/limits"
            ),
        ),
    ],
)
def test_a_mistake_in_our_own_keys_is_one_line(load, line, problem):
    files = {"top.yaml": f"{FORMAT}distribution:\n  otelrun:\n    {line}\n"}
    assert problems_of(load, files) == (f"top.yaml:{problem}",)


def test_the_value_of_a_variable_stays_out_of_a_file_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "top.yaml").write_text(extending("['${X}']"))
    with pytest.raises(ProfileError) as caught:
        load_profile("./top.yaml", {"X": "s3cret.yaml"})
    text = "top.yaml:4:15 distribution.otelrun.extends[0]: no profile answers to '${X}'"
    assert caught.value.problems == (text,)


def test_files_that_extend_each_other_are_refused(load):
    files = {"a.yaml": extending("[./top.yaml]"), "top.yaml": extending("[./a.yaml]")}
    text = "the files extend each other (top.yaml → a.yaml → top.yaml); leave one out"
    assert problems_of(load, files) == (f"a.yaml:4:15 distribution.otelrun.extends[0]: {text}",)


def test_more_than_eight_files_deep_is_refused(load):
    files = {f"f{n}.yaml": extending(f"[./f{n + 1}.yaml]") for n in range(9)}
    files |= {"f9.yaml": FORMAT, "top.yaml": extending("[./f0.yaml]")}
    text = "more than 8 files extend each other; leave some out"
    assert problems_of(load, files) == (f"f6.yaml:4:15 distribution.otelrun.extends[0]: {text}",)


def test_the_same_file_may_be_extended_twice(load):
    files = {"base.yaml": BASE, "a.yaml": extending("[./base.yaml]"), "top.yaml": extending("[./a.yaml, ./base.yaml]")}
    assert load(files).profile.resource.attributes == (("service.name", "base"), ("team", "a"))


def test_an_unreadable_file_is_told_with_the_mistakes_before_it(load):
    files = {"base.yaml": "a: [\n", "top.yaml": "a: 1\na: 2\n" + extending("[./base.yaml]")}
    problems = problems_of(load, files)
    assert [problem.partition(":")[0] for problem in problems] == ["top.yaml", "base.yaml"]
