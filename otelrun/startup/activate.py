"""Start-up of the program's side, once per process: decide, read the handoff, place the hooks, be gone.

Called by the shim before any of the program's code, or by ``otelrun.configurator`` where another launcher came first.
"""

from __future__ import annotations

import os
import sys

from otelrun import stood_down
from otelrun.diagnostics import API, add_listener, guarded, set_run, tell
from otelrun.environment_variables import OTELRUN_HANDOFF
from otelrun.startup.stand_down import because_of_agent, reason_to_stand_down

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from otelrun.instrumentation.patching import Ledger
    from otelrun.profile.handoff import Handoff
    from otelrun.startup.last_words import LastWords
    from otelrun.startup.stand_down import Reason

_LATE_AGENTS = {"ddtrace.bootstrap": "ddtrace"}  # imported before the agent patches anything

_active = False
_ledgers: list[Ledger] = []


def activate() -> bool:
    """Start observing this process, if it is to be observed. Raises nothing; prints at most one line.

    Returns:
        Whether hooks are in place; where False, nothing of otelrun is needed any more.
    """
    text = os.environ.get(OTELRUN_HANDOFF)
    if not text:  # a stray PYTHONPATH: nobody launched this program
        return False
    reason = reason_to_stand_down(os.environ, sys.orig_argv, sys.modules, sys.path)
    if reason is not None:
        stand_down(reason, stood_down.run_directory(text))
        return reason.is_of_tool and _carry_through_tool(text)
    from otelrun.profile.handoff import read  # noqa: PLC0415 - not needed to stand down

    try:
        handoff = read(text)
    except ValueError as error:
        tell("handoff", f"not observed: {error}")
        return False
    _receive_context(handoff)
    begin(handoff)
    _carry(text, handoff, goes_round=True)
    return _active


def _carry(text: str, handoff: Handoff, *, goes_round: bool) -> None:
    """See to it that what this process starts is observed."""
    with guarded("children"):
        from otelrun.startup import children, hooks  # noqa: PLC0415 - not needed to stand down

        children.carry(text, handoff.children, goes_round=goes_round)
        hooks.register(children.TARGET, children.patch_fork_exec)


def _receive_context(handoff: Handoff) -> None:
    with guarded("start context"):
        from otelrun.startup import handed_context  # noqa: PLC0415 - not needed to stand down

        handed_context.receive(handoff.packed_profile.get("propagators", ()), handoff.start_context)


def _promise_summary(handoff: Handoff) -> None:
    """Have the run's first process, and no other, print what is to be said of the run at its end."""
    if not handoff.summary or handoff.summary[1] != os.getpid():
        return
    with guarded("summary"):
        from otelrun.lifecycle import exit as at_end  # noqa: PLC0415 - only where a summary is wanted
        from otelrun.startup.last_words import LastWords, is_main_interpreter  # noqa: PLC0415

        mode, _, is_anywhere = handoff.summary
        if is_main_interpreter():
            words = LastWords(handoff.run_directory, mode, is_anywhere=is_anywhere)
            at_end.at_the_very_end(lambda: _end_with(words, handoff))


def _end_with(words: LastWords, handoff: Handoff) -> None:
    """Have the summary tell of the exception that ended a program which recorded nothing else; then the words."""
    with guarded("exit"):
        from otelrun.lifecycle import exit as at_end  # noqa: PLC0415 - loaded by now

        if _active and getattr(sys, "last_value", None) is not None and not at_end.is_anything_at_exit():
            from otelrun.instrumentation import failures, registry  # noqa: PLC0415 - for those who die

            if handoff.is_enabled(registry.entry_point_name(failures.NAME)):
                failures.record_the_last()
    words.say()


def _carry_through_tool(text: str) -> bool:
    """Have a tool hand on what it has been handed, also to a child whose environment it makes up: tox does.

    An interpreter that it starts with ``-I`` and the like is asked about itself, or builds a package, and is let be.
    """
    with guarded("children"):
        from otelrun.profile.handoff import read  # noqa: PLC0415 - not needed to stand down
        from otelrun.startup import hooks  # noqa: PLC0415

        handoff = read(text)
        hooks.install()
        _promise_summary(handoff)
        _receive_context(handoff)
        _carry(text, handoff, goes_round=False)
        return True
    return False


def stand_down(reason: Reason, directory: bytes) -> None:
    """Write down that this process is left alone, and say it in one line, if that is to be said and no process of the run has.

    Args:
        reason: why.
        directory: of the run; empty where there is none.
    """
    is_first = not reason.slug or stood_down.record(directory, reason.slug, reason.text)
    if is_first and reason.is_told:
        tell("stand-down", reason.text)


def begin(handoff: Handoff) -> None:
    """Place the hooks that this handoff asks for."""
    global _active
    if _active:
        return
    set_run(os.fsencode(handoff.run_directory))
    _promise_summary(handoff)
    with guarded("start-up"):
        from otelrun.instrumentation import lazy, registry  # noqa: PLC0415 - not needed to stand down
        from otelrun.lifecycle import native  # noqa: F401, PLC0415 - now, while what it keeps is the interpreter's own
        from otelrun.pipeline import providers  # noqa: PLC0415
        from otelrun.startup import hooks  # noqa: PLC0415

        _active = True
        add_listener(_leave_without_api)
        hooks.install()
        if any(directory not in sys.path for directory in handoff.overlay):
            from otelrun.startup import overlay  # noqa: PLC0415 - only in an environment that is not the launcher's

            overlay.install(handoff.overlay)
        providers.prepare(handoff, sys.modules)
        install = _Install(providers.install)
        for name in (*providers.HOOKED, *providers.FOLLOWED):
            hooks.register(name, install)
        hooks.register(registry.UPSTREAM_BASE, _watch_program)
        for trigger, instrumentations in registry.OWN.items():
            hooks.register(trigger, _Apply(handoff, instrumentations))
        for module, methods in handoff.methods().items():
            if module == _main_module():
                text = "is what the program begins with: its functions cannot be found before they run; name a module it imports"
                tell(f"methods:{module}", f"methods: {module} {text}")
            hooks.register(module, _ApplyMethods(methods))
        for trigger in _LATE_AGENTS:
            hooks.register(trigger, lambda module: _leave_to_agent(handoff, module))
        hooks.discover_with(lambda _: lazy.discover(handoff, hooks.register), lazy.STDLIB_TRIGGERS)
        hooks.remember_own_modules()


def leave(why: str) -> None:
    """Take otelrun's patches and hooks out of a process that it has been observing.

    Args:
        why: one line, for those who ask what is instrumented.
    """
    global _active
    from otelrun.instrumentation.in_place import in_place  # noqa: PLC0415 - only for this
    from otelrun.startup import hooks  # noqa: PLC0415 - loaded by now

    _active = False
    in_place.leave("", why)
    hooks.uninstall()
    while _ledgers:
        _ledgers.pop().undo()


def _leave_without_api(slug: str, text: str) -> None:
    if slug == API:
        leave(text)


def _leave_to_agent(handoff: Handoff, module: str) -> None:
    reason = because_of_agent(_LATE_AGENTS[module])
    stand_down(reason, os.fsencode(handoff.run_directory))
    leave(reason.text)


def is_active() -> bool:
    """Say whether this process is observed by otelrun's hooks."""
    return _active


class _Install:
    """The hook that puts otelrun's providers behind OpenTelemetry's API, one module of the API after the other.

    Installing one imports others, and these must wait: what would install them is half imported at that moment.
    """

    def __init__(self, install: Callable[[str], None]) -> None:
        self._install = install
        self._waiting: list[str] = []
        self._is_installing = False

    def __call__(self, api_module: str) -> None:
        self._waiting.append(api_module)
        if self._is_installing:
            return
        self._is_installing = True
        try:
            while self._waiting:
                self._install(self._waiting.pop(0))
        finally:
            self._is_installing = False


class _Apply:
    """The hook that puts otelrun's own instrumentations of one module in place."""

    def __init__(self, handoff: Handoff, instrumentations: tuple[str, ...]) -> None:
        self._handoff = handoff
        self._instrumentations = instrumentations

    def __call__(self, module: str) -> None:
        from otelrun.instrumentation import in_place, registry  # noqa: PLC0415 - not needed to stand down
        from otelrun.instrumentation.patching import Ledger  # noqa: PLC0415
        from otelrun.instrumentation.precedence import precedence  # noqa: PLC0415
        from otelrun.lifecycle import fork  # noqa: PLC0415

        is_shadowed = _is_shadowed(module)
        fork.wait_for_imports()
        for short_name in self._instrumentations:
            name = registry.entry_point_name(short_name)
            if is_shadowed or precedence.has_given_way(name):
                text = (
                    f"the program has a module of its own named {module}" if is_shadowed else precedence.text_of(name)
                )
                in_place.in_place.put(module, name, in_place.LEFT, in_place.OWN, text)
                continue
            if not self._handoff.is_enabled(name):
                in_place.in_place.put(module, name, in_place.OFF, in_place.OWN)
                continue
            with in_place.in_place.applying(module, name, in_place.OWN) as applied, guarded(f"instrumentation {name}"):
                module_name = f"otelrun.instrumentation.{short_name}"
                __import__(module_name)  # importlib is not loaded in the bare interpreter
                instrumentation = sys.modules[module_name]
                _ledgers.append(Ledger())
                instrumentation.apply(_ledgers[-1], self._handoff.options(name))
                precedence.keep(name, _ledgers[-1])
                applied.state = in_place.HOOKED if _ledgers[-1].is_applied or not applied.text else in_place.FAILED


def _main_module() -> str:
    """Give the name that the program's script, or what stands after ``-m``, would have as a module."""
    script = sys.argv[0] if sys.argv else ""
    words = sys.orig_argv
    if script == "-m":
        return words[words.index("-m") + 1] if "-m" in words[:-1] else ""
    return os.path.basename(script).removesuffix(".py")


class _ApplyMethods:
    """The hook that makes calls of the functions of one module, which the profile names, spans."""

    def __init__(self, methods: list[tuple[str, tuple[str, ...]]]) -> None:
        self._methods = methods

    def __call__(self, module: str) -> None:
        from otelrun.instrumentation import in_place, methods  # noqa: PLC0415 - not needed to stand down
        from otelrun.instrumentation.patching import Ledger  # noqa: PLC0415

        _ledgers.append(Ledger())
        with in_place.in_place.applying(module, methods.NAME, in_place.OWN) as applied:
            methods.apply(_ledgers[-1], module, self._methods)
            applied.state = in_place.HOOKED if _ledgers[-1].is_applied else in_place.FAILED


def _watch_program(_: str) -> None:
    """Have what otelrun instruments give way to the program's own calls of upstream's instrumentors."""
    from otelrun.instrumentation import precedence  # noqa: PLC0415 - only where upstream's are loaded
    from otelrun.pipeline import providers  # noqa: PLC0415

    precedence.precedence.note = providers.note
    precedence.watch()


def _is_shadowed(module: str) -> bool:
    """Say whether a module with a name of the standard library is the program's own: a ``logging.py`` beside its script."""
    if module.partition(".")[0] not in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    library = os.path.dirname(os.__file__)
    return file is not None and not os.path.abspath(file).startswith(os.path.join(library, ""))
