"""The commands about webhooks; the gateway, where it runs, sees within seconds what they have changed."""

import argparse
import re
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence

from smsgw import rendering
from smsgw.commands.arguments import USAGE, Commands, add_command, add_config, add_group, whole
from smsgw.commands.opening import local_time, work_on_database
from smsgw.config import Config
from smsgw.errors import WebhookNotFound
from smsgw.gateway.ids import ObjectIds
from smsgw.gateway.webhooks import Webhooks
from smsgw.model import Answer, Delivery, DeliveryState, EventKind, Webhook, WebhookChange, WebhookWish
from smsgw.store.db import Database

_SOUGHT = "webhook: make one with smsgw webhook create NAME URL"
_HEADINGS = ("ID", "EVENT", "ABOUT", "HAPPENED", "STATE", "TRIES", "NEXT", "LAST ANSWER")
_SHOWN_ANSWER = 80


def add_webhook_commands(commands: Commands) -> None:
    """Put them on the command line."""
    actions = add_group(commands, "webhook", "make and manage webhooks, which are told of what happens")
    _add_making(actions)
    _add_telling(actions)
    listing = add_command(actions, "list", _list, "list the webhooks, never their secrets")
    add_config(listing)
    for name, command, help in (
        ("show", _show, "show all about a webhook but its secrets"),
        ("enable", _enable, "switch a webhook on"),
        ("disable", _disable, "switch a webhook off; it keeps what it has not been told yet"),
        ("delete", _delete, "delete a webhook with all that it was or was to be told"),
        ("rotate", _rotate, "give a webhook a new secret and print it, for the only time"),
    ):
        parser = add_command(actions, name, command, help)
        _add_name(parser)
        add_config(parser)


def _add_making(actions: Commands) -> None:
    create = add_command(actions, "create", _create, "make a webhook and print its secret, for the only time")
    create.add_argument("name", metavar="NAME")
    create.add_argument("url", metavar="URL", help="where it is: http://HOST/PATH or https://HOST/PATH")
    edit = add_command(actions, "edit", _edit, "change what is given of a webhook")
    _add_name(edit)
    edit.add_argument("--url", metavar="URL", help="where it is from now on")
    for parser, otherwise in ((create, "all"), (edit, "as before")):
        parser.add_argument(
            "--event",
            choices=[kind.value for kind in EventKind],
            action="append",
            metavar="E",
            help=f"what it is told of, of {', '.join(EventKind)}; repeatable (default: {otherwise})",
        )
        parser.add_argument(
            "--header",
            type=_header,
            action="append",
            metavar="'NAME: VALUE'",
            help="what each request carries besides; repeatable, and with edit these replace all there were",
        )
        add_config(parser)
    edit.add_argument("--no-headers", action="store_true", help="let requests carry nothing besides")


def _add_telling(actions: Commands) -> None:
    deliveries = add_command(
        actions, "deliveries", _deliveries, "list what a webhook was or is to be told, newest first"
    )
    _add_name(deliveries)
    deliveries.add_argument(
        "--state", choices=[state.value for state in DeliveryState], help="only what has come so far"
    )
    deliveries.add_argument("--limit", type=whole(1, 10_000), default=20, metavar="N", help="how many (default 20)")
    retry = add_command(actions, "retry", _retry, "let a delivery be tried at once, whatever became of it")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("id", type=_delivery_id, nargs="?", metavar="DELIVERY_ID", help="as deliveries shows it")
    which.add_argument("--parked", metavar="NAME", help="all that was given up for this webhook, by name or id")
    for parser in (deliveries, retry):
        add_config(parser)


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="its name, or its id")


# ── commands ──


def _create(options: argparse.Namespace) -> int:
    async def create(webhooks: Webhooks) -> None:
        wish = WebhookWish(
            name=options.name,
            url=options.url,
            events=_chosen(options.event) or frozenset(EventKind),
            headers=dict(options.header or ()),
        )
        webhook, secret = await webhooks.create(wish)
        print(secret)
        _hint(f"It is told of {_kinds(webhook)}; messages name it with callback_id {webhook.id}.")
        _hint("Keep the secret, which its requests are signed with: it is shown only now.")

    return _with_webhooks(options, create, makes_database=True)


def _edit(options: argparse.Namespace) -> int:
    change = WebhookChange(url=options.url, events=_chosen(options.event) or None, headers=_wanted_headers(options))
    if change == WebhookChange():
        _hint("smsgw: say what to change: --url, --event, --header or --no-headers")
        return USAGE
    return _change(options, change)


def _enable(options: argparse.Namespace) -> int:
    return _change(options, WebhookChange(is_active=True))


def _disable(options: argparse.Namespace) -> int:
    return _change(options, WebhookChange(is_active=False))


def _change(options: argparse.Namespace, change: WebhookChange) -> int:
    async def work(webhooks: Webhooks) -> None:
        await webhooks.change((await _named(webhooks, options.name)).id, change)

    return _with_webhooks(options, work)


def _delete(options: argparse.Namespace) -> int:
    async def delete(webhooks: Webhooks) -> None:
        await webhooks.delete((await _named(webhooks, options.name)).id)

    return _with_webhooks(options, delete)


def _rotate(options: argparse.Namespace) -> int:
    async def rotate(webhooks: Webhooks) -> None:
        id = (await _named(webhooks, options.name)).id
        print(await webhooks.rotate(id))
        _hint(f"Keep it: it is shown only now. {_overlap(await webhooks.get(id))}")

    return _with_webhooks(options, rotate)


def _list(options: argparse.Namespace) -> int:
    async def show(webhooks: Webhooks) -> None:
        listed = await webhooks.listed()
        for webhook in listed:
            print(_line(webhook, await webhooks.waiting(webhook)))
        if not listed:
            _hint("There are no webhooks yet; make one with: smsgw webhook create NAME URL")

    return _with_webhooks(options, show)


def _show(options: argparse.Namespace) -> int:
    async def show(webhooks: Webhooks) -> None:
        webhook = await _named(webhooks, options.name)
        print(_described(webhook, await webhooks.waiting(webhook)))

    return _with_webhooks(options, show)


def _deliveries(options: argparse.Namespace) -> int:
    async def show(webhooks: Webhooks) -> None:
        state = DeliveryState(options.state) if options.state else None
        webhook = await _named(webhooks, options.name)
        page = await webhooks.deliveries(webhook.id, state, options.limit, 1)
        if page.deliveries:
            print(_table([_HEADINGS, *map(_row, page.deliveries)]))
        if page.total > len(page.deliveries):
            _hint(f"These are {len(page.deliveries)} of {page.total}; --limit shows more.")
        elif not page.total:
            _hint("There are none.")

    return _with_webhooks(options, show)


def _retry(options: argparse.Namespace) -> int:
    async def retry(webhooks: Webhooks) -> None:
        if options.parked is None:
            await webhooks.retry(options.id)
            return
        again = await webhooks.retry_parked((await _named(webhooks, options.parked)).id)
        _hint(f"{again} that had been given up will be tried again.")

    return _with_webhooks(options, retry)


def _with_webhooks(
    options: argparse.Namespace, work: Callable[[Webhooks], Awaitable[None]], *, makes_database: bool = False
) -> int:
    async def with_database(database: Database, config: Config) -> None:
        ids = ObjectIds(secrets.token_bytes(5), secrets.randbelow(1 << 24))
        await work(Webhooks(database, config.webhooks, ids))

    return work_on_database(options, with_database, sought=None if makes_database else _SOUGHT)


async def _named(webhooks: Webhooks, name: str) -> Webhook:
    listed = await webhooks.listed()
    # A name may look like the id of another.
    found = [one for one in listed if one.name == name] or [one for one in listed if one.id == name.lower()]
    if not found:
        raise WebhookNotFound(id=name)
    return found[0]


# ── for people ──


def _hint(text: str) -> None:
    print(text, file=sys.stderr)


def _line(webhook: Webhook, waiting: int) -> str:
    return "\t".join((webhook.name, _state(webhook), _kinds(webhook), webhook.url, f"{waiting} waiting", webhook.id))


def _described(webhook: Webhook, waiting: int) -> str:
    facts = (
        ("id", webhook.id),
        ("name", webhook.name),
        ("url", webhook.url),
        ("events", _kinds(webhook)),
        *(("header", f"{name}: {rendering.HIDDEN}") for name in webhook.headers),
        ("state", _state(webhook) + (f": {_printable(webhook.error)}" if webhook.error else "")),
        ("waiting", str(waiting)),
        ("made", local_time(webhook.created_at)),
        *([("secret", _overlap(webhook))] if webhook.old_secret_until else []),
    )
    return "\n".join(f"{name}:".ljust(9) + value for name, value in facts)


def _state(webhook: Webhook) -> str:
    return "on" if webhook.is_active else "off"


def _kinds(webhook: Webhook) -> str:
    return ",".join(sorted(webhook.events))


def _overlap(webhook: Webhook) -> str:
    assert webhook.old_secret_until is not None
    return f"Requests are signed with the one before as well until {local_time(webhook.old_secret_until)}."


def _row(delivery: Delivery) -> tuple[str, ...]:
    return (
        delivery.id,
        delivery.event.kind,
        delivery.event.subject,
        local_time(delivery.event.at),
        delivery.state,
        str(delivery.attempts),
        "-" if delivery.due_at is None else local_time(delivery.due_at),
        _told(delivery.answer),
    )


def _told(answer: Answer | None) -> str:
    if answer is None:
        return "-"
    return _printable(answer.error or f"HTTP {answer.status}")[:_SHOWN_ANSWER]


def _printable(text: str) -> str:
    """Keep what a stranger's server says from commanding the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_padded(row, widths) for row in rows)


def _padded(cells: Iterable[str], widths: Iterable[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


# ── arguments ──


def _chosen(events: Sequence[str] | None) -> frozenset[EventKind]:
    return frozenset(map(EventKind, events or ()))


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 'NAME: VALUE'")
    return name.strip(), value.strip()


def _wanted_headers(options: argparse.Namespace) -> dict[str, str] | None:
    return {} if options.no_headers else dict(options.header) if options.header else None


def _delivery_id(text: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{24}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of a delivery, 24 hex digits")
    return text.lower()
