"""What `--break` and `--break-rules` ask for: rules, and whether they may be used on a registry."""

from __future__ import annotations

from pathlib import Path

from regshape.cli.oci.shared import Options
from regshape.errors import UsageError
from regshape.mutators.rules import BUILT_IN, BreakRule, built_in
from regshape.protocols.oci.operations import OPERATIONS
from regshape.settings import is_local

FILE_ENDINGS = (".yaml", ".yml", ".json")


def chosen_rules(options: Options) -> tuple[BreakRule, ...]:
    """Return the rules, in the order of the line and of its files; none without `--break`.

    Raises:
        UsageError: `--break` without rules, rules without `--break`, or no such rule.
        CaseError: a file of rules cannot be read.
    """
    named = options.break_rules or []
    if named and not options.break_mode:
        raise UsageError("--break-rules is nothing without --break, which says that you mean it")
    if options.break_mode and not named:
        raise UsageError(f"--break needs --break-rules: a file, or built-in rules: {_listed()}")
    return tuple(rule for text in named for rule in _rules(text))


def _listed() -> str:
    return ", ".join(rule.example for rule in BUILT_IN.values())


def _rules(text: str) -> tuple[BreakRule, ...]:
    path = Path(text)
    name, equals, value = text.partition("=")
    if name in BUILT_IN:
        return (built_in(name, value if equals else None),)
    if path.exists() or path.suffix in FILE_ENDINGS or len(path.parts) > 1:
        from regshape.mutators.rule_files import read_rules

        return read_rules(path, tuple(OPERATIONS))
    raise UsageError(
        f"--break-rules {text}: there is neither such a file nor such a built-in rule: {_listed()}"
    )


def check_consent(options: Options, url: str) -> None:
    """Check that a registry may be sent broken requests.

    Raises:
        UsageError: it is not this machine, and `--authorized` is not given.
    """
    if not options.break_mode or options.authorized or is_local(url):
        return
    raise UsageError(
        f"{url} is not this machine, and --break sends what attackers send: "
        "add --authorized if its owner agrees"
    )
