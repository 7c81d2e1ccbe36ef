"""Shell completion of regimen names, reasons, outcomes and event kinds."""

from __future__ import annotations

from typing import Any

import click


class Words(click.ParamType[str]):
    """One of a fixed list of words, looked up only when it is needed: in `dosecore.events` under `where`, or the names of the calls."""

    def __init__(self, where: str, name: str) -> None:
        self.where = where
        self.name = name

    def _words(self) -> tuple[str, ...]:
        if self.where == "CALLS":
            from dosebell import call_words

            return call_words.NAMES
        from dosecore import events

        return tuple(word for word in getattr(events, self.where) if word and word != "elsewhere")

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return self.name.upper()

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self._words():
            self.fail(f"{value} is not one of {', '.join(self._words())}.", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in self._words() if word.startswith(incomplete)]


REASON = Words("REASONS", "reason")
OUTCOME = Words("OUTCOMES", "outcome")
KIND = Words("KINDS", "kind")
CALL = Words("CALLS", "call")


def regimen_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Names of regimens, and TOML files by the shell's own completion."""
    from click.shell_completion import CompletionItem

    from dosebell import regimens

    found: list[Any] = [CompletionItem(name) for name in regimens.names() if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


def changes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Fields of a regimen, for --set."""
    from click.shell_completion import CompletionItem

    from dosecore.regimen import KEYS

    return [CompletionItem(key + "=") for key in KEYS if key.startswith(incomplete)]
